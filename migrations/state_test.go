package migrations_test

import (
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
)

// TestNoDrift compares the models with the last recorded state: makemigrations --check in a test.
func TestNoDrift(t *testing.T) {
	reg := registry(t)
	drafts, err := migrate.Make(migrate.SchemaOf(reg), migrate.MakeOptions{FS: migrations.Files(), Defaults: migrate.DefaultsOf(reg)})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range drafts {
		t.Errorf("the models have changed: %s; run makemigrations", d.Operations)
	}
}

// TestRecordedStateIsWhatTheStepsMake makes the tables anew from the recorded state, and compares them with what the steps
// that were written by hand make.
func TestRecordedStateIsWhatTheStepsMake(t *testing.T) {
	steps, err := migrate.Read(migrations.Files(), orm.SQLite)
	if err != nil {
		t.Fatal(err)
	}
	state, err := migrate.ReadState(migrations.Files(), steps[len(steps)-1].Name)
	if err != nil {
		t.Fatal(err)
	}
	drafts, err := migrate.Make(state, migrate.MakeOptions{FS: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	anew := folder(drafts)
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: anew}); err != nil {
			t.Fatal(err)
		}
		want, got := described(t, migrated(t, emptyLike(t, db.Dialect()))), described(t, db)
		if len(want) < 100 {
			t.Fatalf("only %d lines to compare with", len(want))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-steps +state):\n%s", diff)
		}
	})
}

func described(t *testing.T, db *orm.DB) []string {
	t.Helper()
	found, err := migrate.Describe(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	return found
}
