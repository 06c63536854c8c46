package migrate

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Adoption is what [Migrate] takes over from Django, which has migrated the same database: nothing of it is run, and no row
// is changed; django_migrations gets rows.
type Adoption struct {
	// Steps are those whose result stands.
	Steps []*Migration
	// Beside are Django's migrations that led there and that the files do not know. They are accepted.
	Beside []Record
	// Pending are the steps that Migrate applies afterwards.
	Pending []*Migration
}

// adoptedApp is the app of the rows in django_migrations that accept migrations of Django. No app of Django can be called so.
const adoptedApp = "quintet.adopted"

// PlanAdoption returns what [Migrate] would adopt now, nil for nothing. It compares what stands with what each step leads to,
// for which it runs the steps beside, where nothing of them is left. The error is a [*DifferenceError] when Django has
// migrated these apps and what stands is not what any step leads to.
func PlanAdoption(ctx context.Context, db *orm.DB, opts Options) (*Adoption, error) {
	r, err := newRunner(db, opts)
	if err != nil {
		return nil, err
	}
	return r.planAdoption(orm.WithoutQueryTimeout(ctx))
}

// Adopt records what Django has done and leaves the rest to [Migrate], which begins with it. It returns what was adopted, nil
// for nothing.
func Adopt(ctx context.Context, db *orm.DB, opts Options) (*Adoption, error) {
	r, err := newRunner(db, opts)
	if err != nil {
		return nil, err
	}
	return r.adopt(orm.WithoutQueryTimeout(ctx))
}

// Drift returns the tables of the applied steps that stand otherwise than those left them.
func Drift(ctx context.Context, db *orm.DB, opts Options) ([]TableDifference, error) {
	r, err := newRunner(db, opts)
	if err != nil {
		return nil, err
	}
	h, err := readHistory(db.Gorm.WithContext(ctx), db.Dialect())
	if err != nil {
		return nil, err
	}
	c, err := r.compare(orm.WithoutQueryTimeout(ctx), h)
	if err != nil {
		return nil, err
	}
	return c.now.differences(c.stages[c.floor], c.tables), nil
}

// adopt writes what planAdoption finds, under the lock.
func (r *runner) adopt(ctx context.Context) (*Adoption, error) {
	a, err := r.planAdoption(ctx)
	if err != nil || a == nil {
		return nil, err
	}
	err = r.locked(ctx, false, func(tx *gorm.DB) error {
		h, err := readHistory(tx, r.db.Dialect())
		if err != nil {
			return err
		}
		return a.write(tx, h)
	})
	if err != nil {
		return nil, err
	}
	for _, m := range a.Steps {
		r.log(ctx, "migration adopted", m, 0)
	}
	return a, nil
}

// write records the adoption. What another process has recorded meanwhile is left out.
func (a *Adoption) write(tx *gorm.DB, h *history) error {
	for _, m := range a.Steps {
		if err := h.write(tx, m); err != nil {
			return err
		}
	}
	accepted := &Migration{}
	for _, r := range a.Beside {
		if !h.beside[r.String()] {
			accepted.Records = append(accepted.Records, Record{App: adoptedApp, Name: r.String()})
		}
	}
	return h.write(tx, accepted)
}

// planAdoption asks first whether there is a history that the files do not explain: only Django's are compared.
func (r *runner) planAdoption(ctx context.Context) (*Adoption, error) {
	h, err := readHistory(r.db.Gorm.WithContext(ctx), r.db.Dialect())
	if err != nil {
		return nil, err
	}
	_, unexplained := h.states(r.known, r.opts)
	if unexplained == nil || len(h.adoptable(r.known)) == 0 && !r.opts.Adopt {
		return nil, nil // what is wrong then is for Migrate to say
	}
	if r.opts.Fake {
		return h.adoptionOf(r, len(r.steps)), nil
	}
	c, err := r.compare(ctx, h)
	if err != nil {
		return nil, fmt.Errorf("%w; what stands could not be compared with what the steps lead to: %w", unexplained, err)
	}
	return c.adoption(r, h, unexplained)
}

// adoptable are the steps that the history lacks, wholly or partly, although it knows their apps.
func (h *history) adoptable(steps []*Migration) []*Migration {
	return slices.DeleteFunc(slices.Clone(steps), func(m *Migration) bool {
		missing, _ := h.missing(m)
		return len(missing) == 0 || !h.knowsApps(m)
	})
}

// knowsApps tells whether the history has something of each app that a step is about.
func (h *history) knowsApps(m *Migration) bool {
	return !slices.ContainsFunc(m.Records, func(r Record) bool {
		return !slices.ContainsFunc(h.order, func(applied Record) bool { return applied.App == r.App })
	})
}

// comparison is what stands beside what each step leads to.
type comparison struct {
	now    standing
	stages []standing
	floor  int      // how many steps there are up to the last that is applied
	tables []string // those of the apps that the history knows, sorted
}

func (r *runner) compare(ctx context.Context, h *history) (*comparison, error) {
	rehearsed, err := r.rehearse(ctx)
	if err != nil {
		return nil, err
	}
	now, err := describe(r.db.Gorm.WithContext(ctx), r.db.Dialect())
	if err != nil {
		return nil, err
	}
	c := &comparison{now: standingOf(now)}
	for _, things := range rehearsed {
		c.stages = append(c.stages, standingOf(things))
	}
	for i, m := range r.known {
		if missing, _ := h.missing(m); len(missing) == 0 {
			c.floor = i + 1
		}
		if h.knowsApps(m) {
			c.tables = append(c.tables, newTables(c.stages[i], c.stages[i+1])...)
		}
	}
	slices.Sort(c.tables)
	c.tables = slices.Compact(c.tables)
	return c, nil
}

// newTables are the tables that only after has.
func newTables(before, after standing) []string {
	var list []string
	for table := range after {
		if _, stood := before[table]; !stood {
			list = append(list, table)
		}
	}
	return list
}

// adoption finds the first stage behind the applied steps that stands. Steps behind it that change no table are not taken for
// done: they may change rows.
func (c *comparison) adoption(r *runner, h *history, unexplained error) (*Adoption, error) {
	var nearest []TableDifference
	for n := c.floor; n <= len(r.steps); n++ {
		different := c.now.differences(c.stages[n], c.tables)
		if len(different) == 0 {
			return h.adoptionOf(r, n), nil
		}
		if nearest == nil || parts(different) <= parts(nearest) {
			nearest = different
		}
	}
	return nil, &DifferenceError{Tables: nearest, Err: unexplained}
}

// parts counts what differs.
func parts(list []TableDifference) int {
	n := 0
	for _, d := range list {
		n += len(d.Lacks) + len(d.Has)
	}
	return n
}

// adoptionOf adopts the steps up to a stage; nil when there are none and nobody has asked for it.
func (h *history) adoptionOf(r *runner, stage int) *Adoption {
	a := &Adoption{Steps: h.adoptable(r.known[:stage]), Beside: h.unknown(r.known, r.opts.Tolerate)}
	if len(a.Steps) == 0 && !r.opts.Adopt {
		return nil
	}
	for _, m := range r.steps {
		if missing, _ := h.missing(m); len(missing) > 0 && !slices.Contains(a.Steps, m) {
			a.Pending = append(a.Pending, m)
		}
	}
	return a
}
