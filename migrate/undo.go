package migrate

import (
	"context"
	"fmt"
	"io/fs"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Zero is the position before the first migration, for [Undo].
const Zero = "zero"

var backward = direction{
	next:       func(h *history, r *runner) (*Migration, error) { return h.last(r) },
	statements: func(m *Migration) []Statement { return m.Backward },
	step:       func(s *Step) func(context.Context, *gorm.DB) error { return s.Backward },
	record:     func(h *history, tx *gorm.DB, m *Migration) error { return h.remove(tx, m) },
	done:       "migration undone",
}

// Undo undoes the applied migrations behind the one called to, by its name or number, or all with [Zero]; the last one first.
// It returns those that this call undid, also beside an error. Where one of them cannot be undone nothing is done, and the
// error is an [*IrreversibleError]; the others are those of [Migrate]. Options.Fake only forgets them.
func Undo(ctx context.Context, db *orm.DB, opts Options, to string) ([]*Migration, error) {
	r, err := newRunner(db, opts)
	if err != nil {
		return nil, err
	}
	first, err := position(r.steps, to)
	if err != nil {
		return nil, err
	}
	r.steps = r.steps[first:]
	if _, err := r.undoable(ctx); err != nil {
		return nil, err
	}
	return r.run(orm.WithoutQueryTimeout(ctx), backward)
}

// PlanUndo returns the migrations that [Undo] would undo now, in order.
func PlanUndo(ctx context.Context, db *orm.DB, opts Options, to string) ([]*Migration, error) {
	r, err := newRunner(db, opts)
	if err != nil {
		return nil, err
	}
	first, err := position(r.steps, to)
	if err != nil {
		return nil, err
	}
	r.steps = r.steps[first:]
	return r.undoable(ctx)
}

// undoable returns the applied steps, the last one first.
func (r *runner) undoable(ctx context.Context) ([]*Migration, error) {
	h, err := readHistory(r.db.Gorm.WithContext(ctx), r.db.Dialect())
	if err != nil {
		return nil, err
	}
	states, err := h.states(r.known, r.opts)
	if err != nil {
		return nil, err
	}
	var list []*Migration
	for i := len(states) - 1; i >= len(r.known)-len(r.steps); i-- {
		if !states[i].Applied {
			continue
		}
		if !states[i].Reversible && !r.opts.Fake {
			return nil, &IrreversibleError{File: states[i].File}
		}
		list = append(list, states[i].Migration)
	}
	return list, nil
}

// last returns the last applied step of a run, nil when there is none.
func (h *history) last(r *runner) (*Migration, error) {
	states, err := h.states(r.known, r.opts)
	if err != nil {
		return nil, err
	}
	for i := len(states) - 1; i >= len(r.known)-len(r.steps); i-- {
		if states[i].Applied {
			return states[i].Migration, nil
		}
	}
	return nil, nil
}

// remove takes the records of a migration out of the history.
func (h *history) remove(tx *gorm.DB, m *Migration) error {
	for _, r := range m.Records {
		if err := tx.Exec(`DELETE FROM django_migrations WHERE app = ? AND name = ?`, r.App, r.Name).Error; err != nil {
			return fmt.Errorf("remove %s from django_migrations: %w", r, err)
		}
	}
	return nil
}

// Find returns the migration of a name: its full name, its number, the beginning of its name, or one of its records.
func Find(files fs.FS, dialect, name string, steps ...Step) (*Migration, error) {
	found, err := Read(files, dialect, steps...)
	if err != nil {
		return nil, err
	}
	n, err := position(found, name)
	if err != nil {
		return nil, err
	}
	if n == 0 {
		return nil, fmt.Errorf("%q is no migration but the place before the first", name)
	}
	return found[n-1], nil
}

// position returns how many steps there are up to and with the one of a name: its full name, its number, the beginning of
// its name, or one of its records.
func position(steps []*Migration, name string) (int, error) {
	if name == Zero {
		return 0, nil
	}
	var found []string
	at := 0
	for i, m := range steps {
		if m.named(name) {
			return i + 1, nil
		}
		if strings.HasPrefix(m.Name, name) {
			found, at = append(found, m.Name), i+1
		}
	}
	switch len(found) {
	case 1:
		return at, nil
	case 0:
		return 0, fmt.Errorf("no migration is called %q; showmigrations lists them", name)
	}
	return 0, fmt.Errorf("%q is the beginning of %s; give more of the name", name, strings.Join(found, " and "))
}

// named tells whether the migration has a name.
func (m *Migration) named(name string) bool {
	for _, r := range m.Records {
		if r.String() == name {
			return true
		}
	}
	return m.Name == name || m.Number == name
}

func migrations(states []State) []*Migration {
	list := make([]*Migration, len(states))
	for i, s := range states {
		list[i] = s.Migration
	}
	return list
}
