package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// Merged is what brings two branches in order: one stays as it is, the other follows it under new numbers. What is recorded
// in databases stays the same, so that one which has a branch already lacks only the other.
type Merged struct {
	Moves []Move
}

// Move is a file that gets another name or text, with its paths in the folder of the migrations.
type Move struct{ From, To, Text string }

// Merge brings branches that each added migrations in order. It returns nil when there is nothing to do. Where both changed
// the same thing, or SQLite would build a table anew without what the other branch did, it refuses and says what to do.
func Merge(opts MakeOptions) (*Merged, error) {
	r, err := readAll(opts.FS, orm.SQLite, opts.Steps)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(r.mistakes...); err != nil {
		return nil, err
	}
	m := &merger{files: opts.FS, children: map[string][]*Migration{}, parents: map[string]string{}, was: map[string]*Schema{}, is: map[string]*Schema{}}
	m.plant(r.found)
	if err := m.grow(r.found); err != nil {
		return nil, err
	}
	if len(m.result.Moves) == 0 {
		return nil, nil
	}
	return &m.result, nil
}

// merger lines up a tree of migrations.
type merger struct {
	files    fs.FS
	children map[string][]*Migration // by the name of what they follow, sorted by their names
	parents  map[string]string
	was, is  map[string]*Schema // the schemas that migrations lead to, before and after merging, by old names
	line     []*Migration       // in order, as far as it has grown
	names    map[string]string  // old names to new ones
	result   Merged
}

// plant finds out what follows what.
func (m *merger) plant(found []*Migration) {
	m.names = map[string]string{}
	for i, f := range found {
		parent := f.After
		for j := i - 1; j >= 0 && parent == ""; j-- {
			if found[j].Number < f.Number {
				parent = found[j].Name
			}
		}
		m.parents[f.Name] = parent
		m.children[parent] = append(m.children[parent], f)
	}
}

// grow lines the tree up, each branch behind the one before it.
func (m *merger) grow(found []*Migration) error {
	m.was[""] = &Schema{}
	m.is[""] = m.was[""]
	if err := m.follow(""); err != nil {
		return err
	}
	for _, f := range found {
		if m.names[f.Name] == "" {
			return fmt.Errorf("migration %s follows %s, which is not there; correct the line \"-- after:\"", f.File, f.After)
		}
	}
	return nil
}

func (m *merger) follow(parent string) error {
	for _, f := range m.children[parent] {
		if err := m.place(f); err != nil {
			return err
		}
		if err := m.follow(f.Name); err != nil {
			return err
		}
	}
	return nil
}

// place puts a migration at the end of the line.
func (m *merger) place(f *Migration) error {
	parent, last := m.parents[f.Name], ""
	number, _ := strconv.Atoi(f.Number) // four digits
	if len(m.line) > 0 {
		before := m.line[len(m.line)-1]
		last = before.Name
		taken, _ := strconv.Atoi(m.names[last][:4])
		number = max(number, taken+1)
	}
	m.names[f.Name] = fmt.Sprintf("%04d%s", number, f.Name[4:])
	if err := m.schemas(f, parent, last); err != nil {
		return err
	}
	if m.names[f.Name] != f.Name || f.After != "" && f.After != m.names[last] || m.is[f.Name] != m.was[f.Name] {
		if err := m.move(f, m.names[last]); err != nil {
			return err
		}
	}
	m.line = append(m.line, f)
	return nil
}

// schemas finds the schema that f leads to behind the last one.
func (m *merger) schemas(f *Migration, parent, last string) error {
	state, err := ReadState(m.files, f.Name)
	if errors.Is(err, fs.ErrNotExist) {
		state, err = m.was[parent], nil
	}
	if err != nil {
		return err
	}
	m.was[f.Name], m.is[f.Name] = state, state
	if m.is[last] == m.was[parent] {
		return nil
	}
	if err := m.rebuilds(f, parent, last); err != nil {
		return err
	}
	merged, err := mergeSchemas(m.was[parent], state, m.is[last])
	if err != nil {
		return fmt.Errorf("%s and %s %w; %s", last, f.Name, err, m.again(f, parent))
	}
	m.is[f.Name] = merged
	return nil
}

// rebuilds refuses a step that builds a table anew on SQLite which another branch has changed, or the other way round.
func (m *merger) rebuilds(f *Migration, parent, last string) error {
	others := touched(m.was[parent], m.is[last])
	at := slices.IndexFunc(m.line, func(o *Migration) bool { return o.Name == parent })
	for _, table := range touched(m.was[parent], m.was[f.Name]) {
		if !slices.Contains(others, table) {
			continue
		}
		for _, o := range append(slices.Clone(m.line[at+1:]), f) {
			if o.rebuilds(table) {
				return fmt.Errorf("%s and %s both change the table %s, and on SQLite %s builds it anew as it knows it; %s",
					last, f.Name, table, o.Name, m.again(f, parent))
			}
		}
	}
	return nil
}

// rebuilds tells whether SQLite gets a new table in place of one.
func (m *Migration) rebuilds(table string) bool {
	for _, s := range slices.Concat(m.Statements, m.Backward) {
		if strings.Contains(s.SQL, quote("new__"+table)) {
			return true
		}
	}
	return false
}

// touched are the tables that differ.
func touched(a, b *Schema) []string {
	d := compareSchemas(a, b, newRenames(), nil)
	var names []string
	for _, c := range d.changed {
		names = append(names, c.to.Name)
	}
	for _, t := range slices.Concat(d.created, d.dropped) {
		names = append(names, t.Name)
	}
	return names
}

func (m *merger) again(f *Migration, parent string) string {
	return fmt.Sprintf("go back to %s on databases that have %[2]s (migrate %[1]s), remove the files of %[2]s and what follows it, "+
		"and run makemigrations again", parent, f.Name)
}

var afterLine = regexp.MustCompile(`(?m)^-- after:.*$`)

// move notes the new names and texts of a migration's files.
func (m *merger) move(f *Migration, after string) error {
	name := m.names[f.Name]
	if f.step != nil {
		return fmt.Errorf("the step %s is written in Go: give it the Name %s", f.Name, name)
	}
	for _, dialect := range []string{orm.SQLite, orm.Postgres} {
		from := dialect + "/" + f.Name + ".sql"
		text, err := fs.ReadFile(m.files, from)
		if err != nil {
			return err
		}
		m.result.Moves = append(m.result.Moves, Move{from, dialect + "/" + name + ".sql", afterLine.ReplaceAllString(string(text), "-- after: "+after)})
	}
	if _, err := fs.Stat(m.files, statePath(f.Name)); err != nil {
		return nil //nolint:nilerr // a step without a schema of its own
	}
	state, err := m.is[f.Name].MarshalJSON()
	if err != nil {
		return err
	}
	m.result.Moves = append(m.result.Moves, Move{statePath(f.Name), statePath(name), string(state)})
	return nil
}

// Write makes the moves below a folder.
func (m *Merged) Write(folder string) error {
	for _, move := range m.Moves {
		from, to := filepath.Join(folder, filepath.FromSlash(move.From)), filepath.Join(folder, filepath.FromSlash(move.To))
		if from != to {
			if err := writeNew(to, move.Text); err != nil {
				return err
			}
			if err := os.Remove(from); err != nil {
				return err
			}
			continue
		}
		if err := os.WriteFile(to, []byte(move.Text), 0o644); err != nil { //nolint:gosec // source code, which others read
			return err
		}
	}
	return nil
}
