package quintet_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing/fstest"
)

// sampleDemo is what a first start of the sample application finds.
func sampleDemo() fs.FS {
	return fstest.MapFS{
		"groups.json":         {Data: []byte(`[{"model": "auth.group", "pk": 3, "fields": {"name": "Demo", "permissions": []}}]`)},
		"media/demo/note.txt": {Data: []byte("a note")},
	}
}

// sampleMigrations are the steps of this repository that make the tables of the framework's own models.
func sampleMigrations() fs.FS {
	picked := fstest.MapFS{}
	for _, dialect := range []string{"sqlite", "postgres"} {
		for _, step := range []string{"0001_contenttypes_initial", "0002_auth_initial", "0004_sessions_initial", "0005_authtoken_initial"} {
			name := dialect + "/" + step + ".sql"
			if text, err := os.ReadFile(filepath.Join(os.Getenv(programRoot), "migrations", name)); err == nil {
				picked[name] = &fstest.MapFile{Data: text}
			}
		}
	}
	return picked
}
