package orm_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

func TestOpenRefusesURLs(t *testing.T) {
	for url, want := range map[string]string{
		"":                         "is empty",
		"mysql://root@localhost/x": "mysql://",
		"sqlite:":                  "names no file",
		"postgres://%zz":           "database URL",
		"sqlite:x?a=%zz":           "database URL",
		"sqlite:x?_txlock=bogus":   "_txlock",
		"sqlite:x?_time=sqlite":    "there is no _time",
	} {
		db, err := orm.Open(t.Context(), orm.Config{URL: url})
		if err == nil {
			db.Close()
			t.Errorf("%q opens", url)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q in it", url, err, want)
		}
	}
}

func TestOpenKeepsThePasswordToItself(t *testing.T) {
	for _, url := range []string{"postgres://u:hunter2@127.0.0.1:1/x", "postgres://u:hunter2@[bad/x"} {
		if _, err := orm.Open(t.Context(), orm.Config{URL: url}); err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error is %v", err)
		}
	}
}

func TestOpenSaysUnavailable(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "folder", "x.db")
	for _, url := range []string{"postgres://u@127.0.0.1:1/x", "sqlite:" + missing} {
		if _, err := orm.Open(t.Context(), orm.Config{URL: url}); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("%s: %v, want ErrUnavailable", url, err)
		}
	}
}

// TestOpenGivesUpOnASilentServer has a server that accepts connections and says nothing.
func TestOpenGivesUpOnASilentServer(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	begin := time.Now()
	_, err = orm.Open(t.Context(), orm.Config{URL: "postgres://u@" + silent.Addr().String() + "/x?sslmode=disable", ConnectTimeout: 200 * time.Millisecond})
	if !errors.Is(err, orm.ErrUnavailable) || time.Since(begin) > 3*time.Second {
		t.Errorf("after %v: %v", time.Since(begin), err)
	}
}

func TestSQLiteURLs(t *testing.T) {
	dir := t.TempDir()
	for _, url := range []string{
		"sqlite:" + dir + "/a b#?.db", "sqlite://" + dir + "/c%d.db", dir + "/plain.db", "file:" + dir + "/e%20f.db", "sqlite::memory:", "sqlite:file.db?mode=memory",
	} {
		url = strings.Replace(url, "#?", "#", 1)
		db, err := orm.Open(t.Context(), orm.Config{URL: url})
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		if _, err := db.SQL.Exec("CREATE TABLE t (x)"); err != nil {
			t.Errorf("%s: %v", url, err)
		}
		db.Close()
	}
	for _, name := range []string{"a b#.db", "c%d.db", "plain.db", "e f.db"} {
		if found, err := filepath.Glob(filepath.Join(dir, strings.NewReplacer(`[`, `\[`).Replace(name))); err != nil || len(found) != 1 {
			t.Errorf("%s: %v, %v", name, found, err)
		}
	}
}

func TestSQLiteInMemoryIsOneDatabase(t *testing.T) {
	db := ormtest.Open(t, "sqlite::memory:")
	if _, err := db.SQL.Exec("CREATE TABLE t (x)"); err != nil {
		t.Fatal(err)
	}
	errs := make(chan error)
	for range 8 {
		go func() {
			var n int
			errs <- db.SQL.QueryRow("SELECT count(*) FROM t").Scan(&n)
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

func TestSQLitePragmas(t *testing.T) {
	defaults := map[string]string{
		"journal_mode": "wal", "foreign_keys": "1", "busy_timeout": "5000", "synchronous": "1",
		"cache_size": "-2000", "mmap_size": "134217728", "journal_size_limit": "67108864",
	}
	url := ormtest.SQLite(t)
	for url, want := range map[string]map[string]string{
		url: defaults,
		url + "?_pragma=busy_timeout(7)&_pragma=Foreign_Keys(0)&_pragma=mmap_size=0": {"journal_mode": "wal", "foreign_keys": "0", "busy_timeout": "7", "mmap_size": "0"},
	} {
		db := ormtest.Open(t, url)
		for name, want := range want {
			var got string
			if err := db.SQL.QueryRow("PRAGMA " + name).Scan(&got); err != nil || got != want {
				t.Errorf("%s: %s is %s, %v; want %s", url, name, got, err, want)
			}
		}
	}
}

// TestSQLiteQuotedNamesAreNames has a misspelt column that SQLite would take for text.
func TestSQLiteQuotedNamesAreNames(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.SQLite(t))
	if _, err := db.SQL.Exec(`SELECT "titel" FROM library_book`); err == nil {
		t.Error("a misspelt column is text")
	}
}

func TestPostgresSession(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t))
	for name, want := range map[string]string{
		"timezone": "UTC", "statement_timeout": "30s", "application_name": "quintet", "intervalstyle": "postgres",
	} {
		var got string
		if err := db.SQL.QueryRow("SHOW " + name).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %s, %v; want %s", name, got, err, want)
		}
	}
	if db.Pool.Config().MaxConns != 10 {
		t.Errorf("the pool has %d connections at most", db.Pool.Config().MaxConns)
	}
}

