package migrate

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSplitSQL(t *testing.T) {
	cases := []struct {
		name, dialect, text string
		want                []Statement
	}{
		{"none", "sqlite", " \n-- only a comment;\n/* and; another */\n", nil},
		{"two", "sqlite", "SELECT 1;\n\n-- second\nSELECT 2", []Statement{{"SELECT 1", 1}, {"SELECT 2", 4}}},
		{"empty ones", "sqlite", ";;SELECT 1;;", []Statement{{"SELECT 1", 1}}},
		{"quotes", "sqlite", `SELECT ';', 'it''s;', "a;""b", ` + "`c;`" + `, [d;]; SELECT 2`, []Statement{
			{`SELECT ';', 'it''s;', "a;""b", ` + "`c;`" + `, [d;]`, 1}, {"SELECT 2", 1},
		}},
		{"backslash is a character", "sqlite", `SELECT '\'; SELECT 2`, []Statement{{`SELECT '\'`, 1}, {"SELECT 2", 1}}},
		{"escape string", "postgres", `SELECT E'\';', 'e\'; SELECT 2`, []Statement{{`SELECT E'\';', 'e\'`, 1}, {"SELECT 2", 1}}},
		{"word that ends in e", "postgres", `SELECT date'\'; SELECT 2`, []Statement{{`SELECT date'\'`, 1}, {"SELECT 2", 1}}},
		{"array subscript", "postgres", `SELECT a[1]; SELECT 2`, []Statement{{`SELECT a[1]`, 1}, {"SELECT 2", 1}}},
		{"comment inside", "sqlite", "SELECT 1 -- ;\n, 2; SELECT 3", []Statement{{"SELECT 1 -- ;\n, 2", 1}, {"SELECT 3", 2}}},
		{"nested comment", "postgres", "/* a /* b; */ c; */ SELECT 1", []Statement{{"SELECT 1", 1}}},
		{"flat comment", "sqlite", "/* a /* b; */ SELECT 1", []Statement{{"SELECT 1", 1}}},
		{"dollar quotes", "postgres", "DO $$ BEGIN; END $$; SELECT $x$ ; $$ ; $x$, $1", []Statement{
			{"DO $$ BEGIN; END $$", 1}, {"SELECT $x$ ; $$ ; $x$, $1", 1},
		}},
		{
			"trigger", "sqlite",
			"CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM b; END; SELECT 2",
			[]Statement{
				{"CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN 2 END; DELETE FROM b; END", 1},
				{"SELECT 2", 1},
			},
		},
		{
			"atomic function", "postgres",
			"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; SELECT 3",
			[]Statement{
				{"CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", 1}, {"SELECT 3", 1},
			},
		},
		{
			"words that are names", "sqlite", `CREATE TABLE a (trigger text, "begin" text, function text CHECK (CASE a WHEN 1 THEN 2); SELECT 2`,
			[]Statement{{`CREATE TABLE a (trigger text, "begin" text, function text CHECK (CASE a WHEN 1 THEN 2)`, 1}, {"SELECT 2", 1}},
		},
		{
			"constraint trigger", "postgres", "create or replace constraint trigger t after insert on a execute function begin(); SELECT 2",
			[]Statement{{"create or replace constraint trigger t after insert on a execute function begin()", 1}, {"SELECT 2", 1}},
		},
		{"temporary", "sqlite", "CREATE TEMPORARY TRIGGER t BEGIN SELECT 1; END; SELECT 2", []Statement{
			{"CREATE TEMPORARY TRIGGER t BEGIN SELECT 1; END", 1}, {"SELECT 2", 1},
		}},
		{"dropping", "sqlite", "DROP TRIGGER t; BEGIN; SELECT 2; END", []Statement{{"DROP TRIGGER t", 1}, {"BEGIN", 1}, {"SELECT 2", 1}, {"END", 1}}},
		{"lone dollar", "postgres", "SELECT 1 AS a$b, '$$'; SELECT $1; SELECT 'a'$", []Statement{
			{"SELECT 1 AS a$b, '$$'", 1}, {"SELECT $1", 1}, {"SELECT 'a'$", 1},
		}},
		{"windows lines", "sqlite", "-- x\r\nSELECT 1;\r\nSELECT\r\n2;\r\n", []Statement{{"SELECT 1", 2}, {"SELECT\r\n2", 3}}},
		{"plain case", "sqlite", "SELECT CASE 1 WHEN 1 THEN 2; SELECT 2", []Statement{{"SELECT CASE 1 WHEN 1 THEN 2", 1}, {"SELECT 2", 1}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, err := splitSQL(c.text, c.dialect)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSplitSQLRefuses(t *testing.T) {
	cases := []struct{ name, dialect, text, want string }{
		{"quote", "sqlite", "SELECT 1;\nSELECT 'a;", "line 2: the quote that begins here is not ended"},
		{"comment", "postgres", "SELECT 1 /* a /* b */", "line 1: the comment that begins here is not ended"},
		{"dollar quote", "postgres", "\n\nDO $body$ BEGIN", "line 3: the quote $body$ that begins here is not ended"},
		{"body", "sqlite", "CREATE TRIGGER t BEGIN SELECT 1;", "line 1: the body of this statement has no END"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if _, err := splitSQL(c.text, c.dialect); err == nil || err.Error() != c.want {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

// FuzzSplitSQL checks that statements are pieces of the text, in order.
func FuzzSplitSQL(f *testing.F) {
	for _, seed := range []string{"SELECT ';' ; -- x\nSELECT 2", "DO $a$;$a$;", "CREATE TRIGGER t BEGIN a; END;", "/* /* */ */;", "e'\\", "["} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, postgres bool) {
		dialect := "sqlite"
		if postgres {
			dialect = "postgres"
		}
		statements, err := splitSQL(text, dialect)
		if err != nil {
			return
		}
		from := 0
		for _, s := range statements {
			at := strings.Index(text[from:], s.SQL)
			if at < 0 || s.SQL == "" {
				t.Fatalf("%q is no piece of %q", s.SQL, text[from:])
			}
			from += at + len(s.SQL)
		}
	})
}
