package migrate

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Source is one fixture: its JSON and the name that messages give it.
type Source struct {
	Name   string
	Reader io.Reader
}

// LoadOptions says what to do with objects the registry has no place for. The zero value refuses them.
type LoadOptions struct {
	// IgnoreUnknown skips objects of unknown models and unknown fields of known ones, instead of failing.
	IgnoreUnknown bool
	// Exclude leaves out apps ("orders") and models ("catalog.review").
	Exclude []string
	// NaturalKeys adds natural keys by label, for models that do not implement [NaturalKeyer].
	NaturalKeys map[string][]string
}

// Loaded counts what [LoadData] did.
type Loaded struct {
	Objects int // saved
	Skipped int // of unknown or excluded models
}

// LoadData saves the objects of Django fixtures, all or none: in a transaction, or in a savepoint when db is one already.
//
// An object with a primary key replaces the row that has it; one without is found by its natural key, or is new. Foreign
// keys are primary keys or natural keys; they and many-to-many lists may refer to objects that come later. Fields that are
// missing get their defaults. Values are stored as they are: no validation, no automatic times but for missing ones.
// An error names the fixture, the object and the field.
func LoadData(ctx context.Context, db *gorm.DB, reg *orm.Registry, opts LoadOptions, sources ...Source) (Loaded, error) {
	l, err := newLoader(reg, opts)
	if err != nil {
		return Loaded{}, err
	}
	err = db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		l.tx, l.ctx = tx, ctx
		return l.load(sources)
	})
	if err != nil {
		return Loaded{}, err
	}
	return l.count, nil
}

// loader is the state of one LoadData.
type loader struct {
	ctx      context.Context //nolint:containedctx // lives as long as the one call
	tx       *gorm.DB
	opts     LoadOptions
	registry *orm.Registry
	excluded map[string]bool // apps and labels
	natural  naturalKeys
	found    foundKeys
	batch    batch     // rows that are not written yet
	waiting  []*object // refer to natural keys that were not there yet
	circle   bool      // objects wait for each other: references that can be filled in later are
	later    []*later
	refs     *references
	keyed    map[*orm.Model]bool // got primary keys that PostgreSQL's sequence does not know of
	number   int                 // of the object that is read
	count    Loaded
}

func newLoader(reg *orm.Registry, opts LoadOptions) (*loader, error) {
	natural, err := newNaturalKeys(reg, opts.NaturalKeys)
	if err != nil {
		return nil, err
	}
	l := &loader{
		opts: opts, registry: reg, natural: natural, excluded: map[string]bool{},
		found: foundKeys{}, refs: newReferences(), keyed: map[*orm.Model]bool{},
	}
	for _, name := range opts.Exclude {
		l.excluded[strings.ToLower(name)] = true
	}
	return l, nil
}

func (l *loader) load(sources []Source) error {
	if err := deferConstraints(l.tx); err != nil {
		return err
	}
	for _, source := range sources {
		if err := l.source(source); err != nil {
			return err
		}
	}
	if err := l.saveWaiting(); err != nil {
		return err
	}
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.refs.check(l.tx); err != nil {
		return err
	}
	return l.resetSequences()
}

// deferConstraints lets foreign keys refer to rows that come later in the transaction.
func deferConstraints(tx *gorm.DB) error {
	statement := "PRAGMA defer_foreign_keys = ON"
	if tx.Name() == orm.Postgres {
		statement = "SET CONSTRAINTS ALL DEFERRED"
	}
	if err := tx.Exec(statement).Error; err != nil {
		return fmt.Errorf("defer the foreign keys: %w", err)
	}
	return nil
}

// object is one object of a fixture.
type object struct {
	Model  string                     `json:"model"`
	PK     json.RawMessage            `json:"pk"`
	Fields map[string]json.RawMessage `json:"fields"`

	source string
	index  int // from 1
	number int // of all sources
}

// String names the object in messages.
func (o *object) String() string {
	name := fmt.Sprintf("fixture %s, object %d (%s", o.source, o.index, o.Model)
	if len(o.PK) > 0 {
		name += " pk=" + string(o.PK)
	}
	return name + ")"
}

