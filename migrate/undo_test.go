package migrate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// reversible are steps that can be undone but for the first.
func reversible() fstest.MapFS {
	return steps(map[string]string{
		"0002_b_initial.sql": "-- records: b.0001_initial\n-- records: b.0002_options (state only)\nCREATE TABLE b (id integer);\nINSERT INTO b VALUES (2);\n\n-- backward\n\nDROP TABLE b;",
		"0003_a_more.sql":    "-- records: a.0002_more\nINSERT INTO a VALUES (3);\n-- backward\nDELETE FROM a WHERE id = 3;",
	})
}

func TestUndo(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db, opts := context.Background(), open(t, url), migrate.Options{FS: reversible()}
		migrated(t, db, reversible())
		planned, err := migrate.PlanUndo(ctx, db, opts, "a.0001_initial")
		if err != nil {
			t.Fatal(err)
		}
		undone, err := migrate.Undo(ctx, db, opts, "0001")
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"0003_a_more.sql", "0002_b_initial.sql"}
		if diff := cmp.Diff(want, names(planned)) + cmp.Diff(want, names(undone)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"a.0001_initial"}, texts(t, db, recorded)); diff != "" {
			t.Errorf("recorded: %s", diff)
		}
		if len(texts(t, db, tableQuery(db, "b"))) > 0 || len(texts(t, db, "SELECT id FROM a")) != 1 {
			t.Error("what was undone is still there")
		}
		if undone, err := migrate.Undo(ctx, db, opts, "0001"); err != nil || len(undone) > 0 {
			t.Errorf("a second time: %v, %v", names(undone), err)
		}
		migrated(t, db, reversible())
		if n := len(texts(t, db, recorded)); n != 4 {
			t.Errorf("%d records after going forward again", n)
		}
	})
}

func TestMigrateTo(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		after := 0
		opts := migrate.Options{FS: reversible(), To: "0002_b", After: []func(context.Context, *gorm.DB) error{
			func(context.Context, *gorm.DB) error { after++; return nil },
		}}
		planned, err := migrate.Plan(ctx, db, opts)
		if err != nil {
			t.Fatal(err)
		}
		applied, err := migrate.Migrate(ctx, db, opts)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"0001_a_initial.sql", "0002_b_initial.sql"}
		if diff := cmp.Diff(want, names(planned)) + cmp.Diff(want, names(applied)); diff != "" {
			t.Error(diff)
		}
		opts.To = "0003"
		if _, err := migrate.Migrate(ctx, db, opts); err != nil || after != 1 {
			t.Errorf("After ran %d times: %v", after, err)
		}
	})
}

func TestUndoRefusesBeforeItBegins(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		migrated(t, db, reversible())
		var irreversible *migrate.IrreversibleError
		undone, err := migrate.Undo(ctx, db, migrate.Options{FS: reversible()}, migrate.Zero)
		if !errors.As(err, &irreversible) || !strings.Contains(err.Error(), "/0001_a_initial.sql cannot be undone, nothing was changed") || len(undone) > 0 {
			t.Errorf("%v, %v", names(undone), err)
		}
		if n := len(texts(t, db, recorded)); n != 4 {
			t.Errorf("%d records", n)
		}
		if undone, err := migrate.Undo(ctx, db, migrate.Options{FS: reversible(), Fake: true}, migrate.Zero); err != nil || len(undone) != 3 {
			t.Errorf("fake: %v, %v", names(undone), err)
		}
		if len(texts(t, db, recorded)) > 0 || len(texts(t, db, "SELECT id FROM b")) != 1 {
			t.Error("Fake does more or less than forget")
		}
	})
}

