package migrate

import (
	"context"

	"gorm.io/gorm"
)

// Step is a migration written in Go, for data that SQL cannot compute. It stands among the files by its number and is
// applied, recorded and undone like them.
//
// A step that is in use must not change, so it should not use models, which do: read and write by tx.Table or SQL.
type Step struct {
	Name   string // "0011_catalog_slugs"
	Record Record // what stands in django_migrations: {"catalog", "0003_slugs"}
	// Forward changes the data; it runs in a transaction together with its record.
	Forward func(ctx context.Context, tx *gorm.DB) error
	// Backward undoes it; nil for a step that cannot be undone.
	Backward func(ctx context.Context, tx *gorm.DB) error
}

// addStep takes a step among the files.
func (r *reader) addStep(s *Step) {
	match := stepNames.FindStringSubmatch(s.Name)
	if match == nil {
		r.fail(s.Name, "is a Step and not named like 0011_catalog_slugs; rename it")
		return
	}
	if s.Record.App == "" || s.Record.Name == "" {
		r.fail(s.Name, `is a Step without a Record; give it one like {App: "catalog", Name: "0003_slugs"}`)
	}
	if s.Forward == nil {
		r.fail(s.Name, "is a Step without Forward; give it one")
	}
	r.claim(s.Name, s.Record.String())
	r.found = append(r.found, &Migration{
		File: s.Name, Name: s.Name, Number: match[1], Records: []Record{s.Record}, Reversible: s.Backward != nil, step: s,
	})
}
