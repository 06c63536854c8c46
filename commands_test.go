package quintet_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// command runs a command of the sample application in this process and returns what it printed.
func command(t *testing.T, environ []string, stdin string, args ...string) (string, error) {
	t.Helper()
	return commandOf(t, programOptions(), environ, stdin, args...)
}

// commandOf runs a command of any application.
func commandOf(t *testing.T, o quintet.Options, environ []string, stdin string, args ...string) (string, error) {
	t.Helper()
	o.Environ = environ
	cmd := quintet.New(o).Command()
	var out bytes.Buffer
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetIn(strings.NewReader(stdin))
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(context.Background())
	return out.String(), err
}

// migrated is an environment with a database of which all migrations are applied.
func migrated(t *testing.T, environ ...string) []string {
	t.Helper()
	environ = append(folder(t), environ...)
	if out, err := command(t, environ, "", "migrate"); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return environ
}

// account opens the database and returns an account of it.
func account(t *testing.T, environ []string, username string) (*identity.Store, *identity.User) {
	t.Helper()
	config, err := quintet.LoadConfig(environ)
	if err != nil {
		t.Fatal(err)
	}
	app := quintet.New(programOptions())
	if err := app.Open(context.Background(), config, &log{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	user, err := app.Users().ByUsername(context.Background(), username)
	if err != nil {
		t.Fatal(err)
	}
	return app.Users(), user
}

func TestVersion(t *testing.T) {
	out, err := command(t, []string{"QUINTET_NONSENSE=1"}, "", "version") // needs no configuration
	if err != nil || !strings.HasPrefix(out, "sample 1.2.3 (revision ") {
		t.Errorf("%q %v", out, err)
	}
}

func TestCommandsRefuseABadConfiguration(t *testing.T) {
	for _, args := range []string{"", "serve", "migrate", "check", "createsuperuser", "changepassword", "loaddata x", "dumpdata", "healthcheck"} {
		out, err := command(t, append(folder(t), "QUINTET_ADRR=1", "QUINTET_ENV=x"), "", strings.Fields(args)...)
		if err == nil || !strings.Contains(out, "QUINTET_ADDR?") || !strings.Contains(out, "write development or production") {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}

func TestUnknownCommand(t *testing.T) {
	if out, err := command(t, folder(t), "", "migrat"); err == nil || !strings.Contains(out, "unknown command") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestMigrateCommand(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		environ = append(folder(t), environ...)
		dialect := path.Base(t.Name())
		steps := []struct{ args, want, not string }{
			{"check", "lacks", "No mistakes"},
			{"migrate --list", "[ ] " + dialect + "/0001_contenttypes_initial.sql", "[X]"},
			{"migrate --plan", dialect + "/0002_auth_initial.sql", "applied"},
			{"migrate", "applied " + dialect + "/0002_auth_initial.sql", "No migrations"},
			{"migrate", "No migrations to apply.", "applied "},
			{"migrate --plan", "No migrations to apply.", dialect + "/"},
			{"migrate --list", "[X] " + dialect + "/0001_contenttypes_initial.sql", "[ ]"},
			{"check", "No mistakes found.", "lacks"},
		}
		for _, s := range steps {
			out, err := command(t, environ, "", strings.Fields(s.args)...)
			if (err != nil) != (s.want == "lacks") || !strings.Contains(out, s.want) || strings.Contains(out, s.not) {
				t.Errorf("%s: %v: %s", s.args, err, out)
			}
		}
	})
}

func TestCreateSuperuser(t *testing.T) {
	tests := []struct {
		name, args, environ, stdin string
		username, password, email  string // no username: refused
		output                     string
	}{
		{
			name: "by environment", args: "--no-input", environ: "DJANGO_SUPERUSER_USERNAME=ada DJANGO_SUPERUSER_PASSWORD=x DJANGO_SUPERUSER_EMAIL=a@B.C",
			username: "ada", password: "x", email: "a@b.c", output: "Superuser ada created.",
		},
		{
			name: "ours wins", args: "--noinput", environ: "DJANGO_SUPERUSER_USERNAME=no QUINTET_SUPERUSER_USERNAME=ada QUINTET_SUPERUSER_PASSWORD=y",
			username: "ada", password: "y",
		},
		{name: "by flags", args: "--no-input --username ada --email a@b.c", username: "ada", email: "a@b.c", output: "no password yet"},
		{name: "no name", args: "--no-input", output: "DJANGO_SUPERUSER_USERNAME"},
		{name: "bad name", args: "--no-input --username a/b", output: "valid username"},
		{
			name: "asked", stdin: "ada\na@b.c\nlavender-9-harbour\nlavender-9-harbour\n",
			username: "ada", password: "lavender-9-harbour", email: "a@b.c", output: "Username: E-mail address: Password: ",
		},
		{name: "asked, no e-mail, no final newline", stdin: "ada\n\nlavender-9-harbour\nlavender-9-harbour", username: "ada", password: "lavender-9-harbour"},
		{name: "asked for the rest", args: "--username ada --email a@b.c", stdin: "lavender-9-harbour\nlavender-9-harbour\n", username: "ada", password: "lavender-9-harbour", email: "a@b.c"},
		{
			name: "second attempt", stdin: "a b\nada\n\none\ntwo\nlavender-9-harbour\nlavender-9-harbour\n",
			username: "ada", password: "lavender-9-harbour", output: "passwords differ",
		},
		{name: "weak, insisting", stdin: "ada\n\n1234\n1234\ny\n", username: "ada", password: "1234", output: "too short"},
		{name: "weak, giving in", stdin: "ada\n\n1234\n1234\nn\nlavender-9-harbour\nlavender-9-harbour\n", username: "ada", password: "lavender-9-harbour"},
		{name: "blank cannot be insisted on", stdin: "ada\n\n\n\n\n\n\n\n", output: "no password after 3 attempts"},
		{name: "input ends", stdin: "ada\n", output: "--no-input"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environ := migrated(t)
			out, err := command(t, append(environ, strings.Fields(tt.environ)...), tt.stdin, append([]string{"createsuperuser"}, strings.Fields(tt.args)...)...)
			if (err == nil) != (tt.username != "") || !strings.Contains(out, tt.output) {
				t.Fatalf("%v: %s", err, out)
			}
			if tt.username != "" {
				checkSuperuser(t, environ, tt.username, tt.password, tt.email)
			}
		})
	}
}

func checkSuperuser(t *testing.T, environ []string, username, password, email string) {
	t.Helper()
	store, user := account(t, environ, username)
	if !user.IsSuperuser || !user.IsStaff || !user.IsActive || user.Email != email {
		t.Errorf("stored %+v", user)
	}
	if password == "" {
		if user.HasUsablePassword() {
			t.Error("there is a password")
		}
		return
	}
	if ok, err := store.CheckPassword(context.Background(), user, password); !ok || err != nil {
		t.Errorf("the password is another one: %v", err)
	}
}

func TestCreateSuperuserTwice(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		environ = migrated(t, environ...)
		args := []string{"createsuperuser", "--no-input", "--username", "ada"}
		if out, err := command(t, environ, "", args...); err != nil {
			t.Fatal(out, err)
		}
		if out, err := command(t, environ, "", args...); err == nil || !strings.Contains(out, `"ada" is taken`) {
			t.Errorf("%v: %s", err, out)
		}
		if out, err := command(t, environ, "ada\nada\nada\n", "createsuperuser"); err == nil || !strings.Contains(out, "taken") {
			t.Errorf("asked: %v: %s", err, out)
		}
	})
}

