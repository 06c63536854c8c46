package quintet_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

// Pot and Plant are models that change between two runs of makemigrations.
type Pot struct {
	ID   int64  `gorm:"primaryKey"`
	Name string `gorm:"size:20"`
}

func (Pot) Meta() orm.Meta { return orm.Meta{App: "garden"} }

func (Pot) TableName() string { return "garden_pot" }

// Vessel is Pot later on.
type Vessel struct {
	ID     int64  `gorm:"primaryKey"`
	Title  string `gorm:"size:20"`
	Litres int64
}

func (Vessel) Meta() orm.Meta { return orm.Meta{App: "garden", Name: "pot"} }

func (Vessel) TableName() string { return "garden_pot" }

// making runs makemigrations with models, in a folder.
func making(t *testing.T, models []any, folder, stdin, args string) (string, error) {
	t.Helper()
	o := programOptions()
	o.Models = models
	return commandOf(t, o, nil, stdin, append([]string{"makemigrations", "--dir", folder}, strings.Fields(args)...)...)
}

func listed(t *testing.T, folder string) string {
	t.Helper()
	var names []string
	for _, kind := range []string{"sqlite", "postgres", "state"} {
		found, err := filepath.Glob(filepath.Join(folder, kind, "*"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			name, _ := filepath.Rel(folder, path)
			names = append(names, filepath.ToSlash(name))
		}
	}
	return strings.Join(names, " ")
}

// TestMakeMigrations goes through a project's life: the first migration, no change, changes that are asked about, an empty
// step.
func TestMakeMigrations(t *testing.T) {
	dir := t.TempDir()
	before, after := []any{&Pot{}}, []any{&Vessel{}}
	steps := []struct {
		models      []any
		args, stdin string
		want        string
		fails       bool
	}{
		{models: before, args: "--check", want: "create table garden_pot", fails: true},
		{models: before, args: "--dry-run", want: `CREATE TABLE "garden_pot"`},
		{models: before, want: "0005_garden_initial"},
		{models: before, want: "No changes detected."},
		{models: before, args: "--check", want: "No changes detected."},
		{models: after, args: "--no-input", want: "--rename garden.pot.name=title", fails: true},
		{models: after, args: "--no-input --rename garden.pot.name=title", want: "--default garden.pot.litres=…", fails: true},
		{models: after, args: "--rename garden.pot.name=title --default garden.pot.litres=many", want: `"many" is no BigInteger`, fails: true},
		{models: after, args: "--default litres=1", want: "write app.model.field=value", fails: true},
		{models: after, args: "--empty", want: "goes with the app", fails: true},
		{models: after, args: "--dry-run", stdin: "y\n5\n", want: `RENAME COLUMN "name" TO "title"`},
		{models: after, args: "--dry-run --no-input --no-renames --default garden.pot.title= --default garden.pot.litres=1", want: `DROP COLUMN "name"`},
		{models: after, args: "--name bigger", stdin: "y\n5\n", want: "Was garden.pot.name renamed to garden.pot.title? [y/N]:"},
		{models: after, args: "--check", want: "No changes detected."},
		{models: after, args: "garden --empty --name fill", want: "0007_garden_fill"},
		{models: after, args: "nowhere --empty", want: "is no app", fails: true},
		{models: after, args: "--check", want: "No changes detected."},
	}
	for _, s := range steps {
		out, err := making(t, s.models, dir, s.stdin, s.args)
		if (err != nil) != s.fails || !strings.Contains(out, s.want) {
			t.Fatalf("makemigrations %s: %v\n%s", s.args, err, out)
		}
	}
	for _, name := range []string{"sqlite/0006_garden_bigger.sql", "postgres/0006_garden_bigger.sql", "state/0006_garden_bigger.json", "postgres/0007_garden_fill.sql"} {
		if !strings.Contains(listed(t, dir), name) {
			t.Errorf("%s is missing among %s", name, listed(t, dir))
		}
	}
}

// TestMakeMigrationsAfterHandwrittenOnes: what has no recorded schema says how to record one.
func TestMakeMigrationsAfterHandwrittenOnes(t *testing.T) {
	dir := t.TempDir()
	if out, err := making(t, []any{&Pot{}}, dir, "", ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.RemoveAll(filepath.Join(dir, "state")); err != nil {
		t.Fatal(err)
	}
	if out, err := making(t, []any{&Pot{}}, dir, "", "--check"); err == nil || !strings.Contains(out, "makemigrations --baseline") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, args := range []string{"--baseline", "--check"} {
		if out, err := making(t, []any{&Pot{}}, dir, "", args); err != nil {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
	if out, err := making(t, []any{&Pot{}}, filepath.Join(dir, "nowhere"), "", ""); err == nil || !strings.Contains(out, "say --dir") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestMigrateToAName goes back and forth by the command.
func TestMigrateToAName(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		dir := t.TempDir()
		for _, models := range [][]any{{&Pot{}}, {&Vessel{}}} {
			if out, err := making(t, models, dir, "y\n5\n", ""); err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		o := programOptions()
		o.Models, o.Migrations = []any{&Vessel{}}, os.DirFS(dir)
		steps := []struct{ args, want string }{
			{"sqlmigrate 0006 --dialect postgres", `RENAME COLUMN "name" TO "title"`},
			{"sqlmigrate 0006 --dialect sqlite --backwards", `RENAME COLUMN "title" TO "name"`},
			{"migrate", "applied"},
			{"showmigrations", "[X]"},
			{"migrate --check", "No dangers found."},
			{"migrate 0005 --plan", "undo"},
			{"migrate 0005", "undone"},
			{"showmigrations", "[ ]"},
			{"migrate 0006 --plan", "0006_"},
			{"migrate 0006 --fake", "applied"},
			{"migrate 0005 --fake", "undone"},
			{"migrate 0006", "applied"},
			{"migrate 0006", "No migrations to apply."},
		}
		environ = append(folder(t), environ...)
		for _, s := range steps {
			out, err := commandOf(t, o, environ, "", strings.Fields(s.args)...)
			if err != nil || !strings.Contains(out, s.want) {
				t.Fatalf("%s: %v\n%s", s.args, err, out)
			}
		}
		if out, err := commandOf(t, o, nil, "", "migrate", "--check", "0005"); err == nil || !strings.Contains(out, "rename-column: running code still uses name of garden_pot") {
			t.Errorf("%v\n%s", err, out)
		}
		if out, err := commandOf(t, o, environ, "", "migrate", "0009"); err == nil || !strings.Contains(out, `no migration is called "0009"`) {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// TestMergeCommand merges what two branches wrote.
func TestMergeCommand(t *testing.T) {
	dir := t.TempDir()
	if out, err := making(t, []any{&Pot{}}, dir, "", ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := making(t, []any{&Pot{}}, dir, "", "--merge"); err != nil || !strings.Contains(out, "Nothing to merge.") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, name := range []string{"left", "right"} {
		if out, err := making(t, []any{&Pot{}}, dir, "", "garden --empty --name "+name); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	sideBySide(t, dir)
	if out, err := making(t, []any{&Pot{}}, dir, "", "--check"); err == nil || !strings.Contains(out, "makemigrations --merge") {
		t.Errorf("%v\n%s", err, out)
	}
	for _, s := range []struct{ args, want string }{
		{"--merge --dry-run", "sqlite/0006_garden_right.sql → sqlite/0007_garden_right.sql"},
		{"--merge", "state/0006_garden_right.json → state/0007_garden_right.json"},
		{"--check", "No changes detected."},
	} {
		if out, err := making(t, []any{&Pot{}}, dir, "", s.args); err != nil || !strings.Contains(out, s.want) {
			t.Errorf("%s: %v\n%s", s.args, err, out)
		}
	}
}

// sideBySide makes the last migration one that was written beside the one before.
func sideBySide(t *testing.T, dir string) {
	t.Helper()
	for _, name := range strings.Fields(listed(t, dir)) {
		if !strings.Contains(name, "/0007_") {
			continue
		}
		from := filepath.Join(dir, name)
		text, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		beside := strings.ReplaceAll(string(text), "-- after: 0006_garden_left", "-- after: 0005_garden_initial")
		if err := os.WriteFile(strings.Replace(from, "0007_", "0006_", 1), []byte(beside), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Remove(from); err != nil {
			t.Fatal(err)
		}
	}
}
