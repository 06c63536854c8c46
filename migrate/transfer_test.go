package migrate_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// transfer copies a library.
func transfer(t *testing.T, from, to *orm.DB) ([]migrate.Copied, error) {
	t.Helper()
	return migrate.Transfer(t.Context(), from, to, migrate.TransferOptions{Migrations: migrate.Options{FS: libraryFiles()}})
}

// filledLibrary is a library with everyKind in it, and one author who was deleted.
func filledLibrary(t *testing.T, url string) (*orm.DB, *orm.Registry) {
	t.Helper()
	db, reg := library(t, url)
	if _, err := load(db, reg, everyKind, migrate.LoadOptions{}); err != nil {
		t.Fatal(err)
	}
	run(t, db, "INSERT INTO library_author (name) VALUES ('gone')", "DELETE FROM library_author WHERE name = 'gone'")
	return db, reg
}

func TestTransfer(t *testing.T) {
	for name, c := range map[string]struct{ from, to func(testing.TB) string }{
		"to postgres":       {ormtest.SQLite, ormtest.Postgres},
		"to sqlite":         {ormtest.Postgres, ormtest.SQLite},
		"postgres to other": {ormtest.Postgres, ormtest.Postgres},
	} {
		t.Run(name, func(t *testing.T) {
			from, reg := filledLibrary(t, c.from(t))
			to := open(t, c.to(t))
			copied, err := transfer(t, from, to)
			if err != nil {
				t.Fatal(err)
			}
			rows := map[string]int64{}
			for _, c := range copied {
				rows[c.Table] = c.Rows
			}
			want := map[string]int64{"django_migrations": 1, "library_author": 2, "library_book": 2, "library_book_genres": 2, "library_genre": 2}
			if diff := cmp.Diff(want, rows); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(everyKind, dump(t, to, reg, migrate.DumpOptions{Indent: 2})); diff != "" {
				t.Error(diff)
			}
			const history = "SELECT app || name || substr(CAST(applied AS text), 1, 19) FROM django_migrations"
			if diff := cmp.Diff(texts(t, from, history), texts(t, to, history)); diff != "" {
				t.Error(diff)
			}
			next := &Author{Name: "next"}
			if err := to.Gorm.Create(next).Error; err != nil || next.ID != 4 {
				t.Errorf("the author after the deleted one is %d, %v", next.ID, err)
			}
			if to.Dialect() == orm.Postgres && len(texts(t, to, "SELECT conname FROM pg_constraint WHERE contype = 'f' AND condeferrable AND convalidated")) != 4 {
				t.Error("foreign keys are missing")
			}
		})
	}
}

// TestTransferredRowsAreTheSame compares the checksums of the way there with those of the way back and of other values.
func TestTransferredRowsAreTheSame(t *testing.T) {
	lite, _ := filledLibrary(t, ormtest.SQLite(t))
	run(t, lite, `UPDATE library_book SET data = '{"b": 1.50, "a": [1e2, -0.0], "b": 15e-1}', price = -0.5, score = 1e300, created = '2024-01-02 03:04:05.000001'`)
	there, _ := library(t, ormtest.Postgres(t))
	run(t, there, "ALTER TABLE library_author DROP COLUMN name", "ALTER TABLE library_author ADD name varchar(20) NOT NULL UNIQUE") // the last column now
	back := open(t, ormtest.SQLite(t))
	first, err := transfer(t, lite, there)
	if err != nil {
		t.Fatal(err)
	}
	second, err := transfer(t, there, back)
	if err != nil {
		t.Fatal(err)
	}
	equal := cmp.Comparer(func(a, b migrate.Copied) bool { return a == b })
	if diff := cmp.Diff(first, second, equal); diff != "" {
		t.Errorf("(-there +back)\n%s", diff)
	}
	for _, change := range []string{
		"UPDATE library_book SET created = '2024-01-02 03:04:05.000002'", "UPDATE library_book SET cover = NULL WHERE cover = ''",
		"UPDATE library_genre SET rank = 9 - rank", "DELETE FROM library_genre WHERE slug NOT IN (SELECT genre_slug FROM library_book_genres)",
	} {
		run(t, back, change)
	}
	third, err := transfer(t, back, open(t, ormtest.Postgres(t)))
	if err != nil {
		t.Fatal(err)
	}
	var other []string
	for i, c := range third {
		if c != first[i] {
			other = append(other, c.Table)
		}
	}
	if diff := cmp.Diff([]string{"library_book", "library_genre"}, other); diff != "" {
		t.Error(diff)
	}
}