func TestChangePassword(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		environ = migrated(t, environ...)
		if out, err := command(t, environ, "", "createsuperuser", "--no-input", "--username", "ada"); err != nil {
			t.Fatal(out, err)
		}
		if out, err := command(t, environ, "lavender-9-harbour\nlavender-9-harbour\n", "changepassword", "ada"); err != nil {
			t.Fatal(out, err)
		}
		store, user := account(t, environ, "ada")
		if ok, _ := store.CheckPassword(context.Background(), user, "lavender-9-harbour"); !ok {
			t.Error("the password was not changed")
		}
		if out, err := command(t, environ, "", "changepassword", "nobody"); err == nil || !strings.Contains(out, `no account named "nobody"`) {
			t.Errorf("%v: %s", err, out)
		}
	})
}

func TestLoadAndDump(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		environ = migrated(t, environ...)
		file := filepath.Join(t.TempDir(), "groups.json")
		const fixture = `[{"model": "auth.group", "pk": 7, "fields": {"name": "Editors", "permissions": []}}]`
		if err := os.WriteFile(file, []byte(fixture), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := command(t, environ, "", "loaddata", file); err != nil || !strings.Contains(out, "Installed 1 object(s) from 1 fixture(s)") {
			t.Fatal(out, err)
		}
		if out, err := command(t, environ, strings.Replace(fixture, "7", "8", 1)[:len(fixture)], "loaddata", "-"); err == nil {
			t.Errorf("a second group of that name: %s", out)
		}
		if out, err := command(t, environ, "", "dumpdata", "auth.group"); err != nil || strings.TrimSpace(out) != fixture {
			t.Errorf("%v: %s", err, out)
		}
		target := filepath.Join(t.TempDir(), "dump.json")
		for _, permissions := range []os.FileMode{0o600, 0o640} { // of a new file, and of the one that is replaced
			if out, err := command(t, environ, "", "dumpdata", "auth.group", "-o", target); err != nil || out != "" {
				t.Fatal(out, err)
			}
			if info, err := os.Stat(target); err != nil || info.Mode() != permissions {
				t.Errorf("the dump has the mode %s, %v", info.Mode(), err)
			}
			if err := os.Chmod(target, 0o640); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := command(t, environ, "", "dumpdata", "nonsense", "-o", target); err == nil {
			t.Errorf("an unknown app: %s", out)
		}
		if got, err := os.ReadFile(target); err != nil || strings.TrimSpace(string(got)) != fixture {
			t.Errorf("a dump that failed replaced the file: %s %v", got, err)
		}
		if out, err := command(t, environ, "", "loaddata", "nowhere.json"); err == nil || !strings.Contains(out, "nowhere.json") {
			t.Errorf("%v: %s", err, out)
		}
		packed := filepath.Join(t.TempDir(), "dump.json.gz")
		if out, err := command(t, environ, "", "dumpdata", "auth.group", "--pks", "7,9", "--all", "-o", packed); err != nil || out != "" {
			t.Fatal(out, err)
		}
		if out, err := command(t, migrated(t), "", "loaddata", strings.TrimSuffix(packed, ".json.gz")); err != nil || !strings.Contains(out, "Installed 1 object(s)") {
			t.Errorf("%v: %s", err, out)
		}
		if out, err := command(t, folder(t), "", "loaddata", file); err == nil || !strings.Contains(out, "sample migrate") {
			t.Errorf("a database without tables: %v: %s", err, out)
		}
	})
}

