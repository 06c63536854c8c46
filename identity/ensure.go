package identity

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// EnsurePermissions stores the content types and permissions that the registered models need and that are missing yet, as
// Django does after it has migrated. Nothing is changed or deleted. Several servers may call it at once.
func (s *Store) EnsurePermissions(ctx context.Context, registry *orm.Registry) error {
	err := s.db(ctx).Transaction(func(tx *gorm.DB) error {
		types, err := ensureContentTypes(tx, registry.Models())
		if err != nil {
			return err
		}
		return ensurePermissions(tx, registry.Models(), types)
	})
	if err != nil {
		return fmt.Errorf("identity: storing the permissions of the models: %w", err)
	}
	return nil
}

// ensureContentTypes returns the content types by app label and model.
func ensureContentTypes(tx *gorm.DB, models []*orm.Model) (map[[2]string]int64, error) {
	types, err := contentTypes(tx)
	if err != nil {
		return nil, err
	}
	var missing []ContentType
	for _, m := range models {
		for _, t := range contentTypesOf(m) {
			if _, ok := types[t.NaturalKey()]; !ok {
				missing = append(missing, t)
			}
		}
	}
	if len(missing) == 0 {
		return types, nil
	}
	if err := createMissing(tx, missing); err != nil {
		return nil, err
	}
	return contentTypes(tx)
}

func contentTypes(tx *gorm.DB) (map[[2]string]int64, error) {
	var stored []ContentType
	if err := tx.Find(&stored).Error; err != nil {
		return nil, err
	}
	types := make(map[[2]string]int64, len(stored))
	for _, t := range stored {
		types[t.NaturalKey()] = t.ID
	}
	return types, nil
}

// contentTypesOf are those of a model and its proxies.
func contentTypesOf(m *orm.Model) []ContentType {
	list := []ContentType{{AppLabel: m.Meta.App, Model: m.Meta.Name}}
	for _, proxy := range m.Meta.Proxies {
		list = append(list, ContentType{AppLabel: m.Meta.App, Model: proxy})
	}
	return list
}

func ensurePermissions(tx *gorm.DB, models []*orm.Model, types map[[2]string]int64) error {
	type key struct {
		contentType int64
		codename    string
	}
	var stored []Permission
	if err := tx.Find(&stored).Error; err != nil {
		return err
	}
	known := make(map[key]bool, len(stored))
	for _, p := range stored {
		known[key{p.ContentTypeID, p.Codename}] = true
	}
	var missing []Permission
	for _, m := range models {
		for _, p := range permissionsOf(m, types) {
			if !known[key{p.ContentTypeID, p.Codename}] {
				missing = append(missing, p)
			}
		}
	}
	return createMissing(tx, missing)
}

func permissionsOf(m *orm.Model, types map[[2]string]int64) (permissions []Permission) {
	for _, t := range contentTypesOf(m) {
		for _, action := range m.Meta.Permissions {
			permissions = append(permissions, Permission{
				Name: "Can " + action + " " + m.Meta.Verbose, ContentTypeID: types[t.NaturalKey()], Codename: action + "_" + t.Model,
			})
		}
	}
	return permissions
}

// createMissing stores rows; those that another server has stored meanwhile are passed over.
func createMissing[M any](tx *gorm.DB, rows []M) error {
	const batch = 200
	for some := range slices.Chunk(rows, batch) {
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Omit(clause.Associations).Create(&some).Error; err != nil {
			return err
		}
	}
	return nil
}
