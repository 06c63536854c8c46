package orm_test

import (
	"bytes"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestSQLiteBindsAsDjango gives each Go type to a statement, by itself, by pointer and as NULL.
func TestSQLiteBindsAsDjango(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	at := time.Date(2026, 3, 1, 12, 0, 0, 123_456_789, time.FixedZone("", 3600))
	id := uuid.MustParse("0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa")
	for name, c := range map[string]struct {
		arg  any
		want string // typeof and quote of SQLite
	}{
		"time":            {at, "text '2026-03-01 11:00:00.123456'"},
		"time in seconds": {at.Truncate(time.Second), "text '2026-03-01 11:00:00'"},
		"nanoseconds":     {time.Date(2026, 3, 1, 0, 0, 0, 999, time.UTC), "text '2026-03-01 00:00:00'"},
		"*time":           {&at, "text '2026-03-01 11:00:00.123456'"},
		"nil *time":       {(*time.Time)(nil), "null NULL"},
		"sql.NullTime":    {sql.NullTime{Time: at, Valid: true}, "text '2026-03-01 11:00:00.123456'"},
		"empty NullTime":  {sql.NullTime{}, "null NULL"},
		"uuid":            {id, "text '0b5cf3a441a54d0e8a395d3a1c0f00aa'"},
		"*uuid":           {&id, "text '0b5cf3a441a54d0e8a395d3a1c0f00aa'"},
		"nil *uuid":       {(*uuid.UUID)(nil), "null NULL"},
		"uuid.NullUUID":   {uuid.NullUUID{UUID: id, Valid: true}, "text '0b5cf3a441a54d0e8a395d3a1c0f00aa'"},
		"empty NullUUID":  {uuid.NullUUID{}, "null NULL"},
		"duration":        {-90 * orm.Minute, "integer -5400000000"},
		"*duration":       {ptr(orm.Day), "integer 86400000000"},
		"nil *duration":   {(*orm.Duration)(nil), "null NULL"},
		"decimal":         {orm.MustDecimal("1E+2"), "text '100'"},
		"nil *decimal":    {(*orm.Decimal)(nil), "null NULL"},
		"date":            {date(t, "2024-02-29"), "text '2024-02-29'"},
		"bool":            {true, "integer 1"},
		"named text":      {Mood("sad"), "text 'sad'"},
		"file":            {orm.File("a/b.png"), "text 'a/b.png'"},
		"nil JSON":        {orm.JSON(nil), "null NULL"},
		"JSON":            {orm.JSON(`{"a":1}`), `text '{"a":1}'`},
		"bytes":           {[]byte{0, 255}, "blob X'00FF'"},
		"int8":            {int8(-3), "integer -3"},
		"float":           {1.5, "real 1.5"},
		"nil":             {nil, "null NULL"},
	} {
		var got string
		if err := db.SQL.QueryRow("SELECT typeof(?1) || ' ' || quote(?1)", c.arg).Scan(&got); err != nil || got != c.want {
			t.Errorf("%s is bound as %s, %v; want %s", name, got, err, c.want)
		}
	}
	for name, arg := range map[string]any{"struct": struct{}{}, "large uint": uint64(1 << 63), "broken JSON": orm.JSON("{")} {
		if _, err := db.SQL.Exec("SELECT ?", arg); err == nil {
			t.Errorf("a %s is bound", name)
		}
	}
}

// TestSQLitePreparedStatements run with the types and the time-out of others.
func TestSQLitePreparedStatements(t *testing.T) {
	db, err := orm.Open(t.Context(), orm.Config{URL: libraryTemplate.SQLite(t), QueryTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	insert, err := db.SQL.PrepareContext(t.Context(), "INSERT INTO library_shelf (name) VALUES (?)")
	if err != nil {
		t.Fatal(err)
	}
	defer insert.Close()
	ctx, count := orm.CountStatements(t.Context())
	for _, name := range []Mood{"a", "b"} {
		if _, err := insert.ExecContext(ctx, name); err != nil {
			t.Error(err)
		}
	}
	if got := shelves(t, db); got != "a b" || count.Load() != 2 {
		t.Errorf("the shelves are %q after %d statements", got, count.Load())
	}
	for name, run := range map[string]func(*sql.Stmt) error{
		"query": func(endless *sql.Stmt) error { return endless.QueryRow().Scan(new(int)) },
		"exec":  func(endless *sql.Stmt) error { _, err := endless.Exec(); return err },
	} {
		if err := orm.Translate(runEndless(t, db, run)); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
	nonsense, err := db.SQL.PrepareContext(t.Context(), "SELECT nonsense FROM library_shelf")
	if err == nil {
		defer nonsense.Close()
		t.Error("nonsense is prepared")
	}
}

// runEndless prepares a statement that never ends by itself.
func runEndless(t *testing.T, db *orm.DB, run func(endless *sql.Stmt) error) error {
	endless, err := db.SQL.PrepareContext(t.Context(), "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")
	if err != nil {
		t.Fatal(err)
	}
	defer endless.Close()
	return run(endless)
}

func TestWithoutQueryTimeout(t *testing.T) {
	const slow = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 300000) SELECT count(*) FROM n"
	address := ormtest.SQLite(t)
	for name, c := range map[string]struct {
		limit time.Duration
		ctx   context.Context
		ok    bool
	}{
		"limited":         {5 * time.Millisecond, t.Context(), false},
		"lifted":          {5 * time.Millisecond, orm.WithoutQueryTimeout(t.Context()), true},
		"none from start": {-1, t.Context(), true},
		"wide":            {time.Minute, t.Context(), true},
	} {
		db, err := orm.Open(t.Context(), orm.Config{URL: address, QueryTimeout: c.limit})
		if err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.SQL.QueryRowContext(c.ctx, slow).Scan(&n); (err == nil) != c.ok {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		db.Close()
	}
}

// TestBusySQLiteIsRetried has a transaction that fails at first because another one writes.
func TestBusySQLiteIsRetried(t *testing.T) {
	address := libraryTemplate.SQLite(t) + "?_pragma=busy_timeout(1)"
	db, other := ormtest.Open(t, address), ormtest.Open(t, address)
	holding, err := other.SQL.Begin()
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, func() { _ = holding.Rollback() })
	err = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error { return add(tx, "a") })
	if !errors.Is(err, orm.ErrUnavailable) || !strings.Contains(err.Error(), "begin a transaction") {
		t.Errorf("without another attempt: %v", err)
	}
	if err := orm.RetryAtomic(t.Context(), db.Gorm, 20, func(tx *gorm.DB) error { return add(tx, "a") }); err != nil {
		t.Errorf("with more attempts: %v", err)
	}
	if got := shelves(t, db); got != "a" {
		t.Errorf("the shelves are %q", got)
	}
}

// TestDeadlocksAreRetried lets two transactions lock two rows crosswise; PostgreSQL gives one of them up.
func TestDeadlocksAreRetried(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.Postgres(t))
	create(t, db, &Subject{Name: "0"}, &Subject{Name: "0"})
	ready := [2]chan struct{}{make(chan struct{}, 1), make(chan struct{}, 1)}
	var attempts [2]int
	done := make(chan error, 2)
	for i := range 2 {
		go func() {
			done <- orm.RetryAtomic(t.Context(), db.Gorm, 5, func(tx *gorm.DB) error {
				attempts[i]++
				lock := func(id int) error {
					return tx.Exec("UPDATE library_subject SET name = name || ? WHERE id = ?", "x", id).Error
				}
				if err := lock(1 + i); err != nil {
					return err
				}
				if attempts[i] == 1 { // both have their first row
					ready[i] <- struct{}{}
					<-ready[1-i]
				}
				return lock(2 - i)
			})
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	var names []string
	if err := db.Gorm.WithContext(t.Context()).Model(&Subject{}).Pluck("name", &names).Error; err != nil || strings.Join(names, " ") != "0xx 0xx" {
		t.Errorf("the subjects are %q, %v", names, err)
	}
	if attempts[0]+attempts[1] != 3 {
		t.Errorf("the attempts are %v, one of them again", attempts)
	}
}

// TestEndedTransactionsSayWhy: also when database/sql has undone them already.
func TestEndedTransactionsSayWhy(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		for name, c := range map[string]struct {
			limit func() (context.Context, context.CancelFunc)
			want  error
			away  bool
		}{
			"cancelled": {func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(300*time.Millisecond, cancel) // enough to begin
				return ctx, cancel
			}, context.Canceled, false},
			"late": {func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), 300*time.Millisecond)
			}, context.DeadlineExceeded, true},
		} {
			ctx, cancel := c.limit()
			err := orm.Atomic(ctx, db.Gorm, func(tx *gorm.DB) error {
				err := add(tx, name)
				<-ctx.Done()
				time.Sleep(30 * time.Millisecond) // so that the transaction is undone behind our back
				return err
			})
			cancel()
			if !errors.Is(err, c.want) || errors.Is(err, orm.ErrUnavailable) != c.away || !strings.Contains(err.Error(), "commit: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := shelves(t, db); got != "" {
			t.Errorf("it leaves %q", got)
		}
	})
}

