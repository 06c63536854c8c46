package migrate

import (
	"context"
	"slices"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// State is a migration and whether the database has it.
type State struct {
	*Migration
	Applied bool
}

// Status returns every migration of opts.FS in order. It writes nothing and takes no lock; a database newer than the code
// is an error as it is for [Migrate].
func Status(ctx context.Context, db *orm.DB, opts Options) ([]State, error) {
	steps, err := Read(opts.FS, db.Dialect(), opts.Steps...)
	if err != nil {
		return nil, err
	}
	h, err := readHistory(db.Gorm.WithContext(ctx), db.Dialect())
	if err != nil {
		return nil, err
	}
	return h.states(steps, opts)
}

// Plan returns the migrations that [Migrate] would apply now, in order; none when the database is up to date.
func Plan(ctx context.Context, db *orm.DB, opts Options) ([]*Migration, error) {
	states, err := Status(ctx, db, opts)
	if err != nil {
		return nil, err
	}
	last := len(states)
	if opts.To != "" {
		if last, err = position(migrations(states), opts.To); err != nil {
			return nil, err
		}
	}
	var pending []*Migration
	for _, s := range states[:last] {
		if !s.Applied {
			pending = append(pending, s.Migration)
		}
	}
	return pending, nil
}

// states compares the files with the history.
func (h *history) states(steps []*Migration, opts Options) ([]State, error) {
	if unknown := h.unknown(steps, opts.Tolerate); len(unknown) > 0 {
		return nil, &NewerError{Unknown: unknown}
	}
	states := make([]State, len(steps))
	for i, m := range steps {
		missing, some := h.missing(m)
		if some && len(missing) > 0 {
			return nil, &PartialError{File: m.File, Missing: missing}
		}
		states[i] = State{Migration: m, Applied: len(missing) == 0}
	}
	return states, nil
}

// unknown returns what the history has of the apps that the files are about, and neither the files have nor anybody has
// accepted.
func (h *history) unknown(steps []*Migration, tolerate []string) []Record {
	known, apps := map[Record]bool{}, map[string]bool{}
	for _, m := range steps {
		for _, r := range m.Records {
			known[r], apps[r.App] = true, true
		}
	}
	var unknown []Record
	for _, r := range h.order {
		if apps[r.App] && !known[r] && !h.beside[r.String()] && !slices.Contains(tolerate, r.String()) {
			unknown = append(unknown, r)
		}
	}
	return unknown
}

// pending returns the first of some steps that is to be applied, nil when there is none.
func (h *history) pending(known, steps []*Migration, opts Options) (*Migration, error) {
	states, err := h.states(known, opts)
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		if !s.Applied && slices.Contains(steps, s.Migration) {
			return s.Migration, nil
		}
	}
	return nil, nil
}

// ensureHistory makes django_migrations when it is missing.
func ensureHistory(tx *gorm.DB, dialect string) error {
	exists, err := hasHistory(tx, dialect)
	if err != nil || exists {
		return err
	}
	return tx.Exec(historyTable(dialect)).Error
}