func TestTransferRefusesValues(t *testing.T) {
	const one, two = "library_book id=11111111222243338444555555555555, column ", "library_book id=22222222-2222-4333-8444-555555555555"
	cases := []struct{ change, want string }{
		{"UPDATE library_author SET name = id || char(0)", "2 value(s) of the source do not fit; nothing was copied"},
		{"UPDATE library_author SET name = 'a' || char(0) WHERE id = 2", "library_author id=2, column name: it has the character NUL"},
		{"UPDATE library_author SET name = CAST(x'61ff' AS text) WHERE id = 2", "library_author id=2, column name: it is not UTF-8"},
		{"UPDATE library_author SET name = '123456789 123456789 1' WHERE id = 2", "column name: it has 21 characters, more than the 20 of the column: shorten it"},
		{"UPDATE library_book SET price = 'dear'", one + `price: "dear" is no Decimal(8,3): correct it`},
		{"UPDATE library_book SET price = 1.0625", one + "price: 1.0625 has more than the 3 decimal places of the column: round it (round(…, 3))"},
		{"UPDATE library_book SET price = 123456.5", one + "price: 123456.5 has more than the 8 digits of the column"},
		{"UPDATE library_book SET released = '2024-02-30'", one + `released: "2024-02-30" is no Date`},
		{"UPDATE library_book SET clock = '25:00:00'", one + `clock: "25:00:00" is no Time`},
		{"UPDATE library_book SET span = 'long'", one + `span: "long" is no Duration`},
		{"UPDATE library_book SET created = 'soon'", one + `created: "soon" is no DateTime`},
		{"UPDATE library_book SET ref = 'x'", one + `ref: "x" is no UUID`},
		{"UPDATE library_book SET public = 7", one + `public: "7" is no Boolean`},
		{"UPDATE library_book SET small = 99999", one + `small: "99999" is no SmallInteger`},
		{"UPDATE library_book SET score = 'high'", one + `score: "high" is no Float`},
		{"UPDATE library_book SET data = '{'", one + `data: "{" is no JSON`},
		{`UPDATE library_book SET data = '["\u0000"]'`, one + `data: a text in it has the character NUL (\u0000)`},
		{`UPDATE library_book SET data = '["\\u0000"]', extra = '"\ud800"'`, "column extra: invalid input syntax for type json"},
		{"UPDATE library_book SET author_id = 99", one + "author_id: refers to 99, and there is no such row in library_author: add it"},
		{"UPDATE library_book_genres SET genre_slug = 'x' WHERE id = 1", "library_book_genres id=1, column genre_slug: refers to x, and there is no such row in library_genre"},
		{"UPDATE library_book SET small = -1 WHERE id LIKE '2%'", two + `: new row for relation "library_book" violates check constraint`},
		{"INSERT INTO library_book SELECT '22222222-2222-4333-8444-555555555555', title, author_id, price, data, extra, released, clock, span, cover, blob, score, ref, " +
			"public, small, created FROM library_book WHERE id LIKE '2%'", two + `: duplicate key value violates unique constraint`},
	}
	to := open(t, ormtest.Postgres(t)) // stays empty
	for _, c := range cases {
		from, _ := filledLibrary(t, ormtest.SQLite(t))
		run(t, from, "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON;"+c.change)
		_, err := transfer(t, from, to)
		var misfits *migrate.MisfitError
		if !errors.As(err, &misfits) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.change, err, c.want)
		}
	}
	from, _ := filledLibrary(t, ormtest.SQLite(t))
	run(t, to, "ALTER TABLE library_author ALTER COLUMN mentor_id SET NOT NULL")
	if _, err := transfer(t, from, to); err == nil || !strings.Contains(err.Error(), "library_author id=2, column mentor_id: it is NULL") {
		t.Errorf("got %v", err)
	}
}

