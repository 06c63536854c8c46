package migrate_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// busySteps would take locks of tables that are live, were they to find them.
var busySteps = map[string]string{
	"postgres/0001_item.sql": `-- records: item.0001_initial
CREATE EXTENSION IF NOT EXISTS pg_trgm SCHEMA public;
CREATE TABLE item (id integer NOT NULL PRIMARY KEY, name varchar(20) NOT NULL, owner_id integer NULL REFERENCES legacy (id));
CREATE INDEX item_trgm ON item USING gin (name gin_trgm_ops)`,
	"postgres/0002_unique.sql": `-- records: item.0002_unique
-- atomic: false
ALTER TABLE item DROP CONSTRAINT IF EXISTS item_name;
DROP INDEX CONCURRENTLY IF EXISTS item_name;
CREATE UNIQUE INDEX CONCURRENTLY item_name ON item (name);
ALTER TABLE item ADD CONSTRAINT item_name UNIQUE USING INDEX item_name;
DROP INDEX CONCURRENTLY IF EXISTS item_owner;
CREATE INDEX CONCURRENTLY item_owner ON item (owner_id)`,
	"postgres/0003_old.sql": `-- records: item.0003_old
DROP TABLE IF EXISTS old;
UPDATE legacy SET id = id;
CREATE TABLE part (item_id integer NOT NULL REFERENCES item (id), legacy_id integer DEFAULT abs(1) REFERENCES legacy (id));
DROP INDEX IF EXISTS legacy_index`,
}

// TestRehearsalTakesNoLocks: another transaction holds all tables in a mode that lets nothing but reading pass.
func TestRehearsalTakesNoLocks(t *testing.T) {
	ctx, db := t.Context(), open(t, ormtest.Postgres(t))
	run(t, db, "CREATE TABLE legacy (id integer PRIMARY KEY)", "CREATE INDEX legacy_index ON legacy (id)")
	opts := migrate.Options{FS: files(busySteps)}
	if _, err := migrate.Migrate(ctx, db, opts); err != nil {
		t.Fatal(err)
	}
	run(t, db, "CREATE TABLE old (id integer)", "CREATE INDEX legacy_index ON legacy (id)",
		"INSERT INTO django_migrations (app, name, applied) VALUES ('item', '0004_djangos', now())")
	holder, err := db.SQL.BeginTx(ctx, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback()
	if _, err := holder.ExecContext(ctx, "LOCK TABLE item, part, legacy, old IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	if drift, err := migrate.Drift(ctx, db, opts); err != nil || len(drift) > 0 {
		t.Errorf("Drift: %v, %v", drift, err)
	}
	opts.Adopt = true
	if a, err := migrate.PlanAdoption(ctx, db, opts); err != nil || len(a.Beside) != 1 {
		t.Errorf("PlanAdoption: %+v, %v", a, err)
	}
}

// TestRehearsalRefuses what leads out of it, and says what is missing.
func TestRehearsalRefuses(t *testing.T) {
	url := ormtest.Postgres(t)
	db := open(t, url)
	run(t, db, "CREATE TABLE legacy (id serial)")
	for _, c := range []struct{ url, statement, want string }{
		{url, `ALTER TABLE "public".legacy ADD COLUMN a integer`, "public.legacy is live and cannot be tried"},
		{url, "SELECT setval('public.legacy_id_seq', 5)", "public.legacy_id_seq is live and cannot be tried"},
		{url, "DROP TABLE legacy", "does not exist"},
		{url + "&role=pg_read_all_data", "SELECT 1", "the account needs the right to CREATE"},
	} {
		fs := files(map[string]string{"postgres/0001_x.sql": "-- records: x.0001_initial\n" + c.statement})
		_, err := migrate.Drift(t.Context(), open(t, c.url), migrate.Options{FS: fs})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.statement, err)
		}
	}
}

// TestAdoptAtOnce: processes that rehearse at the same time do not wait for each other.
func TestAdoptAtOnce(t *testing.T) {
	const processes = 5
	url := ormtest.Postgres(t)
	db := open(t, url)
	laid(t, db, "shop.0001_initial", []string{djangosItem, djangosIndex})
	steps := shopSteps()
	for name, file := range files(map[string]string{"postgres/0005_slow.sql": "-- records: slow.0001_initial\nSELECT pg_sleep(2.5)"}) {
		steps[name] = file
	}
	var all sync.WaitGroup
	for range processes {
		own := open(t, url)
		all.Go(func() {
			if _, err := migrate.Adopt(context.Background(), own, migrate.Options{FS: steps}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	want := []string{"x.0001_initial", "shop.0001_initial", "shop.0001_shop", "quintet.adopted.shop.0001_initial"}
	if diff := cmp.Diff(want, texts(t, db, recorded)); diff != "" {
		t.Error(diff)
	}
	if left := texts(t, db, "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%rehearsal%'"); len(left) > 0 {
		t.Errorf("left over: %v", left)
	}
}
