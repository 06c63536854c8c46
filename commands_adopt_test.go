package quintet_test

import (
	"os"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm/ormtest"
)

// TestAdoptCommand migrates a database whose history is Django's, and notices what Django does to it later.
func TestAdoptCommand(t *testing.T) {
	dir := t.TempDir()
	if out, err := making(t, []any{&Pot{}}, dir, "", ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	o := programOptions()
	o.Models, o.Migrations = []any{&Pot{}}, os.DirFS(dir)
	address := ormtest.SQLite(t)
	environ := append(folder(t), "DATABASE_URL="+address)
	django := func(statement string) func() {
		return func() {
			if err := ormtest.Open(t, address).Gorm.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
	}
	record := func(name string) func() {
		return django("INSERT INTO django_migrations (app, name, applied) VALUES ('garden', '" + name + "', '2024-01-01 00:00:00')")
	}
	for _, s := range []struct {
		django func() // does something first
		args   string
		want   string
		fails  bool
	}{
		{nil, "migrate", "applied sqlite/0005_garden_initial.sql", false},
		{django("UPDATE django_migrations SET name = '0001_squashed' WHERE app = 'garden'"), "migrate --plan", "adopt sqlite/0005_garden_initial.sql\naccept garden.0001_squashed\n", false},
		{nil, "migrate", "adopted sqlite/0005_garden_initial.sql\naccepted garden.0001_squashed\n", false},
		{nil, "migrate", "No migrations to apply.", false},
		{record("0002_options"), "migrate", "accept them with migrate --adopt", true},
		{nil, "migrate --adopt --plan", "accept garden.0002_options\n", false},
		{nil, "migrate --adopt", "accepted garden.0002_options\n", false},
		{nil, "check", "No mistakes found.", false},
		{django("ALTER TABLE garden_pot ADD COLUMN litres integer NULL"), "check", `note: garden_pot: has litres integer NULL`, false},
		{record("0003_litres"), "migrate --adopt", `garden_pot: has litres integer NULL`, true},
	} {
		if s.django != nil {
			s.django()
		}
		out, err := commandOf(t, o, environ, "", strings.Fields(s.args)...)
		if (err != nil) != s.fails || !strings.Contains(out, s.want) {
			t.Fatalf("%s: %v\n%s", s.args, err, out)
		}
	}
}
