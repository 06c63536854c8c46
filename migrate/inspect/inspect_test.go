package inspect_test

import (
	"bytes"
	"context"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrate/inspect"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

var update = flag.Bool("update", false, "write the recorded models anew")

// existing is a database to look at.
type existing struct {
	name  string
	make  func(t *testing.T, db *orm.DB)
	args  []string // of inspectdb
	posts []post
}

// statements makes a database by the statements of testdata.
func statements(names ...string) func(*testing.T, *orm.DB) {
	return func(t *testing.T, db *orm.DB) {
		t.Helper()
		for _, name := range names {
			text, err := os.ReadFile("testdata/" + strings.ReplaceAll(name, "DIALECT", db.Dialect()) + ".sql")
			if err != nil {
				t.Fatal(err)
			}
			for statement := range strings.SplitSeq(string(text), ";\n") {
				if strings.TrimSpace(statement) == "" {
					continue
				}
				if _, err := db.SQL.Exec(statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
		}
	}
}

// django makes the database of the shop, which is as Django makes it.
func django(t *testing.T, db *orm.DB) {
	t.Helper()
	if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: migrations.Files()}); err != nil {
		t.Fatal(err)
	}
}

// inspectdb runs the command on a database.
func inspectdb(t *testing.T, url string, args ...string) (stdout, stderr string) {
	t.Helper()
	stdout, stderr, err := attempt(url, args...)
	if err != nil {
		t.Fatalf("inspectdb %s: %v\n%s", args, err, stderr)
	}
	return stdout, stderr
}

func attempt(url string, args ...string) (stdout, stderr string, err error) {
	cmd := quintet.New(quintet.Options{Environ: []string{"DATABASE_URL=" + url}}).Command()
	var out, errs bytes.Buffer
	cmd.SetArgs(append([]string{"inspectdb"}, args...))
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	err = cmd.ExecuteContext(context.Background())
	return out.String(), errs.String(), err
}

// each runs a test on each database of both kinds.
func each(t *testing.T, test func(t *testing.T, e existing, db *orm.DB, url string)) {
	for _, e := range databases {
		for dialect, make := range map[string]func(testing.TB) string{orm.SQLite: ormtest.SQLite, orm.Postgres: ormtest.Postgres} {
			t.Run(e.name+"-"+dialect, func(t *testing.T) {
				url := make(t)
				db := ormtest.Open(t, url)
				e.make(t, db)
				test(t, e, db, url)
			})
		}
	}
}

// TestModels compares the models, and below them what was reported, with the recorded ones.
func TestModels(t *testing.T) {
	each(t, func(t *testing.T, e existing, db *orm.DB, url string) {
		models, problems := inspectdb(t, url, append(e.args, "--app", e.name)...)
		noCode(t, []byte(models))
		_, models, _ = strings.Cut(models, "\npackage ") // the comment before it names the database
		got := "package " + models + "\n/*\n" + problems + "*/\n"
		name := filepath.Join("testdata", filepath.Base(t.Name())+".golden")
		if *update {
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("go test ./migrate/inspect -update writes them anew (-recorded +written):\n%s", diff)
		}
	})
}

// noCode fails when a name of the database has become code: those of the tests would be functions init.
func noCode(t *testing.T, source []byte) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, declared := range file.Decls {
		if f, ok := declared.(*ast.FuncDecl); ok && f.Name.Name == "init" {
			t.Errorf("a name has become code:\n%s", source)
		}
	}
}

// TestNameOfTheDatabase writes every file for a database whose name has several lines.
func TestNameOfTheDatabase(t *testing.T) {
	const lines = "shop\npackage evil\nfunc init() { panic(1) }\n//"
	files, err := inspect.Draft(&inspect.Database{Name: lines, Tables: []*inspect.Table{{
		Name: "item", Comment: lines, Notes: []string{lines}, Primary: []string{"id"},
		Columns: []*inspect.Column{{Name: "id", Type: "integer", Comment: lines}},
	}}}, inspect.Naming{}).Resources("example.com/shop")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if noCode(t, f.Text); !bytes.Contains(f.Text, []byte("shop package evil func init() { panic(1) } //")) {
			t.Errorf("%s does not name the database:\n%s", f.Path, f.Text)
		}
	}
}

// TestWhatIsLookedAt tries the command's arguments. Want is part of what it prints, or of its error.
func TestWhatIsLookedAt(t *testing.T) {
	lite, server := ormtest.SQLite(t), ormtest.Postgres(t)
	statements("music-DIALECT")(t, ormtest.Open(t, lite))
	statements("music-DIALECT")(t, ormtest.Open(t, server))
	project := newModule(t)
	write(t, filepath.Join(project, "taken", "internal", "models", "music.go"), "package models")
	path := "?search_path="
	if strings.Contains(server, "?") {
		path = "&search_path="
	}
	for _, c := range []struct {
		url, args, want string
	}{
		{lite, "film_text", "// It refers to film, which is no model here.\n\tFilmID "},
		{lite, "cheap_films", "type CheapFilms struct"},
		{lite, "film_text --package stock", "package stock"},
		{lite, "nothing film", `there is no table "nothing"; there are Album, `},
		{lite, "log", "there is no table to write a model for"},
		{ormtest.SQLite(t), "", "DATABASE_URL names the database"},
		{server + path + "hidden", "", "type Secret struct"},
		{server + path + "hidden,public", "opened secret", "*Secret `orm:\"on_delete=protect,blank\"`"},
		{server, "payment_2024 --include-partitions", `table "payment_2024": it has no primary key`},
		{lite, "--resources --output " + t.TempDir(), "go mod init"},
		{lite, "--app music --output " + project + "/taken", "say --force"},
		{lite, "--app music --force --output " + project + "/taken", "internal/models/music.go\n"},
	} {
		out, errs, err := attempt(c.url, strings.Fields(c.args)...)
		if err == nil {
			errs = out
		}
		if !strings.Contains(errs, c.want) {
			t.Errorf("inspectdb %s: got %q, want %q", c.args, errs, c.want)
		}
	}
}
