package migrate

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// renames finds out what is only called otherwise: tables of models that stay by themselves, all else by what the options
// say or whoever is asked.
func (m *maker) renames(before, wanted *Schema) (renames, error) {
	f := &renameFinder{maker: m, before: before, wanted: wanted, models: map[string]string{}, found: newRenames()}
	f.given()
	f.guessTables()
	f.tables()
	f.relations()
	f.columns()
	return f.found, errors.Join(f.mistakes...)
}

// renameFinder collects renames.
type renameFinder struct {
	*maker
	before, wanted *Schema
	models         map[string]string // old label to new
	fields         []fieldRename
	found          renames
	mistakes       []error
}

// fieldRename is one of MakeOptions.Renames.
type fieldRename struct{ model, from, to string }

// given reads MakeOptions.Renames.
func (f *renameFinder) given() {
	for _, text := range f.opts.Renames {
		old, name, ok := strings.Cut(text, "=")
		parts := strings.Split(old, ".")
		switch {
		case !ok || name == "" || len(parts) < 2 || len(parts) > 3:
			f.mistake("rename %q: write app.model.old=new for a field, app.old=new for a model", text)
		case len(parts) == 3:
			f.fields = append(f.fields, fieldRename{model: parts[0] + "." + parts[1], from: parts[2], to: name})
		default:
			f.model(text, old, parts[0]+"."+name)
		}
	}
}

func (f *renameFinder) mistake(format string, args ...any) {
	f.mistakes = append(f.mistakes, fmt.Errorf(format, args...))
}

func (f *renameFinder) model(text, old, name string) {
	if f.before.byModel(old) == nil || f.wanted.byModel(name) == nil {
		f.mistake("rename %q: %s must be a model of the last migration, and %s one of today", text, old, name)
		return
	}
	f.models[old] = name
}

// guessTables asks about tables that are gone where another with the same columns is new.
func (f *renameFinder) guessTables() {
	if f.opts.NoRenames {
		return
	}
	for _, from := range f.before.Tables {
		if f.label(from) != from.Model || f.wanted.byModel(from.Model) != nil || f.wanted.Table(from.Name) != nil || from.isPairs() {
			continue
		}
		for _, to := range f.wanted.Tables {
			if f.before.byModel(to.Model) != nil || f.before.Table(to.Name) != nil || from.app() != to.app() || !alike(from, to) || f.taken(to.Model) {
				continue
			}
			if f.ask(from.Model, to.Model, from.Model+"="+to.modelName()) {
				f.models[from.Model] = to.Model
				break
			}
		}
	}
}

func (f *renameFinder) taken(model string) bool {
	for _, name := range f.models {
		if name == model {
			return true
		}
	}
	return false
}

// alike tells whether tables have the same columns.
func alike(a, b *Table) bool {
	types := func(t *Table) map[string]ColumnType {
		list := map[string]ColumnType{}
		for _, c := range t.Columns {
			list[c.Name] = c.Type
		}
		return list
	}
	return reflect.DeepEqual(types(a), types(b))
}

// ask tells whether something was renamed; without anybody to ask that is a mistake.
func (f *renameFinder) ask(old, name, flag string) bool {
	if f.opts.Ask == nil {
		f.mistake("%s is gone and %s is new, and they look alike: say --rename %s, or --no-renames when they have nothing to do "+
			"with each other", old, name, flag)
		return false
	}
	renamed, err := f.opts.Ask.Renamed(old, name)
	if err != nil {
		f.mistakes = append(f.mistakes, err)
	}
	return renamed
}

// label is the label that a table of before has now.
func (f *renameFinder) label(t *Table) string {
	parts := strings.SplitN(t.Model, ".", 3)
	if len(parts) < 2 {
		return t.Model
	}
	name, ok := f.models[parts[0]+"."+parts[1]]
	if !ok {
		return t.Model
	}
	return strings.Join(append([]string{name}, parts[2:]...), ".")
}

// tables finds the tables whose models are the same.
func (f *renameFinder) tables() {
	for _, from := range f.before.Tables {
		to := f.wanted.byModel(f.label(from))
		if to == nil {
			continue
		}
		if from.Name != to.Name {
			f.found.tables[from.Name] = to.Name
		}
		if from.isPairs() && to.isPairs() {
			f.pairs(from, to)
		}
	}
}

