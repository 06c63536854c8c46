package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// shopSteps make a table, fill it, give it a column, and fill that.
func shopSteps() fstest.MapFS {
	texts := map[string]string{}
	for name, text := range map[string]string{
		"0001_shop.sql":   "-- records: shop.0001_shop\nCREATE TABLE item (id integer NOT NULL PRIMARY KEY, name varchar(20) NOT NULL);\nCREATE UNIQUE INDEX item_name ON item (name)",
		"0002_colour.sql": "-- records: shop.0002_colour\nALTER TABLE item ADD COLUMN colour varchar(9) NULL",
		"0003_red.sql":    "-- records: shop.0003_red\nUPDATE item SET colour = 'red'",
		"0004_tag.sql":    "-- records: tag.0001_initial\nCREATE TABLE tag (id integer NOT NULL PRIMARY KEY)",
	} {
		texts["sqlite/"+name], texts["postgres/"+name] = text, text
	}
	return files(texts)
}

// The tables of Django: its own names for indexes.
const (
	djangosItem   = "CREATE TABLE item (id integer NOT NULL PRIMARY KEY, name varchar(20) NOT NULL)"
	djangosIndex  = "CREATE UNIQUE INDEX item_name_5a1b_uniq ON item (name)"
	djangosColour = "ALTER TABLE item ADD COLUMN colour varchar(9) NULL"
)

func TestAdopt(t *testing.T) {
	const history = `shop.0001_initial shop.0002_squashed`
	for _, c := range []struct {
		name, recorded string
		stands         []string
		opts           migrate.Options
		adopted        string
		accepted       string
		applied        string
		err            string // and the rest is not looked at
	}{
		{
			name: "as after the first step", recorded: history, stands: []string{djangosItem, djangosIndex},
			adopted: "[0001_shop.sql]", accepted: "[shop.0001_initial shop.0002_squashed]", applied: "[0002_colour.sql 0003_red.sql 0004_tag.sql]",
		},
		{
			name: "further on, rows are not taken for changed", recorded: history, stands: []string{djangosItem, djangosIndex, djangosColour},
			adopted: "[0001_shop.sql 0002_colour.sql]", accepted: "[shop.0001_initial shop.0002_squashed]", applied: "[0003_red.sql 0004_tag.sql]",
		},
		{
			name: "Django moved on, the models followed", recorded: "shop.0001_shop shop.0002_more", stands: []string{djangosItem, djangosIndex, djangosColour},
			adopted: "[0002_colour.sql]", accepted: "[shop.0002_more]", applied: "[0003_red.sql 0004_tag.sql]",
		},
		{
			name: "a column more", recorded: history, stands: []string{djangosItem, djangosIndex, "ALTER TABLE item ADD COLUMN size integer NULL"},
			err: "item: has ",
		},
		{name: "an index less", recorded: history, stands: []string{djangosItem}, err: "item: lacks "},
		{name: "no table", recorded: history, err: "the database is newer than the code"},
		{
			name: "taken for done", recorded: history, stands: []string{djangosItem}, opts: migrate.Options{Fake: true},
			adopted: "[0001_shop.sql 0002_colour.sql 0003_red.sql]", accepted: "[shop.0001_initial shop.0002_squashed]", applied: "[0004_tag.sql]",
		},
		{
			name: "newer", recorded: "shop.0001_shop shop.0002_colour shop.0003_red tag.0001_initial shop.0004_new",
			stands: []string{djangosItem, djangosIndex, djangosColour, "CREATE TABLE tag (id integer NOT NULL PRIMARY KEY)"},
			err:    "the database is newer than the code: it has shop.0004_new",
		},
		{
			name: "newer, accepted", recorded: "shop.0001_shop shop.0002_colour shop.0003_red tag.0001_initial shop.0004_new",
			stands:  []string{djangosItem, djangosIndex, djangosColour, "CREATE TABLE tag (id integer NOT NULL PRIMARY KEY)"},
			opts:    migrate.Options{Adopt: true},
			adopted: "[]", accepted: "[shop.0004_new]", applied: "[]",
		},
		{
			name: "newer, not accepted as it stands", recorded: "shop.0001_shop shop.0002_colour shop.0003_red tag.0001_initial shop.0004_new",
			stands: []string{djangosItem, djangosIndex, djangosColour}, opts: migrate.Options{Adopt: true}, err: "tag: does not stand",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			each(t, func(t *testing.T, url string) {
				db := open(t, url)
				laid(t, db, c.recorded, c.stands)
				before := texts(t, db, "SELECT app || name || applied FROM django_migrations ORDER BY id")
				opts := c.opts
				opts.FS = shopSteps()
				plan, err := migrate.PlanAdoption(t.Context(), db, opts)
				if c.err == "" && err != nil {
					t.Fatal(err)
				}
				if c.err != "" {
					checkRefused(t, db, opts, c.err, len(before))
					return
				}
				adoption, err := migrate.Adopt(t.Context(), db, opts)
				if err != nil {
					t.Fatal(err)
				}
				if got := fmt.Sprint(names(adoption.Steps), adoption.Beside); got != c.adopted+" "+c.accepted {
					t.Errorf("adopted %s", got)
				}
				applied, err := migrate.Migrate(t.Context(), db, opts)
				if err != nil || fmt.Sprint(names(applied)) != c.applied || fmt.Sprint(names(plan.Pending)) != c.applied {
					t.Errorf("applied %v, planned %v, %v", names(applied), names(plan.Pending), err)
				}
				after := texts(t, db, "SELECT app || name || applied FROM django_migrations ORDER BY id")
				if diff := cmp.Diff(before, after[:len(before)]); diff != "" {
					t.Errorf("Django's rows: %s", diff)
				}
				opts.Adopt = false
				if again, err := migrate.Migrate(t.Context(), db, opts); err != nil || len(again) > 0 {
					t.Errorf("a second time: %v, %v", names(again), err)
				}
			})
		})
	}
}

