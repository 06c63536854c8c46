package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// stateFolder holds the schemas that migrations lead to, beside the folders of the dialects.
const stateFolder = "state"

// trail is what the migrations so far have led to.
type trail struct {
	migrations []*Migration
	schema     *Schema
}

// readTrail reads the migrations and the last schema that is recorded.
func readTrail(files fs.FS, steps []Step) (*trail, error) {
	found, err := readFolder(files, steps)
	if err != nil {
		return nil, err
	}
	h := &trail{migrations: found, schema: &Schema{}}
	if len(found) == 0 {
		return h, nil
	}
	for i := len(found) - 1; i >= 0; i-- {
		h.schema, err = ReadState(files, found[i].Name)
		if !errors.Is(err, fs.ErrNotExist) {
			return h, err
		}
	}
	return nil, fmt.Errorf("no migration has recorded the schema it leads to: when %s leads to what the models want, record "+
		"that with makemigrations --baseline", found[len(found)-1].Name)
}

// readFolder reads the migrations of the folder; none when it has none yet.
func readFolder(files fs.FS, steps []Step) ([]*Migration, error) {
	if _, err := fs.Stat(files, orm.SQLite); errors.Is(err, fs.ErrNotExist) && len(steps) == 0 {
		return nil, nil
	}
	return Read(files, orm.SQLite, steps...)
}

// ReadState returns the schema that a migration leads to, by its name ("0010_catalog_product_weight"). The error is
// fs.ErrNotExist for one that records none: it changes nothing that models know.
func ReadState(files fs.FS, name string) (*Schema, error) {
	path := statePath(name)
	text, err := fs.ReadFile(files, path)
	if err != nil {
		return nil, err
	}
	s := &Schema{}
	if err := json.Unmarshal(text, s); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func statePath(name string) string { return stateFolder + "/" + name + ".json" }

// number is that of the next migration.
func (h *trail) number() int {
	if len(h.migrations) == 0 {
		return 1
	}
	n, _ := strconv.Atoi(h.migrations[len(h.migrations)-1].Number) // four digits
	return n + 1
}

// last is the name of the last migration, "" for none.
func (h *trail) last() string {
	if len(h.migrations) == 0 {
		return ""
	}
	return h.migrations[len(h.migrations)-1].Name
}

// appNumber is the number of an app's next record.
func (h *trail) appNumber(app string) int {
	highest := 0
	for _, m := range h.migrations {
		for _, r := range m.Records {
			digits, _, _ := strings.Cut(r.Name, "_")
			if n, err := strconv.Atoi(digits); err == nil && r.App == app {
				highest = max(highest, n)
			}
		}
	}
	return highest + 1
}