// TestGivenUpTransactions: SQLite undoes a transaction whose write is interrupted, and what comes after stays out of the
// database as well.
func TestGivenUpTransactions(t *testing.T) {
	db, err := orm.Open(t.Context(), orm.Config{URL: libraryTemplate.SQLite(t), QueryTimeout: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var endless orm.Batch
	endless.Exec("INSERT INTO library_shelf (name) WITH RECURSIVE n (x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n", nil, nil)
	err = orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
		if err := errors.Join(add(tx, "a"), endless.Send(t.Context(), tx)); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("it is interrupted: %v", err)
		}
		for what, err := range map[string]error{
			"a batch": batchOf(db, "b").Send(t.Context(), tx),
			"GORM":    add(tx, "c"),
			"a row":   tx.Raw("SELECT 1").Row().Scan(new(int)),
			"a part":  orm.Atomic(t.Context(), tx, func(tx *gorm.DB) error { return add(tx, "d") }),
		} {
			if err == nil {
				t.Errorf("%s goes on", what)
			}
		}
		return nil
	})
	if got := shelves(t, db); err == nil || got != "" {
		t.Errorf("%q stays: %v", got, err)
	}
	if err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error { return add(tx, "e") }); err != nil || shelves(t, db) != "e" {
		t.Errorf("the next transaction: %v", err)
	}
}

