package migrate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// Draft is a migration that is not written yet.
type Draft struct {
	Name       string   // "0010_catalog_product_weight"
	Records    []Record // what stands in django_migrations once it is applied
	Operations []string // what it does, a line each: "add column weight to catalog_product (Float, NULL)"
	Files      []DraftFile

	stateOnly []Record // those of Records that change nothing in the database
}

// DraftFile is a file of a draft, with its path in the folder of the migrations.
type DraftFile struct{ Path, Text string }

// Write writes the files below a folder. It replaces nothing: a file that is there is an error.
func (d *Draft) Write(folder string) error {
	for _, f := range d.Files {
		path := filepath.Join(folder, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // source code, which others read
			return err
		}
		if err := writeNew(path, f.Text); err != nil {
			return err
		}
	}
	return nil
}

func writeNew(path, text string) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644) //nolint:gosec // source code, which others read
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}

// draft writes a difference as the next migration, and takes it for done.
func (m *maker) draft(d *difference, concurrently bool) (*Draft, error) {
	operations := d.operations()
	draft := m.named(operations)
	for _, o := range operations {
		draft.Operations = append(draft.Operations, o.text)
	}
	back := d.back(nil)
	back.fills = backFills(back)
	return m.complete(draft, d, back, concurrently)
}

// complete writes the files of a draft.
func (m *maker) complete(draft *Draft, d, back *difference, concurrently bool) (*Draft, error) {
	for _, dialect := range []string{orm.SQLite, orm.Postgres} {
		outside := concurrently && dialect == orm.Postgres
		text, err := m.text(draft, dialect, outside, d, back)
		if err != nil {
			return nil, err
		}
		draft.Files = append(draft.Files, DraftFile{dialect + "/" + draft.Name + ".sql", text})
	}
	state, err := d.after.MarshalJSON() // json.Marshal would make one line of it
	if err != nil {
		return nil, err
	}
	draft.Files = append(draft.Files, DraftFile{statePath(draft.Name), string(state)})
	m.trail.add(draft, d.after)
	return draft, nil
}

// add takes a draft for applied.
func (h *trail) add(d *Draft, schema *Schema) {
	h.migrations = append(h.migrations, &Migration{Name: d.Name, Number: d.Name[:4], Records: d.Records})
	h.schema = schema
}

// text is the file of one dialect.
func (m *maker) text(d *Draft, dialect string, outside bool, ways ...*difference) (string, error) {
	there, err := ways[0].render(dialect, outside)
	if err != nil {
		return "", err
	}
	back, err := ways[1].render(dialect, outside)
	if err != nil {
		return "", fmt.Errorf("the way back: %w", err)
	}
	var out strings.Builder
	m.head(&out, d)
	if there.unchecked || back.unchecked {
		out.WriteString("-- foreign_keys: off\n")
	}
	if outside {
		out.WriteString("-- atomic: false\n")
	}
	there.text(&out)
	out.WriteString("\n-- backward\n")
	back.text(&out)
	return out.String(), nil
}

// head writes the comments that a file begins with.
func (m *maker) head(out *strings.Builder, d *Draft) {
	for _, o := range d.Operations {
		fmt.Fprintf(out, "-- %s%s.\n", strings.ToUpper(o[:1]), strings.ReplaceAll(o[1:], "\n", " "))
	}
	for _, r := range d.Records {
		mark := ""
		if slices.Contains(d.stateOnly, r) {
			mark = " (state only)"
		}
		fmt.Fprintf(out, "-- records: %s%s\n", r, mark)
	}
	if last := m.trail.last(); last != "" {
		fmt.Fprintf(out, "-- after: %s\n", last)
	}
}

func (s *script) text(out *strings.Builder) {
	for _, statement := range s.statements {
		fmt.Fprintf(out, "\n%s;", statement)
	}
	if len(s.statements) > 0 {
		out.WriteString("\n")
	}
}

// named finds names for the migration and its records.
func (m *maker) named(operations []operation) *Draft {
	d := &Draft{}
	names := map[string][]string{}
	var apps []string
	for _, o := range operations {
		if !slices.Contains(apps, o.app) {
			apps = append(apps, o.app)
		}
		names[o.app] = append(names[o.app], o.name)
	}
	for _, app := range apps {
		if m.trail.appNumber(app) == 1 && d.recordDjangos(app) {
			continue
		}
		name := fmt.Sprintf("%04d_%s", m.trail.appNumber(app), m.name(app, names[app]))
		d.Records = append(d.Records, Record{App: app, Name: name})
	}
	d.Name = fmt.Sprintf("%04d_%s", m.trail.number(), m.fileName(apps, d.Records))
	return d
}

const longestName = 52 // Django's

// name joins the parts of a name, as many as have room.
func (m *maker) name(app string, parts []string) string {
	if m.opts.Name != "" {
		return cleanName(m.opts.Name)
	}
	if m.trail.appNumber(app) == 1 {
		return "initial"
	}
	name := cleanName(parts[0])
	for i, part := range parts[1:] {
		longer := name + "_" + cleanName(part)
		if rest := len(parts) - i - 2; len(longer) > longestName || rest > 0 && len(longer)+len("_and_more") > longestName {
			return name + "_and_more"
		}
		name = longer
	}
	return name
}

// fileName is that of the record with its app, or of the apps when there are several.
func (m *maker) fileName(apps []string, records []Record) string {
	switch {
	case len(apps) == 1:
		return cleanName(apps[0] + "_" + records[0].Name[len("0000_"):])
	case m.opts.Name != "":
		return cleanName(m.opts.Name)
	}
	name := strings.Join(apps, "_")
	if !slices.ContainsFunc(records, func(r Record) bool { return r.Name != "0001_initial" }) {
		return "initial"
	}
	if len(name) > longestName {
		name = apps[0] + "_and_more"
	}
	return cleanName(name)
}

var notInNames = regexp.MustCompile(`[^a-z0-9]+`)

// cleanName leaves what may stand in the name of a file.
func cleanName(name string) string {
	return strings.Trim(notInNames.ReplaceAllString(strings.ToLower(name), "_"), "_")
}