func TestNamesOfMigrations(t *testing.T) {
	folder := steps(map[string]string{"0012_b_more.sql": "-- records: b.0003_more", "0012_b_more2.sql": ""})
	delete(folder, "sqlite/0012_b_more2.sql")
	for name, want := range map[string]string{
		"0001": "0001_a_initial", "0001_a_initial": "0001_a_initial", "0002_b": "0002_b_initial", "b.0003_more": "0012_b_more",
		"b.0002_options": "0002_b_initial", "0012_b_more": "0012_b_more",
	} {
		if m, err := migrate.Find(folder, orm.SQLite, name); err != nil || m.Name != want {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	for name, want := range map[string]string{"00": "is the beginning of 0001_a_initial and 0002_b_initial", "0009": "no migration is called", migrate.Zero: "is no migration"} {
		if _, err := migrate.Find(folder, orm.SQLite, name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUndoneAtEachStatement loses the connection at one statement after the other: a step is undone as a whole or not at all.
func TestUndoneAtEachStatement(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, n, lost := open(t, url), 0, 0
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if n++; n == lost && statement != "ROLLBACK" {
				return errLost
			}
			return nil
		})
		for n >= lost { // the last of them loses nothing
			migrated(t, db, reversible())
			n, lost = 0, lost+1
			_, err := migrate.Undo(context.Background(), faulty, migrate.Options{FS: reversible()}, "0001")
			if n >= lost && !errors.Is(err, errLost) {
				t.Errorf("statement %d: %v", lost, err)
			}
			records := map[int]int{4: 1, 3: 1, 1: 0} // with the tables b that go with so many
			if tables, ok := records[len(texts(t, db, recorded))]; !ok || tables != len(texts(t, db, tableQuery(db, "b"))) {
				t.Errorf("statement %d: the records and the tables differ", lost)
			}
			if lost > 100 {
				t.Fatal("it does not end")
			}
		}
	})
}

// shout is a step in Go between two files.
func shout() migrate.Step {
	update := func(sql string) func(context.Context, *gorm.DB) error {
		return func(_ context.Context, tx *gorm.DB) error { return tx.Exec(sql).Error }
	}
	return migrate.Step{
		Name: "0003_a_ten_times", Record: migrate.Record{App: "a", Name: "0002_ten_times"},
		Forward: update("UPDATE a SET id = id * 10"), Backward: update("UPDATE a SET id = id / 10"),
	}
}

func TestSteps(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		ctx, db := context.Background(), open(t, url)
		folder := steps(map[string]string{"0004_a_more.sql": "-- records: a.0003_more\n-- after: 0003_a_ten_times\nINSERT INTO a VALUES (7)\n-- backward\nDELETE FROM a WHERE id = 7"})
		opts := migrate.Options{FS: folder, Steps: []migrate.Step{shout()}}
		if _, err := migrate.Migrate(ctx, db, opts); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"7", "10"}, texts(t, db, "SELECT id FROM a ORDER BY id")); diff != "" {
			t.Error(diff)
		}
		if _, err := migrate.Undo(ctx, db, opts, "0002"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1"}, texts(t, db, "SELECT id FROM a")); diff != "" {
			t.Error(diff)
		}
	})
}

// TestStepsAreAtomic: orm.Atomic works inside of a step, whose hooks run when it is committed.
func TestStepsAreAtomic(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, tried, committed := open(t, url), errors.New("tried"), false
		step := shout()
		step.Forward = func(ctx context.Context, tx *gorm.DB) error {
			orm.OnCommit(tx, func() { committed = true })
			err := orm.Atomic(ctx, tx, func(tx *gorm.DB) error {
				return errors.Join(tx.Exec("INSERT INTO a VALUES (5)").Error, tried)
			})
			if !errors.Is(err, tried) {
				return fmt.Errorf("the inner part: %w", err)
			}
			return orm.Atomic(ctx, tx, func(tx *gorm.DB) error { return tx.Exec("INSERT INTO a VALUES (6)").Error })
		}
		if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: steps(nil), Steps: []migrate.Step{step}}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"1", "6"}, texts(t, db, "SELECT id FROM a ORDER BY id")); diff != "" || !committed {
			t.Errorf("the hook ran: %v\n%s", committed, diff)
		}
	})
}