// laid makes what Django leaves.
func laid(t *testing.T, db *orm.DB, recorded string, stands []string) {
	t.Helper()
	if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: files(map[string]string{
		"sqlite/0001_x.sql": "-- records: x.0001_initial", "postgres/0001_x.sql": "-- records: x.0001_initial",
	})}); err != nil {
		t.Fatal(err)
	}
	for _, r := range strings.Fields(recorded) {
		app, name, _ := strings.Cut(r, ".")
		run(t, db, fmt.Sprintf("INSERT INTO django_migrations (app, name, applied) VALUES ('%s', '%s', '2024-01-01 00:00:00')", app, name))
	}
	run(t, db, stands...)
}

// checkRefused checks that nothing is done, and the error of it.
func checkRefused(t *testing.T, db *orm.DB, opts migrate.Options, want string, records int) {
	t.Helper()
	applied, err := migrate.Migrate(t.Context(), db, opts)
	if err == nil || !strings.Contains(err.Error(), want) || len(applied) > 0 || !errors.Is(err, migrate.ErrNewer) {
		t.Errorf("applied %v, %v; want %q", names(applied), err, want)
	}
	if got := texts(t, db, recorded); len(got) != records {
		t.Errorf("recorded %v", got)
	}
}

// TestRehearsalThatFails: steps that cannot be run beside say so, and nothing is adopted.
func TestRehearsalThatFails(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		laid(t, db, "shop.0001_initial", []string{djangosItem, djangosIndex})
		broken := shopSteps()
		maps.Copy(broken, files(map[string]string{
			"sqlite/0005_x.sql": "-- records: x.0001_initial\nDROP TABLE legacy", "postgres/0005_x.sql": "-- records: x.0001_initial\nDROP TABLE legacy",
		}))
		_, err := migrate.PlanAdoption(t.Context(), db, migrate.Options{FS: broken})
		var refused *migrate.StatementError
		if !errors.As(err, &refused) || !errors.Is(err, migrate.ErrNewer) {
			t.Errorf("got %v", err)
		}
	})
}

func TestDrift(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		opts := migrate.Options{FS: shopSteps()}
		if _, err := migrate.Migrate(ctx, db, opts); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ statement, want string }{
			{"SELECT 1", ""},
			{"CREATE INDEX by_colour ON item (colour)", "item: has "},
			{"DROP TABLE tag", "tag: does not stand"},
		} {
			run(t, db, c.statement)
			drift, err := migrate.Drift(ctx, db, opts)
			if err != nil || (len(drift) == 0) != (c.want == "") {
				t.Fatalf("%s: %v, %v", c.statement, drift, err)
			}
			if c.want != "" && !strings.Contains(drift[len(drift)-1].String(), c.want) {
				t.Errorf("%s: %v", c.statement, drift)
			}
		}
	})
}