// relations finds the many-to-many relations whose field is called otherwise.
func (f *renameFinder) relations() {
	for _, from := range f.before.Tables {
		label := f.label(from)
		if !from.isPairs() || f.wanted.byModel(label) != nil {
			continue
		}
		for _, to := range f.wanted.Tables {
			if to.isPairs() && f.isNew(to) && owner(label) == owner(to.Model) && f.sameRelation(from, to) && f.relation(label, to) {
				f.found.tables[from.Name] = to.Name
				f.pairs(from, to)
				break
			}
		}
	}
}

// isNew tells whether no table of before has become t.
func (f *renameFinder) isNew(t *Table) bool {
	for _, from := range f.before.Tables {
		if f.label(from) == t.Model || f.found.tables[from.Name] == t.Name {
			return false
		}
	}
	return true
}

// owner is the model of a many-to-many.
func owner(label string) string { return label[:strings.LastIndexByte(label, '.')] }

// sameRelation tells whether pairs are of the same two models.
func (f *renameFinder) sameRelation(from, to *Table) bool {
	if len(from.Columns) != len(to.Columns) {
		return false
	}
	for i, c := range from.Columns {
		if (c.References == nil) != (to.Columns[i].References == nil) {
			return false
		}
		if c.References != nil && f.found.table(c.References.Table) != to.Columns[i].References.Table {
			return false
		}
	}
	return true
}

// relation tells whether a relation is the new name of another: as the options say, or as whoever is asked.
func (f *renameFinder) relation(label string, to *Table) bool {
	old, name := label[len(owner(label))+1:], to.Model[len(owner(to.Model))+1:]
	for i, r := range f.fields {
		if r == (fieldRename{model: owner(label), from: old, to: name}) {
			f.fields = append(f.fields[:i:i], f.fields[i+1:]...)
			return true
		}
	}
	return !f.opts.NoRenames && f.ask(label, to.Model, label+"="+name)
}

// pairs are the keys of a many-to-many, which are called after their models.
func (f *renameFinder) pairs(from, to *Table) {
	for i := range from.Columns {
		if i < len(to.Columns) && from.Columns[i].Name != to.Columns[i].Name {
			f.found.addColumn(to.Name, from.Columns[i].Name, to.Columns[i].Name)
		}
	}
}

// columns finds the columns that are called otherwise: as the options say, or as whoever is asked.
func (f *renameFinder) columns() {
	renamed := f.found.apply(f.before)
	for _, to := range f.wanted.Tables {
		from := renamed.Table(to.Name)
		if from == nil || to.isPairs() {
			continue
		}
		f.givenColumns(from, to)
		if !f.opts.NoRenames {
			f.guessColumns(from, to)
		}
	}
	for _, left := range f.fields {
		f.mistake("rename %s.%s=%s: no column of that name is gone while the other is new", left.model, left.from, left.to)
	}
}

// givenColumns takes the renames of one table out of those of the options.
func (f *renameFinder) givenColumns(from, to *Table) {
	var left []fieldRename
	for _, r := range f.fields {
		old, name := columnNamed(from, r.from), columnNamed(to, r.to)
		if to.Model != r.model || old == nil || name == nil || to.Column(old.Name) != nil || from.Column(name.Name) != nil {
			left = append(left, r)
			continue
		}
		f.found.addColumn(to.Name, old.Name, name.Name)
	}
	f.fields = left
}

// columnNamed finds a column by its name or that of its field.
func columnNamed(t *Table, name string) *Column {
	for i := range t.Columns {
		if t.Columns[i].Name == name || t.Columns[i].fieldName() == name {
			return &t.Columns[i]
		}
	}
	return nil
}

// guessColumns asks about columns that are gone where another of the same type is new.
func (f *renameFinder) guessColumns(from, to *Table) {
	c := tableChange{from, to}
	taken := map[string]bool{}
	for _, name := range f.found.columns[to.Name] {
		taken[name] = true
	}
	for _, old := range c.removed() {
		if f.found.column(to.Name, old.Name) != old.Name {
			continue
		}
		for _, name := range c.added() {
			if taken[name.Name] || old.Type != name.Type || !sameTarget(old, name) {
				continue
			}
			was, is := to.Model+"."+old.fieldName(), to.Model+"."+name.fieldName()
			if f.ask(was, is, was+"="+name.fieldName()) {
				f.found.addColumn(to.Name, old.Name, name.Name)
				taken[name.Name] = true
				break
			}
		}
	}
}

// sameTarget tells whether columns refer to the same, or both to nothing.
func sameTarget(a, b Column) bool {
	if a.References == nil || b.References == nil {
		return a.References == b.References
	}
	return a.References.Table == b.References.Table && a.References.Column == b.References.Column
}