// hasPK tells whether the fixture gives the primary key.
func (o *object) hasPK() bool { return len(o.PK) > 0 && string(o.PK) != "null" }

// source reads one fixture, an array of objects, object by object.
func (l *loader) source(source Source) error {
	dec := json.NewDecoder(source.Reader)
	if token, err := dec.Token(); err != nil || token != json.Delim('[') {
		return fmt.Errorf("fixture %s: it must be a JSON array of objects, as dumpdata writes it (%w)", source.Name,
			cmp.Or(err, errors.New("it begins otherwise")))
	}
	for index := 1; dec.More(); index++ {
		l.number++
		o := &object{source: source.Name, index: index, number: l.number}
		if err := dec.Decode(o); err != nil {
			return fmt.Errorf("fixture %s, object %d: %w", source.Name, index, err)
		}
		if err := l.object(o); err != nil {
			return err
		}
	}
	if token, err := dec.Token(); err != nil || token != json.Delim(']') { // a read may have failed and then not
		return fmt.Errorf("fixture %s: it ends too early: %w", source.Name, cmp.Or(err, io.ErrUnexpectedEOF))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("fixture %s: something follows the array of objects; remove it (%w)", source.Name,
			cmp.Or(err, errors.New("there is more JSON")))
	}
	return nil
}

// errNotYet says that a natural key was not found; it may come later.
var errNotYet = errors.New("nothing has this natural key")

// object saves one object, or keeps it for later.
func (l *loader) object(o *object) error {
	o.Model = strings.ToLower(o.Model)
	app, _, _ := strings.Cut(o.Model, ".")
	m := l.registry.ByLabel(o.Model)
	if l.excluded[o.Model] || l.excluded[app] || m == nil && l.opts.IgnoreUnknown {
		l.count.Skipped++
		return nil
	}
	if m == nil {
		return fmt.Errorf("%s: no model has this label; register it, or load with IgnoreUnknown", o)
	}
	if err := l.save(o, m); !errors.Is(err, errNotYet) {
		return err
	}
	l.waiting = append(l.waiting, o)
	return nil
}

// saveWaiting saves what was kept, in rounds, as long as something helps another. In a circle, references that may be NULL and
// many-to-many lists are filled in after their objects.
func (l *loader) saveWaiting() error {
	for len(l.waiting)+len(l.later) > 0 {
		objects, fields := len(l.waiting), len(l.later)
		reason, err := l.round()
		switch {
		case err != nil:
			return err
		case len(l.waiting) < objects || len(l.later) < fields:
			l.circle = false
		case l.circle || len(l.waiting) == 0:
			return reason
		default:
			l.circle = true
		}
	}
	return nil
}

// round tries once to save everything that was kept; reason is why the first of what is still kept is.
func (l *loader) round() (reason, err error) {
	waiting, fields := l.waiting, l.later
	l.waiting, l.later = nil, nil
	for _, o := range waiting {
		err := l.save(o, l.registry.ByLabel(o.Model))
		if err != nil && !errors.Is(err, errNotYet) {
			return nil, err
		}
		if err != nil {
			l.waiting, reason = append(l.waiting, o), cmp.Or(reason, err)
		}
	}
	for _, f := range fields {
		err := l.fill(f)
		if err != nil && !errors.Is(err, errNotYet) {
			return nil, err
		}
		if err != nil {
			l.later, reason = append(l.later, f), cmp.Or(reason, err)
		}
	}
	return reason, nil
}

// save stores an object and its many-to-many lists.
func (l *loader) save(o *object, m *orm.Model) error {
	if err := l.checkFields(o, m); err != nil {
		return err
	}
	r, err := l.row(o, m)
	if err != nil {
		return err
	}
	if err := l.lists(r); err != nil {
		return err
	}
	if err := l.store(r); err != nil {
		return err
	}
	for _, f := range r.later {
		f.owner = r.pk()
	}
	l.later = append(l.later, r.later...)
	l.count.Objects++
	return nil
}

