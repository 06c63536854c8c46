// Package kitchen is the part of the recorded API that is no shop: a resource for every field, relation, validator, page,
// filter, permission and header of the framework. It is for tests only, and uses nothing that an application could not use.
//
// [Models] and [Routes] are what an application takes of it; its tables are made by the SQL in the folder migrations, in
// the form of package migrate.
package kitchen

import (
	"embed"
	"io/fs"
)

//go:embed migrations
var migrations embed.FS

// Migrations holds the SQL of the kitchen's tables, for [quintet.Options] beside the application's own.
func Migrations() fs.FS {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil { // only for a name that is not valid
		return migrations
	}
	return sub
}