func TestTransferRefusesValuesOfPostgres(t *testing.T) {
	const row = "library_book id=11111111-2222-4333-8444-555555555555, column "
	to := open(t, ormtest.SQLite(t))
	for change, want := range map[string]string{
		"UPDATE library_book SET price = 'NaN'":         row + `price: "NaN" is no Decimal(8,3)`,
		"UPDATE library_book SET score = 'NaN'":         row + "score: it is NaN, which SQLite does not store",
		"UPDATE library_book SET released = 'infinity'": row + `released: "infinity" is no Date`,
	} {
		from, _ := filledLibrary(t, ormtest.Postgres(t))
		run(t, from, change)
		if _, err := transfer(t, from, to); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", change, err, want)
		}
	}
	from, _ := filledLibrary(t, ormtest.Postgres(t))
	migrated, _ := library(t, ormtest.SQLite(t))
	run(t, migrated, "CREATE TRIGGER no_more BEFORE INSERT ON library_genre WHEN new.slug = 'top' BEGIN SELECT RAISE(ABORT, 'enough'); END")
	if _, err := transfer(t, from, migrated); err == nil || !strings.Contains(err.Error(), "library_genre slug=top: enough") {
		t.Errorf("got %v", err)
	}
}

func TestTransferRefusesTargets(t *testing.T) {
	from, _ := filledLibrary(t, ormtest.SQLite(t))
	cases := []struct {
		name, change, want string
	}{
		{"rows", "INSERT INTO library_genre VALUES ('a', 1)", "the target is not empty, there are rows in library_genre: give an empty database"},
		{"other column", "ALTER TABLE library_genre ADD colour text", "the source has no column colour of library_genre"},
		{"missing column", "ALTER TABLE library_genre DROP COLUMN rank", "the target has no column rank of library_genre"},
		{"unknown type", "ALTER TABLE library_genre ALTER COLUMN rank TYPE money USING rank::money", "column rank of library_genre has the type money, which is not copied"},
		{
			"key of two columns", "ALTER TABLE library_author ADD CONSTRAINT pair UNIQUE (id, mentor_id), " +
				"ADD CONSTRAINT mutual FOREIGN KEY (mentor_id, id) REFERENCES library_author (id, mentor_id)",
			"; if rows break it, mend them in the source, or copy both tables or neither (--exclude)",
		},
		{
			"changed rows", "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.name = upper(new.name); RETURN new; END $$;" +
				"CREATE TRIGGER shout BEFORE INSERT ON library_author FOR EACH ROW EXECUTE FUNCTION shout()", "library_author: 2 rows ",
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			to, _ := library(t, ormtest.Postgres(t))
			run(t, to, c.change)
			if _, err := transfer(t, from, to); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
			if found := texts(t, to, "SELECT name FROM library_author"); len(found) > 0 {
				t.Errorf("left behind: %v", found)
			}
		})
	}
	if _, err := transfer(t, from, open(t, ormtest.SQLite(t))); err == nil || !strings.Contains(err.Error(), "VACUUM INTO") {
		t.Errorf("SQLite to SQLite: %v", err)
	}
	if _, err := transfer(t, open(t, ormtest.SQLite(t)), open(t, ormtest.Postgres(t))); err == nil || !strings.Contains(err.Error(), "the source lacks 1 migration(s)") {
		t.Errorf("a source without tables: %v", err)
	}
}

// TestTransferLeavesOut has a table that no migration makes, and rows that the migrations of the target make. It fails again and
// again before it succeeds with the same target.
func TestTransferLeavesOut(t *testing.T) {
	const made = `-- records: a.0001
CREATE TABLE base (id integer PRIMARY KEY);
CREATE TABLE kind (id integer PRIMARY KEY, name text NOT NULL, base_id integer REFERENCES base (id));
CREATE TABLE part (id integer PRIMARY KEY, kind_id integer NOT NULL REFERENCES kind (id));
INSERT INTO base VALUES (1);
INSERT INTO kind VALUES (1, 'made', 1);
INSERT INTO part VALUES (1, 1);
`
	opts := migrate.TransferOptions{Migrations: migrate.Options{FS: files(map[string]string{"sqlite/0001_a.sql": made, "postgres/0001_a.sql": made})}}
	mistakes := []struct {
		exclude []string
		want    string
	}{
		{nil, "the target has no table own, as no migration makes it"},
		{[]string{"own", "kind"}, "column kind_id of part refers to kind, which is left out: leave both out (--exclude part), or neither"},
		{[]string{"own", "base"}, "kind id=1, column base_id: refers to 1 in base, which is left out: set it to NULL"},
	}
	each(t, func(t *testing.T, url string) {
		other := ormtest.SQLite
		if strings.HasPrefix(url, "sqlite:") {
			other = ormtest.Postgres
		}
		from, to := open(t, other(t)), open(t, url)
		if _, err := migrate.Migrate(t.Context(), from, opts.Migrations); err != nil {
			t.Fatal(err)
		}
		run(t, from, "UPDATE kind SET name = 'changed'", "CREATE TABLE own (x integer)")
		for _, m := range mistakes {
			opts.Exclude = m.exclude
			if _, err := migrate.Transfer(t.Context(), from, to, opts); err == nil || !strings.Contains(err.Error(), m.want) {
				t.Errorf("got %v, want %s", err, m.want)
			}
		}
		opts.Exclude = []string{"own"}
		if _, err := migrate.Transfer(t.Context(), from, to, opts); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"changed"}, texts(t, to, "SELECT name FROM kind")); diff != "" {
			t.Error(diff)
		}
	})
}