// store puts a row into the batch. One without a primary key is stored at once: the key that the database gives is behind
// those that were given before.
func (l *loader) store(r *row) error {
	if r.hasPK {
		l.keyed[r.model] = true
		return l.add(r)
	}
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.resetSequence(r.model); err != nil {
		return err
	}
	if err := r.insert(l.tx); err != nil {
		return fmt.Errorf("%s: %w", r.object, orm.Translate(err))
	}
	return saveLists(l.tx, []*row{r})
}

// checkFields refuses fields that the model does not have.
func (l *loader) checkFields(o *object, m *orm.Model) error {
	if l.opts.IgnoreUnknown {
		return nil
	}
	var unknown []string
	for name := range o.Fields {
		if f := m.Field(name); f == nil || f == m.PK {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	return fmt.Errorf("%s: the model has no field %s; remove it, or load with IgnoreUnknown", o, strings.Join(unknown, ", "))
}

// row builds the row of an object.
func (l *loader) row(o *object, m *orm.Model) (*row, error) {
	r := newRow(l.ctx, m, o)
	r.defaults()
	for _, f := range m.Fields {
		raw, given := o.Fields[f.Name]
		if f == m.PK {
			raw, given = o.PK, o.hasPK()
		}
		if !given || f.Column == "" {
			continue
		}
		err := l.set(r, f, raw)
		if errors.Is(err, errNotYet) && l.circle && f.Null && !l.names(r, f) {
			r.later, err = append(r.later, &later{object: o, model: m, field: f, raw: raw}), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%s, field %s: %w", o, f.Name, err)
		}
	}
	if r.hasPK = o.hasPK() || m.PK.HasDefault; !o.hasPK() {
		return r, l.adopt(r)
	}
	return r, nil
}

// names tells whether the row is found by a natural key that leads over f.
func (l *loader) names(r *row, f *orm.Field) bool {
	return !r.object.hasPK() && slices.ContainsFunc(l.natural[r.model], func(p orm.Path) bool { return firstOf(p) == f })
}

// firstOf is the field of the model itself that a path begins with.
func firstOf(p orm.Path) *orm.Field {
	if len(p.Hops) > 0 {
		return p.Hops[0].Field
	}
	return p.Field
}

// set gives one field its value.
func (l *loader) set(r *row, f *orm.Field, raw json.RawMessage) error {
	target := r.field(f)
	if f.Related == nil {
		return setJSON(target, f, raw)
	}
	if err := l.key(target, f.Related, raw); err != nil {
		return err
	}
	if v := reflect.Indirect(target); v.IsValid() {
		l.refs.add(f.Related, v.Interface(), r.object, f)
	}
	return nil
}

// key sets target to the primary key of m that raw gives, itself or by natural key.
func (l *loader) key(target reflect.Value, m *orm.Model, raw json.RawMessage) error {
	if len(raw) == 0 || raw[0] != '[' {
		return setJSON(target, m.PK, raw)
	}
	pk, err := l.lookUp(m, raw)
	if err != nil {
		return err
	}
	assign(target, reflect.ValueOf(pk))
	return nil
}

// lookUp finds the primary key of the object of m with a natural key.
func (l *loader) lookUp(m *orm.Model, raw json.RawMessage) (any, error) {
	paths := l.natural[m]
	var parts []json.RawMessage
	if err := json.Unmarshal(raw, &parts); err != nil || len(parts) != len(paths) {
		return nil, fmt.Errorf("%s is no natural key of %s, which has %d parts", raw, m.LabelLower(), len(paths))
	}
	values := make([]any, len(paths))
	for i, p := range paths {
		v := reflect.New(p.Field.Type).Elem()
		if err := setJSON(v, p.Field, parts[i]); err != nil {
			return nil, fmt.Errorf("natural key %s of %s: %w", raw, m.LabelLower(), err)
		}
		values[i] = plain(v)
	}
	pk, err := l.find(m, paths, values)
	if err == nil && pk == nil {
		err = fmt.Errorf("%s %s: %w", m.LabelLower(), raw, errNotYet)
	}
	return pk, err
}

// plain is the value of a field without its pointer, nil for NULL.
func plain(v reflect.Value) any {
	if v = reflect.Indirect(v); !v.IsValid() {
		return nil
	}
	return v.Interface()
}

// find returns the primary key of the object of m that has these values, nil when there is none.
func (l *loader) find(m *orm.Model, paths []orm.Path, values []any) (any, error) {
	var j joins
	conditions := make([]string, len(values))
	for i, p := range paths {
		conditions[i] = j.column("t", p) + " = ?"
	}
	query := fmt.Sprintf("SELECT t.%s FROM %s t%s WHERE %s", quote(m.PK.Column), quote(m.Table), j.sql.String(),
		strings.Join(conditions, " AND "))
	key := fmt.Sprintf("%s %#v", query, values)
	if pk, ok := l.found.get(m, key); ok {
		return pk, nil
	}
	if l.batch.has(m) || leadOver(paths, l.batch.has) {
		if err := l.flush(); err != nil {
			return nil, err
		}
	}
	pk := reflect.New(m.PK.Type)
	ok, err := scanOne(l.tx.Raw(query, values...), pk.Interface())
	if err != nil || !ok {
		return nil, err
	}
	value := pk.Elem().Interface()
	l.found.put(m, key, value)
	return value, nil
}

// adopt gives a row without primary key that of the stored object with the same natural key, if there is one. Where the
// key leads over a relation, the related object is known already.
func (l *loader) adopt(r *row) error {
	var paths []orm.Path
	var values []any
	for _, p := range l.natural[r.model] {
		f := firstOf(p)
		if !slices.ContainsFunc(paths, func(p orm.Path) bool { return p.Field == f }) {
			paths, values = append(paths, orm.Path{Field: f}), append(values, plain(r.field(f)))
		}
	}
	if len(paths) == 0 {
		return nil
	}
	pk, err := l.find(r.model, paths, values)
	if err != nil || pk == nil {
		return err
	}
	assign(r.field(r.model.PK), reflect.ValueOf(pk))
	r.hasPK = true
	return nil
}

// lists resolves the many-to-many lists of an object.
func (l *loader) lists(r *row) error {
	for _, f := range r.model.Fields {
		raw, given := r.object.Fields[f.Name]
		if f.Kind != orm.ManyToMany || !given {
			continue
		}
		keys, err := l.keys(r.object, f, raw)
		if errors.Is(err, errNotYet) && l.circle {
			r.later = append(r.later, &later{object: r.object, model: r.model, field: f, raw: raw})
			continue
		}
		if err != nil {
			return fmt.Errorf("%s, field %s: %w", r.object, f.Name, err)
		}
		r.lists = append(r.lists, &list{field: f, keys: keys})
	}
	return nil
}

// keys reads a many-to-many list.
func (l *loader) keys(o *object, f *orm.Field, raw json.RawMessage) ([]any, error) {
	var items []json.RawMessage
	if err := json.Unmarshal(raw, &items); err != nil {
		return nil, fmt.Errorf("%s is no list of keys", raw)
	}
	keys := make([]any, len(items))
	for i, item := range items {
		v := reflect.New(f.Related.PK.Type).Elem()
		if err := l.key(v, f.Related, item); err != nil {
			return nil, err
		}
		keys[i] = v.Interface()
		l.refs.add(f.Related, keys[i], o, f)
	}
	return keys, nil
}

// resetSequences lets PostgreSQL go on counting behind the primary keys that were given.
func (l *loader) resetSequences() error {
	for _, m := range l.registry.Models() {
		if err := l.resetSequence(m); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) resetSequence(m *orm.Model) error {
	if l.tx.Name() != orm.Postgres || !l.keyed[m] || m.PK.Kind != orm.Auto && m.PK.Kind != orm.BigAuto {
		return nil
	}
	l.keyed[m] = false
	if err := setCounter(l.tx, m.Table, m.PK.Column, 0); err != nil {
		return fmt.Errorf("reset the sequence of %s: %w", m.Table, err)
	}
	return nil
}

// scanOne scans the one column of the first row; false when there is no row.
func scanOne(query *gorm.DB, target any) (bool, error) {
	rows, err := query.Rows()
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	return true, rows.Scan(target)
}
