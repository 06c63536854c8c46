// Package migrations holds the shop's schema as numbered SQL files, one per step and dialect, and the data of a first start.
//
// The files are embedded, so that the binary needs nothing beside it. [github.com/quintet-go/quintet/migrate] applies them.
package migrations

import (
	"embed"
	"io"
	"io/fs"
)

//go:embed sqlite/*.sql postgres/*.sql state/*.json demo.json
var files embed.FS

// Files has the folders sqlite and postgres, each with the same steps, and state, with the schemas that they lead to.
func Files() fs.FS { return files }

// Demo is the fixture of a first start: a small catalog with reviews, and users who cannot log in.
// The caller closes it.
func Demo() (io.ReadCloser, error) { return files.Open("demo.json") }
