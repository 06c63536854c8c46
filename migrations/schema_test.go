package migrations_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/migrations"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// notOurs leaves out the tables of the reference that the shop does not have.
func notOurs(line string) bool {
	return strings.Contains(line, "kitchen_") || strings.Contains(line, "seat_") || strings.HasPrefix(line, "sqlite_")
}

func TestSQLiteSchemaIsDjangos(t *testing.T) {
	django := djangoSQLite(t)
	// The text of the statements says more than the PRAGMAs: checks, deferrability, AUTOINCREMENT.
	query := "SELECT name || ': ' || sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY name"
	got, want := lines(t, migrated(t, ormtest.SQLite(t)), query), lines(t, django, query)
	compare(t, layout(want), layout(got))
}

// layout makes statements that differ in white space alone equal.
func layout(statements []string) []string {
	space, before, after := regexp.MustCompile(`\s+`), regexp.MustCompile(` ?\) ?`), regexp.MustCompile(` ?\( ?`)
	for i, s := range statements {
		statements[i] = before.ReplaceAllString(after.ReplaceAllString(space.ReplaceAllString(s, " "), "("), ")")
	}
	return statements
}

func compare(t *testing.T, want, got []string) {
	t.Helper()
	want, got = slices.DeleteFunc(want, notOurs), slices.DeleteFunc(got, notOurs)
	if len(want) < 40 {
		t.Fatalf("only %d lines to compare with", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the schema is not Django's (-Django +ours):\n%s", diff)
	}
}

// postgresSchema describes tables, columns, constraints, indexes and sequences, a line each.
const postgresSchema = `
SELECT 'column ' || c.table_name || ' ' || c.ordinal_position || ' ' || c.column_name || ' ' || format_type(a.atttypid, a.atttypmod) ||
    ' null=' || c.is_nullable || ' default=' || coalesce(c.column_default, '') || ' identity=' || coalesce(c.identity_generation, '')
FROM information_schema.columns c
JOIN pg_attribute a ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name
WHERE c.table_schema = 'public'
UNION ALL
SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || condeferrable || condeferred
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL
SELECT 'sequence ' || sequencename || ' ' || data_type || ' ' || start_value || ' ' || increment_by || ' ' || max_value
FROM pg_sequences WHERE schemaname = 'public'
ORDER BY 1`

func TestPostgresSchemaIsDjangos(t *testing.T) {
	want, got := lines(t, djangoPostgres(t), postgresSchema), lines(t, migrated(t, ormtest.Postgres(t)), postgresSchema)
	compare(t, want, got)
}

func TestPostgresTablesAreVacuumedEarly(t *testing.T) {
	got := lines(t, migrated(t, ormtest.Postgres(t)),
		"SELECT array_to_string(reloptions, ' ') FROM pg_class WHERE relname = 'catalog_product'")
	want := []string{"autovacuum_vacuum_scale_factor=0.02 autovacuum_vacuum_insert_scale_factor=0.02"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestBothDialectsHaveTheSameSteps(t *testing.T) {
	describe := func(dialect string) []string {
		steps, err := migrate.Read(migrations.Files(), dialect)
		if err != nil {
			t.Fatal(err)
		}
		var found []string
		for _, m := range steps {
			found = append(found, strings.TrimPrefix(m.File, dialect))
			for _, r := range m.Records {
				found = append(found, r.String())
			}
		}
		return found
	}
	if diff := cmp.Diff(describe("sqlite"), describe("postgres")); diff != "" {
		t.Errorf("(-sqlite +postgres):\n%s", diff)
	}
}

// TestRecordsAreDjangos compares django_migrations with that of the reference.
func TestRecordsAreDjangos(t *testing.T) {
	query := "SELECT app || '.' || name FROM django_migrations WHERE app NOT IN ('kitchen', 'quintet') ORDER BY 1"
	each(t, func(t *testing.T, url string) {
		db := migrated(t, url)
		if diff := cmp.Diff(lines(t, reference(t, db.Dialect()), query), lines(t, db, query)); diff != "" {
			t.Errorf("(-Django +ours):\n%s", diff)
		}
	})
}

// TestDjangosDatabaseIsAdopted migrates the database that the reference made: nothing but our own steps is to be done.
func TestDjangosDatabaseIsAdopted(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			ctx, db := context.Background(), reference(t, kind)
			before := lines(t, db, "SELECT app || name || applied FROM django_migrations ORDER BY id")
			applied, err := migrate.Migrate(ctx, db, migrate.Options{FS: migrations.Files()})
			if err != nil {
				t.Fatal(err)
			}
			if len(applied) != 1 || !strings.HasSuffix(applied[0].File, "/0009_quintet_autovacuum.sql") {
				t.Errorf("applied %d files", len(applied))
			}
			after := lines(t, db, "SELECT app || name || applied FROM django_migrations WHERE app <> 'quintet' ORDER BY id")
			if diff := cmp.Diff(before, after); diff != "" {
				t.Errorf("rows of Django changed:\n%s", diff)
			}
		})
	}
}

// TestPermissionsAfterMigrating makes content types and permissions under the migration lock, on a fresh database and on
// Django's, which has them all.
func TestPermissionsAfterMigrating(t *testing.T) {
	count := func(t *testing.T, db *orm.DB) []string {
		return lines(t, db, "SELECT count(*) || '' FROM django_content_type UNION ALL SELECT count(*) || '' FROM auth_permission")
	}
	each(t, func(t *testing.T, url string) {
		db, reg := open(t, url), registry(t)
		for range 2 {
			if _, err := migrate.Migrate(context.Background(), db, withPermissions(reg)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"16", "64"}, count(t, db)); diff != "" {
				t.Errorf("fresh: %s", diff)
			}
		}
		django := reference(t, db.Dialect())
		before := count(t, django)
		if _, err := migrate.Migrate(context.Background(), django, withPermissions(reg)); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, count(t, django)); diff != "" {
			t.Errorf("Django's: %s", diff)
		}
	})
}

// withPermissions are the options of a program that makes content types and permissions when it migrates.
func withPermissions(reg *orm.Registry) migrate.Options {
	return migrate.Options{FS: migrations.Files(), After: []func(context.Context, *gorm.DB) error{
		func(ctx context.Context, tx *gorm.DB) error {
			return (&identity.Store{DB: tx}).EnsurePermissions(ctx, reg)
		},
	}}
}
