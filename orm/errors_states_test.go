package orm_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// states are PostgreSQL's classes of errors with what each is to a program: a violation, away for the moment, or neither.
var states = []struct {
	what, codes string
	kind        orm.Violation
	away        bool
}{
	{"connection exceptions", "08000 08001 08003 08004 08006 08007 08P01", 0, true},
	{"insufficient resources", "53000 53100 53200 53300 53400", 0, true},
	{"shutdowns, starting up", "57P01 57P02 57P03 57P04 57P05", 0, true},
	{"statement_timeout", "57014", 0, true},
	{"given up for the sake of another", "40001 40P01 55P03", 0, true},
	{"read-only standby, idle for too long", "25006 25P03", 0, true},
	{"unique", "23505", orm.UniqueViolation, false},
	{"foreign key", "23503", orm.ForeignKeyViolation, false},
	{"check", "23514", orm.CheckViolation, false},
	{"not null", "23502", orm.NotNullViolation, false},
	{"exclusion", "23P01", orm.ExclusionViolation, false},
	{"the statement's own fault", "00000 01000 02000 03000 0A000 21000 22001 22003 22P02 23000 23001 42601 42P01 42703", 0, false},
	{"the session's", "25000 25P02 28000 28P01 3D000 3F000 40000 40002", 0, false},
	{"the server's, for good", "54000 55000 55006 57000 58000 58030 P0001 XX000 XX001", 0, false},
}

func TestTranslateOfEveryState(t *testing.T) {
	for _, s := range states {
		for _, code := range strings.Fields(s.codes) {
			cause := &pgconn.PgError{Code: code, TableName: "t", ConstraintName: "c", Message: "m"}
			got := orm.Translate(fmt.Errorf("save: %w", cause))
			var violation *orm.ConstraintError
			isViolation := errors.As(got, &violation)
			if isViolation != (s.kind != 0) || isViolation && (violation.Kind != s.kind || violation.Table != "t" || violation.Constraint != "c") {
				t.Errorf("%s, %s: %v", s.what, code, got)
			}
			if errors.Is(got, orm.ErrUnavailable) != s.away {
				t.Errorf("%s, %s: unavailable is %v, want %v", s.what, code, !s.away, s.away)
			}
			var back *pgconn.PgError
			if !errors.As(got, &back) || back != cause {
				t.Errorf("%s, %s: the driver's error is lost", s.what, code)
			}
		}
	}
}

// TestColumnsInDetails has details as servers of several languages write them.
func TestColumnsInDetails(t *testing.T) {
	for detail, want := range map[string][]string{
		"Key (name)=(a) already exists.":                           {"name"},
		"Key (title, shelf_id)=(x, 3) already exists.":             {"title", "shelf_id"},
		`Schlüssel »("Name", "of""it")=(a, b)« existiert bereits.`: {"Name", `of"it`},
		"La clé « (a)=((b)=(c)) » existe déjà.":                    {"a"},
		"Key (lower(name::text))=(x) already exists.":              {"lower(name::text)"},
		"":                             nil,
		"Failing row contains (1, 2).": nil,
	} {
		var violation *orm.ConstraintError
		if err := orm.Translate(&pgconn.PgError{Code: "23505", Detail: detail}); !errors.As(err, &violation) {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, violation.Columns); diff != "" {
			t.Errorf("%s (-want +got)\n%s", detail, diff)
		}
	}
	var violation *orm.ConstraintError
	_ = errors.As(orm.Translate(&pgconn.PgError{Code: "23502", ColumnName: "a", Detail: "Key (b)=(c)"}), &violation)
	if diff := cmp.Diff([]string{"a"}, violation.Columns); diff != "" {
		t.Errorf("a column that is named (-want +got)\n%s", diff)
	}
}

