package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// Record is a row of django_migrations: an app label and the name of a migration of that app.
type Record struct {
	App  string // "catalog"
	Name string // "0001_initial"
}

// String is "app.name".
func (r Record) String() string { return r.App + "." + r.Name }

// Migration is one step: a file of SQL for the dialect at hand, or a [Step] in Go.
type Migration struct {
	File       string      // path in the file system it was read from: "sqlite/0007_catalog_initial.sql"; the name of a Step
	Name       string      // "0007_catalog_initial"
	Number     string      // "0007"; steps are applied in this order
	After      string      // name of the step that it was written after; empty where the file does not say
	Records    []Record    // what stands in django_migrations once it is applied; at least one
	Statements []Statement // none for a step that does nothing on this dialect
	// Backward undoes the step. It means nothing unless Reversible.
	Backward   []Statement
	Reversible bool

	stateOnly map[Record]bool // the records that change nothing in the database
	// outside says that the statements run outside of a transaction, each by itself; they can be repeated.
	outside bool
	// unchecked says that SQLite's foreign keys are off while the statements run, and checked at their end.
	unchecked bool
	// accepted are the lines of statements that a comment "-- safe:" stands before.
	accepted map[int]bool
	step     *Step // nil for a file
}

// Read returns the migrations of a dialect ("sqlite" or "postgres") in the order they are to be applied, with those in Go
// among them. All mistakes in the files are reported together.
func Read(files fs.FS, dialect string, steps ...Step) ([]*Migration, error) {
	r, err := readAll(files, dialect, steps)
	if err != nil {
		return nil, err
	}
	r.checkOrder()
	return r.found, errors.Join(r.mistakes...)
}

// readAll reads the migrations of a dialect and sorts them, whether they have an order or not.
func readAll(files fs.FS, dialect string, steps []Step) (*reader, error) {
	entries, err := fs.ReadDir(files, dialect)
	if err != nil {
		return nil, fmt.Errorf("migrations for %s: %w; Options.FS must hold a folder of that name", dialect, err)
	}
	r := &reader{fs: files, dialect: dialect, seen: map[string]string{}}
	for _, entry := range entries { // sorted by name
		r.add(entry.Name())
	}
	for i := range steps {
		r.addStep(&steps[i])
	}
	slices.SortStableFunc(r.found, func(a, b *Migration) int { return strings.Compare(a.Number, b.Number) })
	return r, nil
}

var (
	fileNames = regexp.MustCompile(`^((\d{4})_[a-z0-9_]+)\.sql$`)
	stepNames = regexp.MustCompile(`^(\d{4})_[a-z0-9_]+$`)
)

// reader collects the files of one folder.
type reader struct {
	fs       fs.FS
	dialect  string
	seen     map[string]string // numbers and records, with the file that has them
	found    []*Migration
	mistakes []error
}

func (r *reader) add(name string) {
	file := path.Join(r.dialect, name)
	match := fileNames.FindStringSubmatch(name)
	if match == nil {
		r.fail(file, "is not named like 0001_catalog_initial.sql; rename or remove it")
		return
	}
	text, err := fs.ReadFile(r.fs, file)
	if err != nil {
		r.fail(file, err.Error())
		return
	}
	m := &Migration{File: file, Name: match[1], Number: match[2], stateOnly: map[Record]bool{}}
	r.head(m, string(text))
	r.statements(m, string(text))
	m.accept(string(text))
	r.found = append(r.found, m)
}

// statements reads both directions; the line "-- backward" stands between them.
func (r *reader) statements(m *Migration, text string) {
	forward, backward, reversible := cutBackward(text)
	var err error
	if m.Statements, err = splitSQL(forward, r.dialect); err != nil {
		r.fail(m.File, err.Error())
	}
	if m.Reversible = reversible; !reversible {
		return
	}
	// Line breaks in place of what was cut off keep the numbers of the lines.
	before := strings.Repeat("\n", strings.Count(text[:len(text)-len(backward)], "\n"))
	if m.Backward, err = splitSQL(before+backward, r.dialect); err != nil {
		r.fail(m.File, err.Error())
	}
}

// accept notes the statements that follow a comment "-- safe:" with a reason.
func (m *Migration) accept(text string) {
	m.accepted = map[int]bool{}
	number := 0
	for line := range strings.Lines(text) {
		number++
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "-- safe:")
		if ok && strings.TrimSpace(comment) != "" {
			m.accepted[number+1] = true
		}
	}
}

// cutBackward cuts the text of a file at the line "-- backward".
func cutBackward(text string) (forward, backward string, found bool) {
	at := 0
	for line := range strings.Lines(text) {
		at += len(line)
		if strings.TrimSpace(line) == "-- backward" {
			return text[:at-len(line)], text[at:], true
		}
	}
	return text, "", false
}

// head reads the comments a file begins with: what it records, what it comes after, and how it runs.
func (r *reader) head(m *Migration, text string) {
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "--")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(comment), ":")
		switch value = strings.TrimSpace(value); key {
		case "records":
			r.record(m, value)
		case "after":
			m.After = value
		case "atomic":
			m.outside = r.off(m, key, value)
		case "foreign_keys":
			m.unchecked = r.off(m, key, value)
		}
	}
	if len(m.Records) == len(m.stateOnly) {
		r.fail(m.File, `does not say what it records; begin it with a comment like "-- records: catalog.0001_initial"`)
	}
}

// off reads a word that there is only one of.
func (r *reader) off(m *Migration, key, value string) bool {
	word := map[string]string{"atomic": "false", "foreign_keys": "off"}[key]
	dialect := map[string]string{"atomic": orm.Postgres, "foreign_keys": orm.SQLite}[key]
	switch {
	case value != word:
		r.fail(m.File, fmt.Sprintf("says %s: %s; write %s, or leave the line out", key, value, word))
	case dialect != r.dialect:
		r.fail(m.File, fmt.Sprintf("says %s: %s, which means something only for %s; leave the line out", key, value, dialect))
	}
	return true
}

func (r *reader) record(m *Migration, value string) {
	value, stateOnly := strings.CutSuffix(value, " (state only)")
	app, name, ok := strings.Cut(value, ".")
	if !ok || app == "" || name == "" || strings.ContainsAny(value, " ,") {
		r.fail(m.File, fmt.Sprintf("records %q; write one app.name a line", value))
		return
	}
	record := Record{App: app, Name: name}
	r.claim(m.File, record.String())
	m.Records = append(m.Records, record)
	if stateOnly {
		m.stateOnly[record] = true
	}
}

// claim reports what two files have in common and may not.
func (r *reader) claim(file, what string) {
	if other, taken := r.seen[what]; taken {
		r.fail(file, fmt.Sprintf("has %s, as %s has; change one of them", what, other))
	}
	r.seen[what] = file
}

// checkOrder finds steps that were written side by side, on two branches: each is right, and together they have no order.
func (r *reader) checkOrder() {
	for i, m := range r.found {
		if i == 0 {
			continue
		}
		before := r.found[i-1]
		switch {
		case m.Number == before.Number:
			r.branched(m, fmt.Sprintf("has number %s, as %s has", m.Number, before.File))
		case m.After != "" && m.After != before.Name:
			r.branched(m, fmt.Sprintf("was written to follow %s, and %s stands before it", m.After, before.File))
		}
	}
}

// branched reports one of two branches.
func (r *reader) branched(m *Migration, what string) {
	r.mistakes = append(r.mistakes, &BranchError{File: m.File, What: what})
}

func (r *reader) fail(file, what string) {
	r.mistakes = append(r.mistakes, fmt.Errorf("migration %s: %s", file, what))
}