func TestPostgresURLWins(t *testing.T) {
	db := ormtest.Open(t, ormtest.Postgres(t)+"&application_name=shop&statement_timeout=5s&pool_max_conns=3")
	var name, limit string
	if err := db.SQL.QueryRow("SELECT current_setting('application_name'), current_setting('statement_timeout')").Scan(&name, &limit); err != nil {
		t.Fatal(err)
	}
	if name != "shop" || limit != "5s" || db.Pool.Config().MaxConns != 3 {
		t.Errorf("the settings are %s, %s, %d", name, limit, db.Pool.Config().MaxConns)
	}
}

// TestPgxReadsAndWritesTheTypes goes past database/sql.
func TestPgxReadsAndWritesTheTypes(t *testing.T) {
	db := ormtest.Open(t, libraryTemplate.Postgres(t))
	book := full(t)
	create(t, db, &Shelf{Name: "s"}, book)
	var got Book
	row := db.Pool.QueryRow(t.Context(), `SELECT id, price, published, opens, reading, notes, cover, seen FROM library_book
		WHERE id = $1 AND price = $2 AND published = $3 AND opens = $4 AND reading = $5 AND notes = $6 AND cover = $7 AND seen = $8`,
		book.ID, book.Price, book.Published, book.Opens, book.Reading, book.Notes, book.Cover, book.Seen)
	if err := row.Scan(&got.ID, &got.Price, &got.Published, &got.Opens, &got.Reading, &got.Notes, &got.Cover, &got.Seen); err != nil {
		t.Fatal(err)
	}
	if got.ID != book.ID || got.Price.String() != "10.50" || *got.Published != *book.Published || *got.Opens != *book.Opens ||
		*got.Reading != *book.Reading || got.Notes.String() != book.Notes.String() || *got.Cover != *book.Cover || got.Seen.Location() != time.UTC {
		t.Errorf("it reads %+v", got)
	}
}

func TestConditionsTakeTheTypes(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		book := full(t)
		create(t, db, &Shelf{Name: "s"}, book)
		for where, args := range map[string][]any{
			"id = ?":                       {book.ID},
			"id IN ?":                      {[]uuid.UUID{book.ID, uuid.New()}},
			"sequel_id IS NULL AND id = ?": {&book.ID},
			"price = ?":                    {orm.MustDecimal("10.5")},
			"published = ?":                {book.Published},
			"opens < ?":                    {orm.TimeOfDayOf(time.Date(1, 1, 1, 9, 0, 0, 0, time.UTC))},
			"reading < ?":                  {orm.Second},
			"reading = ?":                  {book.Reading},
			"seen = ?":                     {book.Seen},
			"seen > ?":                     {book.Seen.Add(-time.Second)},
			"NOT lent":                     nil,
			"cover = ?":                    {*book.Cover},
			"mood = ?":                     {Mood("sad")},
		} {
			var found []Book
			err := db.Gorm.WithContext(t.Context()).Where(where, args...).Limit(5).Find(&found).Error
			if err != nil || len(found) != 1 {
				t.Errorf("%s: %d books, %v", where, len(found), err)
			}
		}
	})
}