// TestTransactionsThatBreak loses the connection where a transaction begins, divides and ends.
func TestTransactionsThatBreak(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		var word string
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if word != "" && strings.HasPrefix(statement, word) {
				return driver.ErrBadConn
			}
			return nil
		})
		for _, c := range []struct{ word, says string }{
			{"BEGIN", "begin a transaction: "}, {"SAVEPOINT", ""}, {"RELEASE", ""}, {"COMMIT", "commit: "}, {"INSERT", ""},
		} {
			word = c.word
			var ran bool
			err := orm.Atomic(t.Context(), faulty.Gorm, func(tx *gorm.DB) error {
				orm.OnCommit(tx, func() { ran = true })
				if err := tx.Exec("DELETE FROM library_shelf").Error; err != nil {
					return err
				}
				return orm.Atomic(t.Context(), tx, func(tx *gorm.DB) error { return orm.Translate(add(tx, c.word)) })
			})
			if !errors.Is(err, orm.ErrUnavailable) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: the error is %v", c.word, err)
			}
			if ran {
				t.Errorf("%s: the hook ran", c.word)
			}
			word = ""
			if got := shelves(t, db); got != "" {
				t.Errorf("%s leaves %q", c.word, got)
			}
		}
	})
}

// TestLogLevels: statements at debug level, slow ones as warnings, with their errors and never with arguments.
func TestLogLevels(t *testing.T) {
	var out bytes.Buffer
	for _, c := range []struct {
		level slog.Level
		took  time.Duration
		err   error
		want  string
	}{
		{slog.LevelDebug, time.Millisecond, nil, `level=DEBUG msg=statement sql="SELECT 1" rows=3 took=\d+`},
		{slog.LevelDebug, time.Millisecond, errStop, `level=DEBUG msg=statement .* error=stop`},
		{slog.LevelInfo, time.Millisecond, errStop, ``},
		{slog.LevelWarn, time.Second, nil, `level=WARN msg="slow statement" sql="SELECT 1" rows=3 took=1\.`},
		{slog.LevelError, time.Hour, nil, ``},
	} {
		out.Reset()
		db, err := orm.Open(t.Context(), orm.Config{URL: "sqlite::memory:", Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: c.level}))})
		if err != nil {
			t.Fatal(err)
		}
		out.Reset()
		asked := false
		db.Gorm.Logger.Trace(t.Context(), time.Now().Add(-c.took), func() (string, int64) { asked = true; return "SELECT 1", 3 }, c.err)
		if !regexp.MustCompile(c.want).MatchString(out.String()) || (c.want == "") != (out.Len() == 0) {
			t.Errorf("%v after %v: %s, want %s", c.level, c.took, out.String(), c.want)
		}
		if asked != (c.want != "") {
			t.Errorf("%v after %v: the statement is written out for nothing", c.level, c.took)
		}
		db.Close()
	}
}