// TestFixturesAreFound looks into Django's folders.
func TestFixturesAreFound(t *testing.T) {
	environ := migrated(t)
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(programRoot, root)
	t.Chdir(t.TempDir())
	for _, name := range []string{"here.json", "fixtures/one.json", "catalog/fixtures/one.json", "catalog/fixtures/two.json", "[x]/y"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("[]"), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("bad.json.gz", []byte("[]"), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"here": "Installed 0", "two": "Installed 0", "one --app catalog": "Installed 0", "[x]/y": "Installed 0", "catalog/fixtures/one here.json": "from 2 fixture(s)",
		"one":                "fixture one: it could be fixtures/one.json or catalog/fixtures/one.json; give the path of one",
		"catalog":            "fixture catalog: there is no such file in ., fixtures, catalog/fixtures",
		"here --app catalog": "fixture here: there is no such file in catalog/fixtures",
		"bad":                "fixture bad.json.gz: ",
	} {
		if out, _ := command(t, environ, "", append([]string{"loaddata"}, strings.Fields(args)...)...); !strings.Contains(out, want) {
			t.Errorf("%s: %s", args, out)
		}
	}
}

func TestTransfer(t *testing.T) {
	t.Run("made", func(t *testing.T) { testTransfer(t, ormtest.Postgres(t)) })
	t.Run("migrated before", func(t *testing.T) {
		target := ormtest.Postgres(t)
		migrated(t, "DATABASE_URL="+target, "QUINTET_SECRET_KEY="+goodKey)
		testTransfer(t, target)
	})
}

func testTransfer(t *testing.T, target string) {
	t.Helper()
	environ := migrated(t, "QUINTET_SECRET_KEY="+goodKey)
	if out, err := command(t, environ, `[{"model": "auth.group", "pk": 7, "fields": {"name": "Editors", "permissions": [1]}}]`, "loaddata", "-"); err != nil {
		t.Fatal(out, err)
	}
	out, err := command(t, environ, "", "transfer", "--to", target)
	if err != nil || !regexp.MustCompile(`(?s)\nauth_group +1 +[0-9a-f]{32}\n.* tables +[0-9]+ +equal in both databases\nTransferred in \S+, with [1-9][0-9]* MiB`).MatchString(out) {
		t.Fatal(out, err)
	}
	for _, label := range []string{"auth.group", "auth.permission"} {
		before, _ := command(t, environ, "", "dumpdata", label)
		if after, err := command(t, []string{"DATABASE_URL=" + target, "QUINTET_SECRET_KEY=" + goodKey}, "", "dumpdata", label); err != nil || after != before {
			t.Errorf("%s became %s, %v", before, after, err)
		}
	}
	if out, err := command(t, environ, "", "transfer", "--to", target); err == nil || !strings.Contains(out, "there are rows in auth_group, auth_group_permissions") {
		t.Errorf("a second time: %v: %s", err, out)
	}
	if out, err := command(t, environ, "", "transfer"); err == nil || !strings.Contains(out, `"to" not set`) {
		t.Errorf("without a target: %v: %s", err, out)
	}
}

func TestCheckGivesNotes(t *testing.T) {
	environ := append(migrated(t), "QUINTET_ENV=production", "QUINTET_ALLOWED_HOSTS=*", "QUINTET_SECURE_COOKIES=false", "QUINTET_SECRET_KEY="+goodKey)
	out, err := command(t, environ, "", "check")
	if err != nil {
		t.Fatal(out, err)
	}
	for _, part := range []string{"QUINTET_ALLOWED_HOSTS", "QUINTET_TRUSTED_PROXIES", "QUINTET_SECURE_COOKIES", "SQLite", "No mistakes"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in %s", part, out)
		}
	}
}