func TestGormSetUp(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		if db.Gorm.Name() != db.Dialect() {
			t.Errorf("GORM calls it %s", db.Gorm.Name())
		}
		shelf := &Shelf{Name: "a"}
		create(t, db, shelf)
		if shelf.ID == 0 {
			t.Error("the new id is not set")
		}
		book := newBook(t, "1", shelf.ID)
		book.Shelf = &Shelf{ID: shelf.ID, Name: "changed"}
		book.Subjects = []*Subject{{Name: "new"}}
		create(t, db, book)
		if d := time.Since(book.AddedAt); book.AddedAt.Nanosecond()%1000 != 0 || book.AddedAt.Location() != time.UTC || d > time.Minute {
			t.Errorf("added at %v", book.AddedAt)
		}
		var names []string
		if err := db.Gorm.WithContext(t.Context()).Model(&Shelf{}).Pluck("name", &names).Error; err != nil || len(names) != 1 || names[0] != "a" {
			t.Errorf("the shelves are %v, %v: a related object was saved along", names, err)
		}
		var subjects int64
		if err := db.Gorm.WithContext(t.Context()).Model(&Subject{}).Count(&subjects).Error; err != nil || subjects != 0 {
			t.Errorf("%d subjects, %v: a related object was saved along", subjects, err)
		}
	})
}

func TestGormClauses(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		g := db.Gorm.WithContext(t.Context())
		create(t, db, []*Shelf{{Name: "a"}, {Name: "b"}, {Name: "c"}})
		var names []string
		if err := g.Model(&Shelf{}).Order("name").Offset(1).Pluck("name", &names).Error; err != nil || strings.Join(names, "") != "bc" {
			t.Errorf("OFFSET alone: %v, %v", names, err)
		}
		ctx, statements := orm.CountStatements(t.Context())
		var locked []Shelf
		if err := g.WithContext(ctx).Clauses(clause.Locking{Strength: "UPDATE"}).Order("id").Limit(1).Offset(1).Find(&locked).Error; err != nil || len(locked) != 1 || locked[0].Name != "b" {
			t.Errorf("FOR UPDATE: %v, %v", locked, err)
		}
		if texts := statements.Texts(); db.Dialect() == orm.SQLite && !strings.Contains(texts[0], "LIMIT 1 OFFSET ?") {
			t.Errorf("%s is compiled again for every limit", texts)
		}
		var changed []Shelf
		if err := g.Model(&changed).Clauses(clause.Returning{}).Where("name = ?", "a").Update("name", "A").Error; err != nil || len(changed) != 1 || changed[0].ID == 0 {
			t.Errorf("RETURNING: %v, %v", changed, err)
		}
		onConflict := clause.OnConflict{Columns: []clause.Column{{Name: "name"}}, DoNothing: true}
		if err := g.Clauses(onConflict).Create(&Shelf{Name: "A"}).Error; err != nil {
			t.Errorf("ON CONFLICT: %v", err)
		}
		if err := g.Model(&Book{}).Association("Subjects").Error; err != nil {
			t.Errorf("Association: %v", err)
		}
	})
}

func TestGormAssociationsByName(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		g := db.Gorm.WithContext(t.Context())
		book := newBook(t, "1", 1)
		create(t, db, &Shelf{Name: "a"}, book, &Subject{Name: "x"})
		if err := g.Model(book).Association("Subjects").Append(&Subject{ID: 1}); err != nil {
			t.Fatal(err)
		}
		var got Book
		if err := g.Preload("Subjects").Preload("Shelf").First(&got, "isbn = ?", "1").Error; err != nil {
			t.Fatal(err)
		}
		if len(got.Subjects) != 1 || got.Subjects[0].Name != "x" || got.Shelf == nil || got.Shelf.Name != "a" {
			t.Errorf("loaded %v %v", got.Subjects, got.Shelf)
		}
	})
}

