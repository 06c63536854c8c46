package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/quintet-go/quintet/orm"
)

// MakeOptions say how [Make] finds out what changed. FS is required; the rest may be left zero.
type MakeOptions struct {
	// FS is the folder of the migrations: sqlite, postgres and state. An empty one is the beginning.
	FS fs.FS
	// Steps are migrations in Go beside the files.
	Steps []Step
	// Name is that of the new migration; empty means one made of what it does.
	Name string
	// Renames are "app.model.old=new" for fields and "app.old=new" for models.
	Renames []string
	// NoRenames says that what is gone and what is new have nothing to do with each other.
	NoRenames bool
	// Defaults are the values that rows get in columns that may not be NULL, as in the tag orm:"default=…", by
	// "table.column" as [DefaultsOf] has them, or by "app.model.field".
	Defaults map[string]string
	// Ask decides what the options leave open; nil makes that an error.
	Ask *Asker
}

// Asker asks whoever makes the migration.
type Asker struct {
	// Renamed tells whether one field or model ("catalog.product.title") is another's new name.
	Renamed func(old, name string) (bool, error)
	// Default returns the value that rows get in a field that may not be NULL, as in the tag orm:"default=…".
	Default func(field string, t ColumnType) (string, error)
}

// Make compares what models want with the schema that the last migration leads to, and returns the migrations that lead from
// one to the other, none when they are the same. Nothing is written and no database is needed. The first ones are one for each
// app. There are two where indexes of tables that stand already are to be built: PostgreSQL does that beside the work on the
// table only outside of a transaction.
func Make(wanted *Schema, opts MakeOptions) ([]*Draft, error) {
	h, err := readTrail(opts.FS, opts.Steps)
	if err != nil {
		return nil, err
	}
	m := &maker{opts: opts, trail: h}
	d, err := m.compare(h.schema, wanted)
	if err != nil || d.empty() {
		return nil, err
	}
	var drafts []*Draft
	for _, part := range m.portions(d) {
		draft, err := m.draft(part.difference, part.concurrently)
		if err != nil {
			return nil, err
		}
		drafts = append(drafts, draft)
	}
	return drafts, nil
}

// portions are the parts of a difference that become migrations of their own.
func (m *maker) portions(d *difference) []portion {
	if len(m.trail.migrations) > 0 {
		return splitIndexes(d)
	}
	var list []portion
	for _, part := range splitApps(d) {
		list = append(list, portion{difference: part})
	}
	return list
}

// maker makes the drafts of one call.
type maker struct {
	opts  MakeOptions
	trail *trail
}

func (m *maker) compare(before, wanted *Schema) (*difference, error) {
	r, err := m.renames(before, wanted)
	if err != nil {
		return nil, err
	}
	d := compareSchemas(before, wanted, r, nil)
	if err := possible(d); err != nil {
		return nil, err
	}
	d.fills, err = m.fills(d)
	return d, err
}

// possible refuses what would be no change of a table but another table.
func possible(d *difference) error {
	mistakes := collisions(d)
	for _, c := range d.changed {
		for _, t := range []struct {
			columns []Column
			what    string
		}{{c.added(), "a new column"}, {c.removed(), "dropped"}} {
			for _, column := range t.columns {
				if column.Primary {
					mistakes = append(mistakes, keyError(c, column.Name, t.what))
				}
			}
		}
		for _, column := range c.altered() {
			if column.from.Primary != column.to.Primary {
				mistakes = append(mistakes, keyError(c, column.to.Name, "given to or taken from another column"))
			}
		}
	}
	return errors.Join(mistakes...)
}

// collisions are tables that get the name of another one which stands until the same migration drops it.
func collisions(d *difference) []error {
	var mistakes []error
	for from, to := range d.renames.tables {
		if d.before.Table(to) != nil {
			mistakes = append(mistakes, fmt.Errorf("table %s cannot take the name %s of another table in one migration; drop or rename that "+
				"one first, and run makemigrations in between", from, to))
		}
	}
	return mistakes
}