func TestStepThatFails(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		db, broken := open(t, url), errors.New("broken")
		step := shout()
		forward := step.Forward
		step.Forward = func(ctx context.Context, tx *gorm.DB) error { return errors.Join(forward(ctx, tx), broken) }
		_, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: steps(nil), Steps: []migrate.Step{step}})
		var failed *migrate.StepError
		if !errors.As(err, &failed) || !errors.Is(err, broken) || !strings.Contains(err.Error(), "nothing of this step was applied") {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff([]string{"1"}, texts(t, db, "SELECT id FROM a")); diff != "" {
			t.Error(diff)
		}
		step = shout()
		step.Backward = nil
		opts := migrate.Options{FS: steps(nil), Steps: []migrate.Step{step}}
		if _, err := migrate.Migrate(context.Background(), db, opts); err != nil {
			t.Fatal(err)
		}
		var irreversible *migrate.IrreversibleError
		if _, err := migrate.Undo(context.Background(), db, opts, "0002"); !errors.As(err, &irreversible) {
			t.Errorf("got %v", err)
		}
	})
}

func TestStepsThatSayTooLittle(t *testing.T) {
	_, err := migrate.Read(steps(nil), orm.SQLite, migrate.Step{Name: "slugs"}, migrate.Step{Name: "0003_slugs"})
	for _, want := range []string{"slugs: is a Step and not named like", "0003_slugs: is a Step without a Record", "0003_slugs: is a Step without Forward"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// TestOutsideOfATransaction has an index that cannot be built, which leaves an invalid one; the next attempt gets over it.
func TestOutsideOfATransaction(t *testing.T) {
	ctx, db := context.Background(), open(t, ormtest.Postgres(t))
	before := first(t, tables(item(null(stock))))
	drafts, err := migrate.Make(&migrate.Schema{Tables: tables(item(null(alone(stock))))}, migrate.MakeOptions{FS: before})
	if err != nil {
		t.Fatal(err)
	}
	after := drafted(before, drafts)
	migrated(t, db, before)
	run(t, db, "INSERT INTO shop_item (name, stock) VALUES ('a', 1), ('b', 1)")
	_, err = migrate.Migrate(ctx, db, migrate.Options{FS: after})
	var failed *migrate.StatementError
	if !errors.As(err, &failed) || !failed.Partial || !strings.Contains(err.Error(), "run this again, which begins with its first statement") {
		t.Fatalf("got %v", err)
	}
	if n := len(texts(t, db, recorded)); n != 1 {
		t.Errorf("%d records", n)
	}
	run(t, db, "UPDATE shop_item SET stock = 2 WHERE name = 'b'")
	for range 2 {
		migrated(t, db, after)
		run(t, db, "DELETE FROM django_migrations WHERE name LIKE '0002%'") // done and not recorded: killed in between
	}
	anew := open(t, ormtest.Postgres(t))
	migrated(t, anew, first(t, tables(item(null(alone(stock))))))
	if diff := cmp.Diff(description(t, anew), description(t, db)); diff != "" {
		t.Error(diff)
	}
}

func TestOutsideNeedsASecondConnection(t *testing.T) {
	db, err := orm.Open(t.Context(), orm.Config{URL: ormtest.Postgres(t), MaxConns: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	folder := steps(nil)
	folder["postgres/0003_a_more.sql"] = &fstest.MapFile{Data: []byte("-- records: a.0002_more\n-- atomic: false\nSELECT 1")}
	if _, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: folder}); err == nil || !strings.Contains(err.Error(), "needs a second connection") {
		t.Errorf("got %v", err)
	}
}

// TestIndexesDoNotWaitForEachOther: processes that wait for the lock do not hold up the index of the one that has it.
func TestIndexesDoNotWaitForEachOther(t *testing.T) {
	url := ormtest.Postgres(t)
	before := first(t, tables(item(stock)))
	drafts, err := migrate.Make(&migrate.Schema{Tables: tables(item(indexed(stock)))}, migrate.MakeOptions{FS: before})
	if err != nil {
		t.Fatal(err)
	}
	migrated(t, open(t, url), before)
	done := make(chan error, 3)
	for range cap(done) {
		db := open(t, url)
		go func() {
			_, err := migrate.Migrate(context.Background(), db, migrate.Options{FS: drafted(before, drafts)})
			done <- err
		}()
	}
	for range cap(done) {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

// TestForeignKeysAreChecked: a step that runs with foreign keys off may not leave rows that refer to nothing.
func TestForeignKeysAreChecked(t *testing.T) {
	db := open(t, ormtest.SQLite(t))
	before := first(t, tables(shelf(), item(key("shelf_id", "shelf"))))
	migrated(t, db, before)
	run(t, db, shelved...)
	broken := next(before)
	broken["sqlite/0002_shop_break.sql"] = &fstest.MapFile{Data: []byte("-- records: shop.0002_break\n-- foreign_keys: off\nDELETE FROM shop_shelf WHERE id = 2")}
	_, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: broken})
	if err == nil || !strings.Contains(err.Error(), "row 2 of shop_item refers to a row of shop_shelf that is not there; nothing of this file was applied") {
		t.Errorf("got %v", err)
	}
	if n := len(texts(t, db, "SELECT id FROM shop_shelf")); n != 2 {
		t.Errorf("%d shelves are left", n)
	}
	if _, err := db.SQL.Exec("INSERT INTO shop_item (name, shelf_id) VALUES ('x', 9)"); err == nil {
		t.Error("foreign keys stayed off")
	}
}

func TestHeadsAreChecked(t *testing.T) {
	_, err := migrate.Read(files(map[string]string{
		"sqlite/0001_a.sql": "-- records: a.0001\n-- atomic: false",
		"sqlite/0002_a.sql": "-- records: a.0002\n-- foreign_keys: no",
		"sqlite/0003_a.sql": "-- records: a.0003\n\n-- backward\n\nSELECT 'x",
	}), orm.SQLite)
	for _, want := range []string{
		"sqlite/0001_a.sql: says atomic: false, which means something only for postgres", "sqlite/0002_a.sql: says foreign_keys: no; write off",
		"sqlite/0003_a.sql: line 5: the quote that begins here is not ended",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the error does not say %q: %v", want, err)
		}
	}
}

// TestNextNumberStays: a table that SQLite builds anew does not give numbers of deleted rows away again.
func TestNextNumberStays(t *testing.T) {
	db := open(t, ormtest.SQLite(t))
	before := first(t, tables(item(null(stock))))
	migrated(t, db, before)
	run(t, db, append(items, "DELETE FROM shop_item WHERE id = 2")...)
	drafts, err := migrate.Make(&migrate.Schema{Tables: tables(item(null(alone(stock))))}, migrate.MakeOptions{FS: before})
	if err != nil {
		t.Fatal(err)
	}
	migrated(t, db, drafted(before, drafts))
	run(t, db, "INSERT INTO shop_item (name) VALUES ('new')")
	if diff := cmp.Diff([]string{"1", "3"}, texts(t, db, "SELECT id FROM shop_item ORDER BY id")); diff != "" {
		t.Error(diff)
	}
}

// TestTriggersStay: a table that SQLite builds anew keeps its triggers, unless the migration sees to them.
func TestTriggersStay(t *testing.T) {
	before := first(t, tables(item(null(stock)), table("log", name)))
	drafts, err := migrate.Make(&migrate.Schema{Tables: tables(item(column("amount", "Integer")), table("log", name))}, migrate.MakeOptions{
		FS: before, NoRenames: true, Defaults: map[string]string{"shop.item.amount": "0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for body, want := range map[string]string{
		"INSERT INTO shop_log (name) VALUES (new.name)":       "",
		"INSERT INTO shop_log (name) VALUES (new.stock || 1)": "its trigger logged does not fit it any more",
	} {
		after, db := drafted(before, drafts), open(t, ormtest.SQLite(t))
		migrated(t, db, before)
		run(t, db, "CREATE TRIGGER logged AFTER INSERT ON shop_item BEGIN "+body+"; END")
		_, err := migrate.Migrate(t.Context(), db, migrate.Options{FS: after})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Fatalf("%s: %v", body, err)
		}
		if err != nil {
			file := after["sqlite/"+drafts[0].Name+".sql"]
			after["sqlite/"+drafts[0].Name+".sql"] = &fstest.MapFile{Data: []byte(strings.Replace(string(file.Data), "-- foreign_keys: off\n", "-- foreign_keys: off\nDROP TRIGGER logged;\n", 1))}
			migrated(t, db, after)
		}
		run(t, db, "INSERT INTO shop_item (name, amount) VALUES ('new', 1)")
		logged := len(texts(t, db, "SELECT name FROM shop_log"))
		if (want == "") != (logged == 1) {
			t.Errorf("%s: %d rows were logged", body, logged)
		}
	}
}
