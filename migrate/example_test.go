package migrate_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing/fstest"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
)

// A program embeds its migrations and applies them when it starts; several processes may do so at once.
func ExampleMigrate() {
	ctx := context.Background()
	db, err := orm.Open(ctx, orm.Config{URL: "sqlite::memory:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	options := migrate.Options{FS: fstest.MapFS{ // an embed.FS in earnest
		"sqlite/0001_library_initial.sql": {Data: []byte(
			"-- records: library.0001_initial\n" +
				"CREATE TABLE library_genre (slug varchar(20) NOT NULL PRIMARY KEY, rank integer NOT NULL);\n")},
	}}
	for range 2 {
		applied, err := migrate.Migrate(ctx, db, options)
		fmt.Println(len(applied), err)
	}
	// Output:
	// 1 <nil>
	// 0 <nil>
}

// Fixtures are what Django's dumpdata writes and loaddata reads.
func ExampleLoadData() {
	ctx := context.Background()
	db, err := orm.Open(ctx, orm.Config{URL: "sqlite::memory:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	db.Gorm.Exec("CREATE TABLE library_author (id integer PRIMARY KEY, name varchar(20) NOT NULL, mentor_id integer REFERENCES library_author (id))")
	registry, err := orm.NewRegistry(&Author{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fixture := `[
		{"model": "library.author", "pk": 1, "fields": {"name": "Ada", "mentor": ["Bea"]}},
		{"model": "library.author", "pk": 2, "fields": {"name": "Bea", "mentor": null}}
	]`
	loaded, err := migrate.LoadData(ctx, db.Gorm, registry, migrate.LoadOptions{}, migrate.Source{Name: "authors.json", Reader: strings.NewReader(fixture)})
	fmt.Println(loaded.Objects, err)
	err = migrate.DumpData(ctx, db, registry, migrate.DumpOptions{Out: os.Stdout})
	fmt.Println(err)
	// Output:
	// 2 <nil>
	// [{"model": "library.author", "pk": 1, "fields": {"name": "Ada", "mentor": 2}}, {"model": "library.author", "pk": 2, "fields": {"name": "Bea", "mentor": null}}]<nil>
}