func TestTranslateOfLostConnections(t *testing.T) {
	dial := &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	for name, c := range map[string]struct {
		err  error
		away bool
	}{
		"refused":               {dial, true},
		"reset":                 {&net.OpError{Op: "read", Err: syscall.ECONNRESET}, true},
		"no such host":          {&net.DNSError{Err: "no such host", Name: "db"}, true},
		"network deadline":      {os.ErrDeadlineExceeded, true},
		"closed by us":          {net.ErrClosed, true},
		"end of stream":         {io.EOF, true},
		"connection given back": {sql.ErrConnDone, true},
		"pgx's closed":          {errors.New("conn closed"), true},
		"pgx's closed pool":     {errors.New("closed pool"), true},
		"database/sql's":        {errors.New("sql: database is closed"), true},
		"the same, wrapped":     {errors.New("read: sql: database is closed"), true},
		"about a closed thing":  {errors.New("the shop is closed"), false},
		"transaction is over":   {sql.ErrTxDone, false},
		"cancelled":             {context.Canceled, false},
		"cancelled dial":        {errors.Join(dial, context.Canceled), false},
		"cancelled on server":   {errors.Join(&pgconn.PgError{Code: "57014"}, context.Canceled), false},
		"file":                  {os.ErrNotExist, false},
		"address":               {&url.Error{Op: "parse", URL: "x", Err: errors.New("bad")}, false},
	} {
		got := orm.Translate(c.err)
		if errors.Is(got, orm.ErrUnavailable) != c.away {
			t.Errorf("%s: unavailable is %v, want %v", name, !c.away, c.away)
		}
		if !errors.Is(got, c.err) {
			t.Errorf("%s: the cause is lost: %v", name, got)
		}
		if c.away && !strings.HasPrefix(got.Error(), orm.ErrUnavailable.Error()+": ") {
			t.Errorf("%s: the text is %q", name, got)
		}
		if !c.away && got != c.err {
			t.Errorf("%s: it was changed to %v", name, got)
		}
	}
}

// TestTranslateLeavesExplainedErrors has errors of several causes, of which the explained one counts.
func TestTranslateLeavesExplainedErrors(t *testing.T) {
	violation := &orm.ConstraintError{Kind: orm.CheckViolation, Err: io.EOF}
	for name, err := range map[string]error{
		"violation": violation, "wrapped": fmt.Errorf("save: %w", violation), "joined": errors.Join(errors.New("x"), orm.Translate(io.EOF)),
	} {
		if got := orm.Translate(err); name != "joined" && errors.Is(got, orm.ErrUnavailable) || !errors.Is(got, err) {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestFullSQLiteIsUnavailable(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.SQLite(t)+"?_pragma=max_page_count(40)")
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		err = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
			return tx.Create(&Subject{Name: strings.Repeat("x", 5000)}).Error
		})
	}
	if !errors.Is(err, orm.ErrUnavailable) || !strings.Contains(err.Error(), "full") {
		t.Errorf("a full disk gives %v", err)
	}
	if got := shelves(t, db); got != "" {
		t.Errorf("the database cannot be read any more: %q", got)
	}
}

func TestSQLiteFileThatMayOnlyBeRead(t *testing.T) {
	address := libraryTemplate.SQLite(t)
	ormtest.Open(t, address+"?_pragma=journal_mode(DELETE)").Close() // a log of writes would have to be written for reading
	db := ormtest.Open(t, address+"?mode=ro&_pragma=journal_mode(DELETE)")
	err := orm.Translate(db.Gorm.WithContext(t.Context()).Create(&Shelf{Name: "a"}).Error)
	if !errors.Is(err, orm.ErrUnavailable) || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("writing gives %v", err)
	}
	if got := shelves(t, db); got != "" {
		t.Errorf("reading gives %q", got)
	}
}

func TestSQLiteFileThatIsNone(t *testing.T) {
	path := strings.TrimPrefix(ormtest.SQLite(t), "sqlite:")
	if err := os.WriteFile(path, []byte(strings.Repeat("this is a text file\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := orm.Open(t.Context(), orm.Config{URL: "sqlite:" + path})
	if err == nil || !strings.Contains(err.Error(), "open the database") || !strings.Contains(err.Error(), "not a database") {
		t.Errorf("a text file gives %v", err)
	}
	if errors.Is(err, orm.ErrUnavailable) {
		t.Error("waiting would not help, but the error says so")
	}
}

// TestCancelledStatements are the client's doing, not the database's.
func TestCancelledStatements(t *testing.T) {
	endless := map[string]string{
		orm.SQLite:   "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
		orm.Postgres: "SELECT pg_sleep(20)",
	}
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		for name, run := range map[string]func(ctx context.Context) error{
			"alone": func(ctx context.Context) error {
				return orm.Translate(db.Gorm.WithContext(ctx).Exec(endless[db.Dialect()]).Error)
			},
			"in Atomic": func(ctx context.Context) error {
				return orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error { return tx.Exec(endless[db.Dialect()]).Error })
			},
		} {
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(30*time.Millisecond, cancel)
			begin := time.Now()
			err := run(ctx)
			if !errors.Is(err, context.Canceled) || errors.Is(err, orm.ErrUnavailable) || time.Since(begin) > 5*time.Second {
				t.Errorf("%s: after %v: %v", name, time.Since(begin), err)
			}
			deadline, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
			if err := orm.Translate(run(deadline)); !errors.Is(err, orm.ErrUnavailable) {
				t.Errorf("%s: a deadline gives %v", name, err)
			}
			cancel()
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("the database is of no use after: %v", err)
		}
	})
}

func TestPingWithoutTime(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := db.Ping(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("a cancelled Ping gives %v", err)
		}
	})
}
