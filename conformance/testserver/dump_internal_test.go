package testserver

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/conformance"
)

func TestCutCopy(t *testing.T) {
	for name, c := range map[string]struct{ dump, statements, copyLine, rows, after string }{
		"nothing":        {"", "", "", "", ""},
		"no rows":        {"SELECT 1;\n", "SELECT 1;\n", "", "", ""},
		"rows":           {"A;\nCOPY t (a) FROM stdin;\n1\n2\n\\.\nB;\n", "A;", "COPY t (a) FROM stdin;", "1\n2\n", "B;\n"},
		"an empty table": {"A;\nCOPY t (a) FROM stdin;\n\\.\nB;\n", "A;", "COPY t (a) FROM stdin;", "", "B;\n"},
		"two tables":     {"A;\nCOPY t FROM stdin;\n1\n\\.\n\nCOPY u FROM stdin;\n2\n\\.\n", "A;", "COPY t FROM stdin;", "1\n", "\nCOPY u FROM stdin;\n2\n\\.\n"},
		"no end":         {"A;\nCOPY t FROM stdin;\n1\n2", "A;", "COPY t FROM stdin;", "\n1\n2", ""},
		"COPY in a row":  {"A;\nCOPY t FROM stdin;\nx\tCOPY u\n\\.\n", "A;", "COPY t FROM stdin;", "x\tCOPY u\n", ""},
		"escaped dot":    {"A;\nCOPY t FROM stdin;\n\\\\.\n\\.\nB", "A;", "COPY t FROM stdin;", "\\\\.\n", "B"},
		"an empty row":   {"A;\nCOPY t FROM stdin;\n\n\n\\.\nB", "A;", "COPY t FROM stdin;", "\n\n", "B"},
	} {
		statements, copyLine, rows, after := cutCopy(c.dump)
		if statements != c.statements || copyLine != c.copyLine || rows != c.rows || after != c.after {
			t.Errorf("%s: %q, %q, %q, %q\nwant %q, %q, %q, %q", name, statements, copyLine, rows, after, c.statements, c.copyLine, c.rows, c.after)
		}
	}
}

// TestDumpIsCutWhole: of the recorded dump nothing is lost, and every table's rows have as many columns as it names.
func TestDumpIsCutWhole(t *testing.T) {
	dump, err := fixture("shop-postgres.sql")
	if err != nil {
		t.Fatal(err)
	}
	tables, length := 0, 0
	for rest := string(dump); rest != ""; {
		statements, copyLine, rows, after := cutCopy(rest)
		if length += len(statements) + len(copyLine) + len(rows); copyLine != "" {
			tables, length = tables+1, length+len("\n\n\\.\n")
			columns := strings.Count(copyLine, ",") + 1
			for line := range strings.Lines(rows) {
				if got := strings.Count(line, "\t") + 1; got != columns {
					t.Errorf("%s: %q has %d columns", copyLine, line, got)
				}
			}
		}
		if after == rest {
			t.Fatal("nothing was cut")
		}
		rest = after
	}
	if tables < 20 || length != len(dump) {
		t.Errorf("%d tables, %d of %d bytes", tables, length, len(dump))
	}
}

func TestSQLitePath(t *testing.T) {
	for address, want := range map[string]string{
		"sqlite:shop.db": "shop.db", "sqlite:/var/shop.db?mode=rw": "/var/shop.db", "sqlite:///var/shop.db": "/var/shop.db", "file:shop.db?x=1": "shop.db",
		"/var/shop.db": "/var/shop.db", "sqlite:": "", "sqlite:?mode=memory": "", "sqlite::memory:": ":memory:",
	} {
		if got := sqlitePath(address); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

func TestDependentsComeAlong(t *testing.T) {
	a, b := &pgTable{name: "a", dependents: []string{"b"}}, &pgTable{name: "b", dependents: []string{"c", "b"}}
	c, d := &pgTable{name: "c", dependents: []string{"a"}}, &pgTable{name: "d"}
	database := &postgresDatabase{tables: []*pgTable{a, b, c, d}}
	for _, tt := range []struct {
		of   []*pgTable
		want string
	}{
		{nil, ""}, {[]*pgTable{d}, "d"}, {[]*pgTable{b}, "b c a"}, {[]*pgTable{d, a}, "d a b c"}, {[]*pgTable{a, b, c, d}, "a b c d"},
	} {
		var names []string
		for _, table := range database.withDependents(tt.of) {
			names = append(names, table.name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestRewriteScripts(t *testing.T) {
	tables := []*pgTable{{name: "a"}, {name: `b"c`}}
	database := &postgresDatabase{tables: tables}
	if got := database.rewrite(nil); !strings.HasPrefix(got, "SELECT setval") || strings.Contains(got, "TRUNCATE") {
		t.Errorf("for no tables: %s", got)
	}
	for trusted, want := range map[bool]bool{true: true, false: false} {
		database.trusted = trusted
		got := database.rewrite(tables)
		if strings.Contains(got, "session_replication_role = replica") != want || !strings.Contains(got, `TRUNCATE "public"."a", "public"."b""c";`) ||
			strings.Count(got, "INSERT INTO") != 2 || !strings.HasPrefix(got, "BEGIN;") || !strings.HasSuffix(got, "COMMIT;") {
			t.Errorf("trusted %v: %s", trusted, got)
		}
	}
}

func TestMediaFolderIsThatOfTheFixture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "media")
	for range 2 { // the folder is made, then restored
		if err := restoreMedia(dir); err != nil {
			t.Fatal(err)
		}
	}
	want := 0
	err := fs.WalkDir(conformance.Files(), "fixtures/media", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		want++
		matches, err := filepath.Glob(filepath.Join(dir, strings.TrimPrefix(path, "fixtures/media/")))
		if len(matches) != 1 {
			t.Errorf("%s is not there", path)
		}
		return err
	})
	if err != nil || want == 0 {
		t.Errorf("%d files, %v", want, err)
	}
}
