package orm

import (
	"fmt"
	"reflect"
	"strings"

	"gorm.io/gorm"
)

// deleteBatch is how many keys go into one statement.
const deleteBatch = 500

// mostProtected is how many objects of a relation a [ProtectedError] names.
const mostProtected = 100

// ProtectedError says that objects cannot be deleted because others refer to them; nothing was deleted. It is a pointer in
// error chains.
type ProtectedError struct {
	Model      *Model            // of the objects that were to be deleted
	Objects    []ProtectedObject // those that refer to them, at most 100 of each relation
	Restricted bool              // on_delete=restrict, not protect
}

// ProtectedObject is an object that keeps another from being deleted.
type ProtectedObject struct {
	Field *Field // its relation to what was to be deleted
	PK    any
}

// Error names the relations.
func (e *ProtectedError) Error() string {
	var fields []string
	seen := map[*Field]bool{}
	for _, o := range e.Objects {
		if !seen[o.Field] {
			seen[o.Field] = true
			fields = append(fields, o.Field.Model.Label()+"."+o.Field.Name)
		}
	}
	return fmt.Sprintf("cannot delete %s: it is still referred to by %s", e.Model.Label(), strings.Join(fields, ", "))
}

// Delete deletes objects by their primary keys and does with what refers to them as their fields' on_delete says, like
// Django: cascade deletes along, set_null empties, protect and restrict (unless deleted along anyway) refuse with a
// [*ProtectedError] before anything is deleted. Rows of many-to-many tables go too, keys that do not exist are passed over.
// GORM's hooks are not called. All happens in one transaction, that of tx if it has one; each relation takes a constant number
// of statements for each 500 objects.
func Delete(tx *gorm.DB, registry *Registry, model *Model, pks ...any) error {
	return Atomic(tx.Statement.Context, tx, func(tx *gorm.DB) error {
		d, err := Collect(tx, registry, model, pks...)
		if err != nil {
			return err
		}
		_, err = d.Run()
		return err
	})
}

// Deletion is what deleting some objects would delete.
type Deletion struct {
	tx       *gorm.DB
	model    *Model
	models   []*Model // in the order they were reached
	rows     map[*Model]*keys
	bulk     []bulkChange // rows that nothing refers to: deleted without being looked at
	nulls    []bulkChange
	blocked  []ProtectedObject
	restrict []ProtectedObject
}

// keys is an ordered set of primary keys.
type keys struct {
	list  []any
	known map[any]bool
}

// bulkChange is the rows of a table whose column is one of values.
type bulkChange struct {
	label, table, column string
	values               []any
}

// Collect finds what [Delete] would delete, without deleting; the error is a [*ProtectedError] when it would refuse. To be
// sure that nothing changes in between, Collect and [Deletion.Run] belong into one [Atomic].
func Collect(tx *gorm.DB, registry *Registry, model *Model, pks ...any) (*Deletion, error) {
	if registry.Model(model.Type) != model {
		return nil, fmt.Errorf("delete %s: the model is of another registry", model.Label())
	}
	d := &Deletion{tx: tx.Session(&gorm.Session{NewDB: true}), model: model, rows: map[*Model]*keys{}}
	found := make([]any, len(pks))
	for i, pk := range pks {
		key, err := model.key(pk)
		if err != nil {
			return nil, err
		}
		found[i] = key
	}
	if err := d.collect(model, found); err != nil {
		return nil, fmt.Errorf("delete %s: %w", model.Label(), Translate(err))
	}
	return d, d.refusal()
}

// key converts a primary key to the type of its column's Go field, which is what the database's are read as.
func (m *Model) key(pk any) (any, error) {
	t, _ := nullable(m.PK.Type)
	v := reflect.ValueOf(pk)
	switch {
	case !v.IsValid():
	case v.Type() == t:
		return pk, nil
	case v.Kind() == reflect.String && t.Kind() == reflect.String:
		return v.Convert(t).Interface(), nil
	case v.Kind() == reflect.String || v.CanInt() || v.CanUint():
		key := reflect.New(t)
		if err := setText(key, fmt.Sprint(pk)); err == nil {
			return key.Elem().Interface(), nil
		}
	}
	return nil, fmt.Errorf("%v (%T) is no primary key of %s, which is a %s", pk, pk, m.Label(), t)
}

