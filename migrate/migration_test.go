package migrate_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
)

func files(texts map[string]string) fstest.MapFS {
	fs := fstest.MapFS{}
	for name, text := range texts {
		fs[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fs
}

func TestRead(t *testing.T) {
	fs := files(map[string]string{
		"sqlite/0002_b.sql":   "-- Two.\n-- records: b.0001_initial\n-- records: b.0002_noop (state only)\nSELECT 2; SELECT 3",
		"sqlite/0001_a.sql":   "--records:  a.0001_initial \n\nSELECT 1;\n-- records: a.0002_not_in_the_head",
		"postgres/0001_a.sql": "-- records: a.0001_initial\n",
	})
	steps, err := migrate.Read(fs, "sqlite")
	if err != nil {
		t.Fatal(err)
	}
	type step struct {
		File, Number string
		Records      []string
		SQL          []string
	}
	var got []step
	for _, m := range steps {
		s := step{File: m.File, Number: m.Number}
		for _, r := range m.Records {
			s.Records = append(s.Records, r.String())
		}
		for _, statement := range m.Statements {
			s.SQL = append(s.SQL, statement.SQL)
		}
		got = append(got, s)
	}
	want := []step{
		{"sqlite/0001_a.sql", "0001", []string{"a.0001_initial"}, []string{"SELECT 1"}},
		{"sqlite/0002_b.sql", "0002", []string{"b.0001_initial", "b.0002_noop"}, []string{"SELECT 2", "SELECT 3"}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestReadReportsAllMistakes(t *testing.T) {
	_, err := migrate.Read(files(map[string]string{
		"sqlite/0001_a.sql":  "-- records: a.0001_initial",
		"sqlite/0001_b.sql":  "-- records: a.0001_initial",
		"sqlite/0002_c.sql":  "SELECT 1",
		"sqlite/0003_d.sql":  "-- records: d.0001, d.0002\nSELECT 'x",
		"sqlite/initial.sql": "",
		"sqlite/0004_e.sql":  "-- records: e.0001_noop (state only)",
	}), "sqlite")
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		"sqlite/0001_b.sql: has number 0001, as sqlite/0001_a.sql has",
		"sqlite/0001_b.sql: has a.0001_initial, as sqlite/0001_a.sql has",
		"sqlite/0002_c.sql: does not say what it records",
		`sqlite/0003_d.sql: records "d.0001, d.0002"; write one app.name a line`,
		"sqlite/0003_d.sql: line 2: the quote that begins here is not ended",
		"sqlite/initial.sql: is not named like 0001_catalog_initial.sql",
		"sqlite/0004_e.sql: does not say what it records",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q:\n%v", want, err)
		}
	}
}

func TestReadNamesTheMissingFolder(t *testing.T) {
	_, err := migrate.Read(fstest.MapFS{}, "postgres")
	if err == nil || !strings.Contains(err.Error(), "migrations for postgres") {
		t.Errorf("got %v", err)
	}
}