func TestQueryTimeout(t *testing.T) {
	slow := map[string]string{
		orm.SQLite:   "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n",
		orm.Postgres: "SELECT pg_sleep(20)",
	}
	for dialect, url := range map[string]func(testing.TB) string{orm.SQLite: ormtest.SQLite, orm.Postgres: ormtest.Postgres} {
		t.Run(dialect, func(t *testing.T) {
			db, err := orm.Open(t.Context(), orm.Config{URL: url(t), QueryTimeout: 100 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			begin := time.Now()
			_, err = db.SQL.Exec(slow[dialect])
			if err := orm.Translate(err); !errors.Is(err, orm.ErrUnavailable) || time.Since(begin) > 5*time.Second {
				t.Errorf("after %v: %v", time.Since(begin), err)
			}
		})
	}
}

func TestExhaustedPoolIsUnavailable(t *testing.T) {
	db, err := orm.Open(t.Context(), orm.Config{URL: ormtest.Postgres(t), MaxConns: 1, ConnectTimeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	busy, err := db.SQL.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	err = db.Gorm.WithContext(t.Context()).Exec("SELECT 1").Error
	if !errors.Is(err, orm.ErrUnavailable) {
		t.Errorf("with no connection left: %v", err)
	}
}

func TestClosedIsUnavailable(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		db.Close()
		if err := db.Ping(context.Background()); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("Ping: %v", err)
		}
		if db.Pool == nil {
			return
		}
		_, err := db.Pool.Exec(context.Background(), "SELECT 1")
		if err := orm.Translate(err); !errors.Is(err, orm.ErrUnavailable) {
			t.Errorf("the pool: %v", err)
		}
	})
}

func TestLogHasStatementsWithoutArguments(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db, err := orm.Open(t.Context(), orm.Config{URL: libraryTemplate.SQLite(t), Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var found []Shelf
	if err := db.Gorm.WithContext(t.Context()).Find(&found, "name = ?", "secret").Error; err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "library_shelf") || strings.Contains(got, "secret") {
		t.Errorf("the log is %s", got)
	}
}

func TestRegexp(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	for _, c := range []struct {
		text, pattern any
		want          any
	}{
		{"Dune", "un", int64(1)},
		{"Dune", "^un", int64(0)},
		{"Dune", "(?i)DUNE", int64(1)},
		{nil, "x", nil},
		{"x", nil, nil},
		{int64(1234), `^12`, int64(1)},
		{"été", `^\w+$`, int64(1)},
		{"٣", `^\d$`, int64(1)},
		{"a\u00a0b", `a\sb`, int64(1)},
		{"é", `\W`, int64(0)},
		{"é", `[\w-]`, int64(1)},
		{"a\n", "^a$", int64(1)},
		{"a\n", `^a\Z`, int64(0)},
		{"a\nb", "^a$", int64(0)},
		{"]", "[]]", int64(1)},
		{"a", "[^]]", int64(1)},
		{"]", "[^]]", int64(0)},
		{"$", "[$]", int64(1)},
		{"[", "[[]", int64(1)},
		{"a$b", `a\$b`, int64(1)},
	} {
		var got any
		if err := db.SQL.QueryRow("SELECT ? REGEXP ?", c.text, c.pattern).Scan(&got); err != nil || got != c.want {
			t.Errorf("%q REGEXP %q = %v, %v; want %v", c.text, c.pattern, got, err, c.want)
		}
	}
	for _, pattern := range []string{"(", "(?=x)", `(a)\1`} {
		var got any
		if err := db.SQL.QueryRow("SELECT 'a' REGEXP ?", pattern).Scan(&got); err == nil {
			t.Errorf("REGEXP %q = %v, want an error", pattern, got)
		}
	}
}

func TestRegexpForgetsOldPatterns(t *testing.T) {
	db := ormtest.Open(t, ormtest.SQLite(t))
	for i := range 500 {
		var got int
		if err := db.SQL.QueryRow("SELECT ? REGEXP '^' || ? || '$'", i, i).Scan(&got); err != nil || got != 1 {
			t.Fatalf("%d: %d, %v", i, got, err)
		}
	}
}

func TestAutoMigrateCreatesTables(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		g := db.Gorm.WithContext(t.Context())
		if err := g.Migrator().CreateTable(&Shelf{}, &Subject{}, &Book{}); err != nil {
			t.Fatal(err)
		}
		if !g.Migrator().HasTable(&Book{}) || g.Migrator().HasTable(&Loan{}) {
			t.Error("HasTable is wrong")
		}
		create(t, db, &Shelf{Name: "s"}, newBook(t, "1", 1))
	})
}