// refusal is the reason not to delete, nil for none.
func (d *Deletion) refusal() error {
	if len(d.blocked) > 0 {
		return &ProtectedError{Model: d.model, Objects: d.blocked}
	}
	var left []ProtectedObject
	for _, o := range d.restrict {
		if rows := d.rows[o.Field.Model]; rows == nil || !rows.known[o.PK] {
			left = append(left, o)
		}
	}
	if len(left) > 0 {
		return &ProtectedError{Model: d.model, Objects: left[:min(len(left), mostProtected)], Restricted: true}
	}
	return nil
}

// add notes keys and returns those that are new.
func (d *Deletion) add(m *Model, found []any) []any {
	rows := d.rows[m]
	if rows == nil {
		rows = &keys{known: map[any]bool{}}
		d.rows[m] = rows
		d.models = append(d.models, m)
	}
	before := len(rows.list)
	for _, key := range found {
		if !rows.known[key] {
			rows.known[key] = true
			rows.list = append(rows.list, key)
		}
	}
	return rows.list[before:]
}

// collect adds objects and follows all relations to them.
func (d *Deletion) collect(m *Model, found []any) error {
	fresh := d.add(m, found)
	if len(fresh) == 0 {
		return nil
	}
	for _, f := range m.Fields {
		if f.Kind == ManyToMany {
			d.deletePairs(f, f.JoinColumn, fresh)
		}
	}
	for _, f := range m.incoming {
		if f.Kind == ManyToMany {
			d.deletePairs(f, f.JoinRelatedColumn, fresh)
			continue
		}
		if err := d.follow(f, fresh); err != nil {
			return err
		}
	}
	return nil
}

func (d *Deletion) deletePairs(f *Field, column string, values []any) {
	label := f.Model.Meta.App + "." + f.Model.Type.Name() + "_" + f.Name
	d.bulk = append(d.bulk, bulkChange{label, f.JoinTable, column, values})
}

// follow does with the objects that refer by f to the given ones what f's on_delete says.
func (d *Deletion) follow(f *Field, to []any) error {
	if f.OnDelete == DoNothing {
		return nil
	}
	values, err := d.referred(f, to)
	if err != nil {
		return err
	}
	switch {
	case f.OnDelete == SetNull:
		d.nulls = append(d.nulls, bulkChange{f.Model.Label(), f.Model.Table, f.Column, values})
	case f.OnDelete == Cascade && f.Model.isLeaf():
		d.bulk = append(d.bulk, bulkChange{f.Model.Label(), f.Model.Table, f.Column, values})
	case f.OnDelete == Cascade:
		found, err := d.selectKeys(f.Model.PK, f.Column, values, 0)
		if err != nil {
			return err
		}
		return d.collect(f.Model, found)
	case f.OnDelete == Protect:
		d.blocked, err = d.appendObjects(d.blocked, f, values, mostProtected)
		return err
	case f.OnDelete == Restrict:
		d.restrict, err = d.appendObjects(d.restrict, f, values, 0)
		return err
	}
	return nil
}

// referred is what f holds of objects: their primary keys, unless f refers to another column.
func (d *Deletion) referred(f *Field, to []any) ([]any, error) {
	if f.target() == f.Related.PK {
		return to, nil
	}
	return d.selectKeys(f.target(), f.Related.PK.Column, to, 0)
}

