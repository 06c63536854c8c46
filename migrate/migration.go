package migrate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// Record is a row of django_migrations: an app label and the name of a migration of that app.
type Record struct {
	App  string // "catalog"
	Name string // "0001_initial"
}

// String is "app.name".
func (r Record) String() string { return r.App + "." + r.Name }

// Migration is one step: a file of SQL for the dialect at hand.
type Migration struct {
	File       string      // path in the file system it was read from: "sqlite/0007_catalog_initial.sql"
	Number     string      // "0007"; steps are applied in this order
	Records    []Record    // what stands in django_migrations once it is applied; at least one
	Statements []Statement // none for a step that does nothing on this dialect

	stateOnly map[Record]bool // the records that change nothing in the database
}

// Read returns the migrations of a dialect ("sqlite" or "postgres") in the order they are to be applied. All mistakes in
// the files are reported together.
func Read(files fs.FS, dialect string) ([]*Migration, error) {
	entries, err := fs.ReadDir(files, dialect)
	if err != nil {
		return nil, fmt.Errorf("migrations for %s: %w; Options.FS must hold a folder of that name", dialect, err)
	}
	r := reader{fs: files, dialect: dialect, names: regexp.MustCompile(`^(\d{4})_[a-z0-9_]+\.sql$`), seen: map[string]string{}}
	for _, entry := range entries { // sorted by name
		r.add(entry.Name())
	}
	return r.found, errors.Join(r.mistakes...)
}

// reader collects the files of one folder.
type reader struct {
	fs       fs.FS
	dialect  string
	names    *regexp.Regexp
	seen     map[string]string // numbers and records, with the file that has them
	found    []*Migration
	mistakes []error
}

func (r *reader) add(name string) {
	file := path.Join(r.dialect, name)
	match := r.names.FindStringSubmatch(name)
	if match == nil {
		r.fail(file, "is not named like 0001_catalog_initial.sql; rename or remove it")
		return
	}
	text, err := fs.ReadFile(r.fs, file)
	if err != nil {
		r.fail(file, err.Error())
		return
	}
	m := &Migration{File: file, Number: match[1], stateOnly: map[Record]bool{}}
	r.claim(file, "number "+m.Number)
	r.head(m, string(text))
	if m.Statements, err = splitSQL(string(text), r.dialect); err != nil {
		r.fail(file, err.Error())
	}
	r.found = append(r.found, m)
}

// head reads the records from the comments a file begins with.
func (r *reader) head(m *Migration, text string) {
	for line := range strings.Lines(text) {
		comment, ok := strings.CutPrefix(line, "--")
		if !ok {
			break
		}
		value, ok := strings.CutPrefix(strings.TrimSpace(comment), "records:")
		if ok {
			r.record(m, strings.TrimSpace(value))
		}
	}
	if len(m.Records) == len(m.stateOnly) {
		r.fail(m.File, `does not say what it records; begin it with a comment like "-- records: catalog.0001_initial"`)
	}
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

func (r *reader) fail(file, what string) {
	r.mistakes = append(r.mistakes, fmt.Errorf("migration %s: %s", file, what))
}
