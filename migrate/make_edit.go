package migrate

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Empty returns a migration of an app that does nothing yet, for SQL of one's own. The schema that it leads to is the last
// one.
func Empty(app string, opts MakeOptions) (*Draft, error) {
	h, err := readTrail(opts.FS, opts.Steps)
	if err != nil {
		return nil, err
	}
	if apps := h.apps(); !slices.Contains(apps, app) {
		return nil, fmt.Errorf("%q is no app of the last migration; there are %s", app, strings.Join(apps, ", "))
	}
	m := &maker{opts: opts, trail: h}
	if m.opts.Name == "" {
		m.opts.Name = "custom"
	}
	d := compareSchemas(h.schema, h.schema, newRenames(), nil)
	draft := m.named([]operation{{app: app}})
	draft.Operations = []string{"say here what this does, and write it below for both databases, with the way back"}
	return m.complete(draft, d, d, false)
}

// apps are those that have tables.
func (h *trail) apps() []string {
	var apps []string
	for _, t := range h.schema.Tables {
		if !slices.Contains(apps, t.app()) {
			apps = append(apps, t.app())
		}
	}
	slices.Sort(apps)
	return apps
}

// Baseline records that the last migration leads to what models want: for steps that were written by hand, or before there
// were records. The draft has no SQL.
func Baseline(wanted *Schema, opts MakeOptions) (*Draft, error) {
	found, err := readFolder(opts.FS, opts.Steps)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errors.New("there is no migration to record a schema for; makemigrations writes the first")
	}
	name := found[len(found)-1].Name
	state, err := wanted.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return &Draft{Name: name, Files: []DraftFile{{statePath(name), string(state)}}}, nil
}