// isLeaf tells whether rows can be deleted without looking at them: nothing refers to them, and they restrict nothing that
// would have to be checked.
func (m *Model) isLeaf() bool {
	for _, f := range m.incoming {
		if f.Kind == ManyToMany || f.OnDelete != DoNothing {
			return false
		}
	}
	for _, f := range m.Fields {
		if f.Kind == ManyToMany || f.OnDelete == Restrict {
			return false
		}
	}
	return true
}

func (d *Deletion) appendObjects(list []ProtectedObject, f *Field, values []any, most int) ([]ProtectedObject, error) {
	found, err := d.selectKeys(f.Model.PK, f.Column, values, most)
	for _, key := range found {
		list = append(list, ProtectedObject{f, key})
	}
	return list, err
}

// selectKeys reads a field of the rows whose column is one of values, NULL left out; most limits their number, 0 does not.
func (d *Deletion) selectKeys(f *Field, column string, values []any, most int) ([]any, error) {
	t, _ := nullable(f.Type)
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s IN ?", quoteName(f.Column), quoteName(f.Model.Table), quoteName(column))
	if f.Null {
		query += " AND " + quoteName(f.Column) + " IS NOT NULL"
	}
	if most > 0 {
		query += fmt.Sprintf(" LIMIT %d", most)
	}
	var found []any
	err := inBatches(values, func(batch []any) error {
		rows, err := d.tx.Raw(query, batch).Rows()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			key := reflect.New(t)
			if err := rows.Scan(key.Interface()); err != nil {
				return err
			}
			found = append(found, key.Elem().Interface())
		}
		return rows.Err()
	})
	if most > 0 && len(found) > most {
		found = found[:most]
	}
	return found, err
}

// inBatches calls do with parts of values. Their lengths are powers of two or the full batch, filled up with the last value,
// so that there are few different statements.
func inBatches(values []any, do func([]any) error) error {
	for start := 0; start < len(values); start += deleteBatch {
		batch := values[start:min(start+deleteBatch, len(values))]
		if err := do(padded(batch)); err != nil {
			return err
		}
	}
	return nil
}

func padded(batch []any) []any {
	size := 1
	for size < len(batch) {
		size *= 2
	}
	size = min(size, deleteBatch)
	out := make([]any, size)
	n := copy(out, batch)
	for i := n; i < size; i++ {
		out[i] = batch[n-1]
	}
	return out
}

// Keys are the primary keys that would be deleted of a model. Rows that go in bulk, as nothing refers to them, are not listed.
func (d *Deletion) Keys(m *Model) []any {
	if rows := d.rows[m]; rows != nil {
		return rows.list
	}
	return nil
}

// Run deletes what was collected. The result counts the deleted rows by label ("catalog.Product"; "catalog.Product_tags" for
// a many-to-many table).
func (d *Deletion) Run() (map[string]int64, error) {
	counts := map[string]int64{}
	for _, c := range d.bulk {
		if err := d.change("DELETE FROM "+quoteName(c.table), c, counts); err != nil {
			return nil, err
		}
	}
	for _, c := range d.nulls {
		if err := d.change("UPDATE "+quoteName(c.table)+" SET "+quoteName(c.column)+" = NULL", c, nil); err != nil {
			return nil, err
		}
	}
	for i := len(d.models) - 1; i >= 0; i-- { // what refers to others was reached after them
		m := d.models[i]
		c := bulkChange{m.Label(), m.Table, m.PK.Column, d.rows[m].list}
		if err := d.change("DELETE FROM "+quoteName(c.table), c, counts); err != nil {
			return nil, err
		}
	}
	return counts, nil
}

func (d *Deletion) change(statement string, c bulkChange, counts map[string]int64) error {
	err := inBatches(c.values, func(batch []any) error {
		result := d.tx.Exec(statement+" WHERE "+quoteName(c.column)+" IN ?", batch)
		if counts != nil {
			counts[c.label] += result.RowsAffected
		}
		return result.Error
	})
	if err != nil {
		return fmt.Errorf("delete %s: %w", c.label, Translate(err))
	}
	return nil
}