// TestTransferLeavesExtensionsAlone has a table that belongs to an extension of PostgreSQL.
func TestTransferLeavesExtensionsAlone(t *testing.T) {
	from, _ := filledLibrary(t, ormtest.SQLite(t))
	to := open(t, ormtest.Postgres(t))
	run(t, to, "CREATE TABLE aid AS SELECT 'x' AS name", "ALTER EXTENSION plpgsql ADD TABLE aid")
	if _, err := transfer(t, from, to); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"x"}, texts(t, to, "SELECT name FROM aid")); diff != "" {
		t.Error(diff)
	}
}

// TestTransferFailsAsAWhole loses the connection to the target at each statement in turn.
func TestTransferFailsAsAWhole(t *testing.T) {
	from, reg := filledLibrary(t, ormtest.SQLite(t))
	to, _ := library(t, ormtest.Postgres(t))
	var n, step int
	faulty := ormtest.Faults(t, to, func(statement string) error {
		if n++; n == step && statement != "ROLLBACK" {
			return errLost
		}
		return nil
	})
	for step = 1; ; step++ {
		n = 0
		_, err := transfer(t, from, faulty)
		if n < step {
			break
		}
		if !errors.Is(err, errLost) {
			t.Errorf("statement %d: %v", step, err)
		}
		if got := dump(t, to, reg, migrate.DumpOptions{}); got != "[]" {
			t.Fatalf("statement %d leaves %s", step, got)
		}
	}
	if got := dump(t, to, reg, migrate.DumpOptions{Indent: 2}); got != everyKind {
		t.Error("in the end it is not copied")
	}
}

// TestTransferInBatches copies more than one batch: the number of statements depends on the batches, not on the rows.
func TestTransferInBatches(t *testing.T) {
	for _, kind := range []string{orm.Postgres, orm.SQLite} {
		urls := map[string]func(testing.TB) string{orm.SQLite: ormtest.SQLite, orm.Postgres: ormtest.Postgres}
		from, _ := library(t, urls[map[string]string{orm.SQLite: orm.Postgres, orm.Postgres: orm.SQLite}[kind]](t))
		run(t, from, "INSERT INTO library_author (name) WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < 5000) SELECT 'a' || i FROM r")
		to, _ := library(t, urls[kind](t))
		ctx, statements := orm.CountStatements(t.Context())
		if _, err := migrate.Transfer(ctx, from, to, migrate.TransferOptions{}); err != nil {
			t.Fatal(err)
		}
		if n := writes(statements.Texts(), "library_author"); n != 3 {
			t.Errorf("%s: %d statements for 5000 rows: %s", kind, n, fmt.Sprint(statements.Texts()))
		}
	}
}

// TestTransferOfLargeRows has two rows that are a batch each.
func TestTransferOfLargeRows(t *testing.T) {
	from, _ := filledLibrary(t, ormtest.SQLite(t))
	to, _ := library(t, ormtest.Postgres(t))
	run(t, from, "UPDATE library_book SET blob = zeroblob(9000000)")
	ctx, statements := orm.CountStatements(t.Context())
	if _, err := migrate.Transfer(ctx, from, to, migrate.TransferOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := writes(statements.Texts(), `"library_book"`); n != 2 {
		t.Errorf("%d statements for 2 large rows", n)
	}
}

// writes counts the statements that write rows to a table.
func writes(statements []string, table string) (n int) {
	for _, text := range statements {
		if strings.Contains(text, table) && (strings.HasPrefix(text, "COPY") || strings.HasPrefix(text, "INSERT")) {
			n++
		}
	}
	return n
}
