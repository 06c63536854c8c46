package orm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

func TestCountStatements(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		run := map[string]func(ctx context.Context) error{
			"gorm": func(ctx context.Context) error { return db.Gorm.WithContext(ctx).Find(&[]Shelf{}).Error },
			"exec": func(ctx context.Context) error {
				_, err := db.SQL.ExecContext(ctx, "DELETE FROM library_shelf")
				return err
			},
			"prepared": func(ctx context.Context) error {
				stmt, err := db.SQL.PrepareContext(ctx, "SELECT 1")
				if err != nil {
					return err
				}
				defer stmt.Close()
				return stmt.QueryRowContext(ctx).Scan(new(int))
			},
		}
		if db.Pool != nil {
			run["pool"] = func(ctx context.Context) error { return db.Pool.QueryRow(ctx, "SELECT 1").Scan(new(int)) }
			run["batch"] = func(ctx context.Context) error {
				b := &pgx.Batch{}
				b.Queue("SELECT 1")
				return db.Pool.SendBatch(ctx, b).Close()
			}
			run["copy"] = func(ctx context.Context) error {
				_, err := db.Pool.CopyFrom(ctx, pgx.Identifier{"library_subject"}, []string{"name"}, pgx.CopyFromRows(nil))
				return err
			}
		}
		for name, run := range run {
			ctx, n := orm.CountStatements(t.Context())
			if err := run(ctx); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			want := int64(1)
			if name == "copy" { // pgx asks for the columns' types before
				want = 2
			}
			if n.Load() < 1 || n.Load() > want || n.Transactions() != 0 {
				t.Errorf("%s: %d statements, %d of transactions: %q", name, n.Load(), n.Transactions(), n.Texts())
			}
		}
	})
}

func TestCountStatementsOfTransactions(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx, n := orm.CountStatements(t.Context())
		err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
			must(t, tx.Exec("DELETE FROM library_shelf").Error)
			return orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return tx.Exec("DELETE FROM library_shelf").Error })
		})
		if err != nil {
			t.Fatal(err)
		}
		if n.Load() != 2 || n.Transactions() != 4 { // BEGIN, SAVEPOINT, RELEASE, COMMIT
			t.Errorf("%d statements, %d of transactions: %q", n.Load(), n.Transactions(), n.Texts())
		}
		if texts := n.Texts(); len(texts) != 2 || !strings.HasPrefix(texts[0], "DELETE") {
			t.Errorf("the texts are %q", texts)
		}
	})
}

func TestCountersNest(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		outerCtx, outer := orm.CountStatements(t.Context())
		innerCtx, inner := orm.CountStatements(outerCtx)
		for _, ctx := range []context.Context{innerCtx, outerCtx, t.Context()} {
			if err := db.Gorm.WithContext(ctx).Exec("SELECT 1").Error; err != nil {
				t.Fatal(err)
			}
		}
		if outer.Load() != 2 || inner.Load() != 1 {
			t.Errorf("outer %d, inner %d", outer.Load(), inner.Load())
		}
	})
}