func TestLogOfGORM(t *testing.T) {
	var out bytes.Buffer
	db, err := orm.Open(t.Context(), orm.Config{URL: "sqlite::memory:", Logger: slog.New(slog.NewTextHandler(&out, nil))})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	l := db.Gorm.Logger.LogMode(1) // the level is slog's
	l.Info(t.Context(), "a %d", 1)
	l.Warn(t.Context(), "b %s", "x")
	l.Error(t.Context(), "c")
	for _, want := range []string{`level=INFO msg="a 1"`, `level=WARN msg="b x"`, `level=ERROR msg=c`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, out.String())
		}
	}
}

// TestRegexpLetters has characters behind a backslash, and values that are no text.
func TestRegexpLetters(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	for _, c := range []struct {
		text, pattern any
		want          int
	}{
		{"é", `\é`, 1},
		{"a", `\é`, 0},
		{"é", `[\é]`, 1},
		{"日", `^\日$`, 1},
		{[]byte("abc"), "b", 1},
		{1.5, `^1\.5$`, 1},
		{int64(7), `\d`, 1},
		{"a\u3000b", `a\sb`, 1},
		{"ab", `a\Sb`, 0},
		{"a_b", `a\wb`, 1},
		{"a-b", `a\Wb`, 1},
		{"aéb", `a\Db`, 1},
		{"x", `[\d\s]`, 0},
		{"٣", `[\d]`, 1},
	} {
		var got int
		if err := db.SQL.QueryRow("SELECT ? REGEXP ?", c.text, c.pattern).Scan(&got); err != nil || got != c.want {
			t.Errorf("%q REGEXP %q = %d, %v; want %d", c.text, c.pattern, got, err, c.want)
		}
	}
}

// FuzzRegexp gives SQLite arbitrary patterns: what Go can read is matched or refused with the pattern's name, and without the
// signs that differ it is matched as Go does.
func FuzzRegexp(f *testing.F) {
	for _, seed := range [][2]string{{"a+", "caab"}, {`\é`, "é"}, {"[^]]", "]"}, {`(?i)É`, "é"}, {`\pL{2}`, "ab"}, {"[[:alpha:]]", "a"}, {`\Qa.b\E`, "a.b"}, {"a|", ""}, {`[a\]]`, "]"}} {
		f.Add(seed[0], seed[1])
	}
	db := ormtest.Open(f, "sqlite::memory:")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		var got bool
		err := db.SQL.QueryRow("SELECT ? REGEXP ?", text, pattern).Scan(&got)
		if err != nil && !strings.Contains(err.Error(), "the regular expression") {
			t.Errorf("%q: %v", pattern, err)
		}
		plain := !strings.ContainsAny(pattern, `\$[]`) && !strings.Contains(pattern+text, "\x00")
		if expression, wrong := regexp.Compile(pattern); plain && (wrong == nil) != (err == nil) || wrong == nil && plain && expression.MatchString(text) != got {
			t.Errorf("%q in %q: %v, %v; Go says %v", pattern, text, got, err, wrong)
		}
	})
}
