package orm_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// violations provoke each kind of constraint; the expectations are by dialect.
var violations = []struct {
	name   string
	do     string
	sqlite orm.ConstraintError
	pg     orm.ConstraintError
}{
	{
		name: "unique column", do: "INSERT INTO library_shelf (name) VALUES ('a')",
		sqlite: orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_shelf", Columns: []string{"name"}},
		pg:     orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_shelf", Columns: []string{"name"}, Constraint: "library_shelf_name_key"},
	},
	{
		name: "primary key", do: "INSERT INTO library_shelf (id, name) VALUES (1, 'b')",
		sqlite: orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_shelf", Columns: []string{"id"}},
		pg:     orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_shelf", Columns: []string{"id"}, Constraint: "library_shelf_pkey"},
	},
	{
		name: "unique together", do: "UPDATE library_book SET title = 'same'",
		sqlite: orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_book", Columns: []string{"title", "shelf_id"}},
		pg:     orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_book", Columns: []string{"title", "shelf_id"}, Constraint: "title_shelf_uniq"},
	},
	{
		name: "unique index of an expression", do: "INSERT INTO library_subject (name) VALUES ('X')",
		sqlite: orm.ConstraintError{Kind: orm.UniqueViolation, Constraint: "subject_lower"},
		pg:     orm.ConstraintError{Kind: orm.UniqueViolation, Table: "library_subject", Columns: []string{"lower(name::text)"}, Constraint: "subject_lower"},
	},
	{
		name: "check", do: "UPDATE library_book SET pages = -1",
		sqlite: orm.ConstraintError{Kind: orm.CheckViolation, Constraint: "pages_check"},
		pg:     orm.ConstraintError{Kind: orm.CheckViolation, Table: "library_book", Constraint: "pages_check"},
	},
	{
		name: "not null", do: "UPDATE library_book SET title = NULL",
		sqlite: orm.ConstraintError{Kind: orm.NotNullViolation, Table: "library_book", Columns: []string{"title"}},
		pg:     orm.ConstraintError{Kind: orm.NotNullViolation, Table: "library_book", Columns: []string{"title"}},
	},
	{
		name: "foreign key", do: "UPDATE library_book SET shelf_id = 77 WHERE isbn = '1'",
		sqlite: orm.ConstraintError{Kind: orm.ForeignKeyViolation},
		pg:     orm.ConstraintError{Kind: orm.ForeignKeyViolation, Table: "library_book", Columns: []string{"shelf_id"}, Constraint: "book_shelf_fk"},
	},
}

func TestConstraintErrors(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "a"}, newBook(t, "1", 1), newBook(t, "2", 1), &Subject{Name: "x"})
		if _, err := db.SQL.Exec("CREATE UNIQUE INDEX subject_lower ON library_subject (lower(name))"); err != nil {
			t.Fatal(err)
		}
		for _, c := range violations {
			want := &c.sqlite
			if db.Dialect() == orm.Postgres {
				want = &c.pg
			}
			_, alone := db.SQL.Exec(c.do)
			together := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error { return tx.Exec(c.do).Error })
			for how, err := range map[string]error{"alone": orm.Translate(alone), "in Atomic": together} {
				var got *orm.ConstraintError
				if !errors.As(err, &got) {
					t.Errorf("%s, %s: %v", c.name, how, err)
					continue
				}
				if got.Err == nil {
					t.Errorf("%s, %s: the driver's error is lost", c.name, how)
				}
				shown := *got
				shown.Err = nil
				if diff := cmp.Diff(want, &shown); diff != "" {
					t.Errorf("%s, %s (-want +got)\n%s", c.name, how, diff)
				}
			}
		}
	})
}

func TestConstraintErrorText(t *testing.T) {
	e := &orm.ConstraintError{Kind: orm.UniqueViolation, Table: "t", Columns: []string{"a", "b"}, Constraint: "t_uniq", Err: io.EOF}
	if got := e.Error(); got != "unique constraint violated: t (a, b) t_uniq" {
		t.Errorf("the text is %q", got)
	}
	if !errors.Is(e, io.EOF) {
		t.Error("the cause is lost")
	}
	if got := orm.Violation(99).String() + orm.ExclusionViolation.String(); got != "unknownexclusion" {
		t.Errorf("the kinds are %q", got)
	}
}

func TestTranslateUnavailable(t *testing.T) {
	state := func(code string) error { return fmt.Errorf("x: %w", &pgconn.PgError{Code: code}) }
	unavailable := map[string]error{
		"refused": &pgconn.ConnectError{}, "deadline": fmt.Errorf("x: %w", context.DeadlineExceeded), "bad connection": driver.ErrBadConn,
		"lost": io.ErrUnexpectedEOF, "done": sql.ErrConnDone,
		"admin shutdown": state("57P01"), "starting": state("57P03"), "too many": state("53300"), "disk full": state("53100"),
		"connection": state("08006"), "serialization": state("40001"), "deadlock": state("40P01"), "lock": state("55P03"), "timeout": state("57014"),
	}
	for name, err := range unavailable {
		got := orm.Translate(err)
		if !errors.Is(got, orm.ErrUnavailable) || !errors.Is(got, err) {
			t.Errorf("%s: %v", name, got)
		}
		if again := orm.Translate(got); again != got {
			t.Errorf("%s: translated twice", name)
		}
	}
	for name, err := range map[string]error{
		"nil": nil, "not found": gorm.ErrRecordNotFound, "no rows": sql.ErrNoRows, "cancelled": fmt.Errorf("x: %w", context.Canceled),
		"syntax": state("42601"), "other": errors.New("x"),
	} {
		if got := orm.Translate(err); got != err {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestLockedSQLiteIsUnavailable(t *testing.T) {
	url := libraryTemplate.SQLite(t) + "?_pragma=busy_timeout(10)"
	db := ormtest.Open(t, url)
	err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
		past := orm.Translate(db.Gorm.WithContext(t.Context()).Create(&Shelf{Name: "b"}).Error)
		if past != nil {
			t.Errorf("a transaction that has not begun keeps others away: %v", past)
		}
		return errors.Join(add(tx, "a"), orm.Translate(db.Gorm.WithContext(t.Context()).Create(&Shelf{Name: "c"}).Error))
	})
	if !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a locked database gives %v", err)
	}
}

func TestKilledConnectionIsUnavailable(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
		var pid int
		if err := tx.Raw("SELECT pg_backend_pid()").Scan(&pid).Error; err != nil {
			return err
		}
		if _, err := db.Pool.Exec(t.Context(), "SELECT pg_terminate_backend($1)", pid); err != nil {
			return err
		}
		return orm.Translate(tx.Exec("SELECT 1").Error)
	})
	if !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a killed connection gives %v", err)
	}
}

func TestReadOnlyFileIsUnavailable(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.SQLite(t)+"?_pragma=query_only(1)")
	err := db.Gorm.WithContext(t.Context()).Create(&Shelf{Name: "b"}).Error
	if err := orm.Translate(err); !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("a read-only database gives %v", err)
	}
}

func TestErrorsKeepValuesOut(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		create(t, db, &Shelf{Name: "secret"})
		err := orm.Translate(db.Gorm.WithContext(t.Context()).Create(&Shelf{Name: "secret"}).Error)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("the error is %v", err)
		}
	})
}
