package migrate_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	atlas "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	"ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"

	"github.com/quintet-go/quintet/orm"
)

// judged lets Atlas, which knows nothing of this package, compare two databases: it returns what it would change in one to
// make it like the other.
func judged(t *testing.T, db, anew *orm.DB) (changes []string) {
	t.Helper()
	judge := judgeOf(t, db)
	found, err := judge.SchemaDiff(inspected(t, judge, db), inspected(t, judgeOf(t, anew), anew))
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range found {
		modify, ok := change.(*schema.ModifyTable)
		if !ok {
			changes = append(changes, fmt.Sprintf("%T", change))
			continue
		}
		for _, inner := range modify.Changes {
			changes = append(changes, fmt.Sprintf("%s: %T %+v", modify.T.Name, inner, inner))
		}
	}
	return changes
}

func judgeOf(t *testing.T, db *orm.DB) atlas.Driver {
	t.Helper()
	open := postgres.Open
	if db.Dialect() == orm.SQLite {
		open = sqlite.Open
	}
	driver, err := open(db.SQL)
	if err != nil {
		t.Fatal(err)
	}
	return driver
}

func inspected(t *testing.T, judge atlas.Driver, db *orm.DB) *schema.Schema {
	t.Helper()
	found, err := judge.InspectSchema(context.Background(), "", &schema.InspectOptions{})
	if err != nil {
		t.Fatal(err)
	}
	found.Name = "" // on PostgreSQL each database of the corpus is a schema
	if len(found.Tables) == 0 {
		t.Fatal("Atlas sees no tables")
	}
	for _, table := range found.Tables {
		nameUnique(table)
	}
	return found
}

// nameUnique gives SQLite's own indexes of unique constraints the names that Atlas gives them where it can read the text of
// the table.
func nameUnique(table *schema.Table) {
	for _, index := range table.Indexes {
		if !strings.HasPrefix(index.Name, "sqlite_autoindex_") {
			continue
		}
		index.Name = table.Name
		for _, part := range index.Parts {
			index.Name += "_" + part.C.Name
		}
	}
}
