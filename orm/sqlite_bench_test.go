package orm_test

import (
	"context"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// products is a table as the list of a shop reads it.
const products = `
CREATE TABLE category (id integer PRIMARY KEY, name varchar(100) NOT NULL);
CREATE TABLE product (id integer PRIMARY KEY, name varchar(200) NOT NULL, slug varchar(200) NOT NULL, price decimal NOT NULL,
	stock integer NOT NULL, active bool NOT NULL, created_at datetime NOT NULL, description text NOT NULL, category_id bigint NOT NULL);
CREATE INDEX product_price ON product (category_id, price DESC);
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20) INSERT INTO category SELECT x, 'Category ' || x FROM n;
WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000)
	INSERT INTO product SELECT x, 'Product ' || x, 'product-' || x, printf('%.2f', x * 1.25), x % 100, 1, '2026-01-02 03:04:05.123456',
		'The description of product ' || x || ', which is a little longer', x % 20 + 1 FROM n`

// sqliteQueries are a page of 25 rows and a row by its key.
var sqliteQueries = map[string]string{
	"list": `SELECT p.id, p.name, p.slug, p.price, p.stock, p.active, p.created_at, p.description, c.id, c.name
		FROM product p JOIN category c ON c.id = p.category_id WHERE p.category_id = ? ORDER BY p.price DESC, p.id LIMIT 25`,
	"point": `SELECT p.id, p.name, p.slug, p.price, p.stock, p.active, p.created_at, p.description FROM product p WHERE p.id = ?`,
}

// BenchmarkSQLite reads through database/sql with a context that can end, as that of a request.
func BenchmarkSQLite(b *testing.B) {
	db := ormtest.Open(b, ormtest.SQLite(b))
	mustExec(b, db.SQL, products)
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	for name, query := range sqliteQueries {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				readAll(ctx, b, db, query, i%20+1)
			}
		})
		b.Run(name+"/batch", func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				readBatch(ctx, b, db, query, i%20+1)
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			b.SetParallelism(8)
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					readAll(ctx, b, db, query, i%20+1)
				}
			})
		})
	}
}

func readAll(ctx context.Context, b *testing.B, db *orm.DB, query string, args ...any) {
	rows, err := db.SQL.QueryContext(ctx, query, args...)
	if err != nil {
		b.Error(err)
		return
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		b.Error(err)
	}
	values := make([]any, len(columns))
	for i := range values {
		values[i] = new(any)
	}
	for rows.Next() {
		if err := rows.Scan(values...); err != nil {
			b.Error(err)
		}
	}
	if err := rows.Err(); err != nil {
		b.Error(err)
	}
}

// readBatch reads as the views do.
func readBatch(ctx context.Context, b *testing.B, db *orm.DB, query string, args ...any) {
	var batch orm.Batch
	batch.Query(query, args, func(rows *orm.Rows) error {
		var values []any
		for range strings.Count(query[:strings.Index(query, "FROM")], ",") + 1 {
			values = append(values, new(any))
		}
		for rows.Next() {
			if err := rows.Scan(values...); err != nil {
				return err
			}
		}
		return nil
	})
	if err := batch.Send(ctx, db.Gorm); err != nil {
		b.Error(err)
	}
}

// BenchmarkSQLiteWrite inserts rows one by one, from many goroutines at once.
func BenchmarkSQLiteWrite(b *testing.B) {
	db := ormtest.Open(b, ormtest.SQLite(b))
	mustExec(b, db.SQL, "CREATE TABLE t (n INTEGER PRIMARY KEY, name text)")
	b.SetParallelism(8)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := db.SQL.ExecContext(b.Context(), "INSERT INTO t (name) VALUES (?)", "a name"); err != nil {
				b.Error(err)
			}
		}
	})
}