func keyError(c tableChange, column, what string) error {
	return fmt.Errorf("%s: its primary key %s cannot be %s, as other tables refer to it; rename or alter the key, or write the "+
		"steps yourself (makemigrations --empty)", c.to.Model, column, what)
}

// fills collects the values that rows get, and asks for those that must be given.
func (m *maker) fills(d *difference) (map[string]string, error) {
	fills := map[string]string{}
	var mistakes []error
	for _, c := range d.changed {
		for _, column := range needing(c) {
			text, given, err := m.fill(c.to, column)
			if err != nil {
				mistakes = append(mistakes, err)
			} else if given {
				fills[c.to.Name+"."+column.Name] = text
			}
		}
	}
	return fills, errors.Join(mistakes...)
}

// needing are the columns in which rows get a value that they have not.
func needing(c tableChange) []Column {
	list := c.added()
	for _, column := range c.altered() {
		if column.from.Null && !column.to.Null {
			list = append(list, column.to)
		}
	}
	return list
}

func (m *maker) fill(t *Table, c Column) (text string, given bool, err error) {
	field := t.Model + "." + c.fieldName()
	for _, key := range []string{field, t.Model + "." + c.Name, t.Name + "." + c.Name} {
		if text, given = m.opts.Defaults[key]; given {
			_, err = c.Type.literal(text, orm.Postgres)
			if err != nil {
				err = fmt.Errorf("%s: the default %w", field, err)
			}
			return text, true, err
		}
	}
	switch {
	case c.Null:
		return "", false, nil
	case m.opts.Ask != nil:
		text, err = m.opts.Ask.Default(field, c.Type)
		if err == nil {
			_, err = c.Type.literal(text, orm.Postgres)
		}
		return text, true, err
	}
	return "", false, fmt.Errorf(`%s: may not be NULL, and nothing says what the rows that are there get; give --default %[1]s=…, `+
		`or a default in the model (orm:"default=…"), or let it be NULL (a pointer)`, field)
}

// fieldName is Django's name of the field: without the "_id" of keys.
func (c Column) fieldName() string {
	const suffix = "_id"
	if c.References != nil && len(c.Name) > len(suffix) && c.Name[len(c.Name)-len(suffix):] == suffix {
		return c.Name[:len(c.Name)-len(suffix)]
	}
	return c.Name
}

// backFills are the values of columns that come back when a migration is undone. What they held is lost; a column whose
// values must differ or refer to something gets none, and comes back only where there are no rows.
func backFills(back *difference) map[string]string {
	fills := map[string]string{}
	for _, c := range back.changed {
		for _, column := range needing(c) {
			text, ok := column.Type.zero()
			if column.Null || !ok || column.References != nil || column.Unique && text != "uuid4" {
				continue
			}
			fills[c.to.Name+"."+column.Name] = text
		}
	}
	return fills
}

// DefaultsOf returns the values that models give new rows, by "table.column", for [MakeOptions.Defaults].
func DefaultsOf(registry *orm.Registry) map[string]string {
	values := map[string]string{}
	for _, m := range registry.Models() {
		for _, f := range m.Fields {
			if text, ok := defaultOf(f); ok && f.Column != "" {
				values[m.Table+"."+f.Column] = text
			}
		}
	}
	return values
}

func defaultOf(f *orm.Field) (text string, ok bool) {
	switch {
	case f.HasDefault:
		return f.Default, true
	case f.AutoNow || f.AutoNowAdd:
		return "now", true
	case f.Null:
		return "", false
	}
	texts := []orm.Kind{orm.Char, orm.Text, orm.Slug, orm.Email, orm.URL, orm.FilePath, orm.ImagePath, orm.Binary}
	return "", f.Blank && slices.Contains(texts, f.Kind)
}
