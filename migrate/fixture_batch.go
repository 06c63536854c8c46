package migrate

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

const (
	// loadBatch is how many rows are in memory at a time.
	loadBatch = 500
	// remembered is how many keys of what is there are remembered, to spare questions.
	remembered = 2_000
)

// batch are rows of one model that wait to be written by one statement.
type batch struct {
	rows []*row
	keys map[any]bool
}

// has tells whether rows of m wait.
func (b *batch) has(m *orm.Model) bool { return len(b.rows) > 0 && b.rows[0].model == m }

// add puts a row into the batch, after writing what cannot be with it: other models, the same row, or as many as there may be.
func (l *loader) add(r *row) error {
	b := &l.batch
	if len(b.rows) >= loadBatch || len(b.rows) > 0 && (!b.has(r.model) || b.keys[r.pk()]) {
		if err := l.flush(); err != nil {
			return err
		}
	}
	if b.keys == nil {
		b.keys = map[any]bool{}
	}
	b.rows, b.keys[r.pk()] = append(b.rows, r), true
	l.found.forget(r, l.natural)
	return nil
}

// flush writes the batch.
func (l *loader) flush() error {
	rows := l.batch.rows
	if len(rows) == 0 {
		return nil
	}
	l.batch = batch{}
	m := rows[0].model
	columns := columnsBut(m, nil)
	values := make([][]any, len(rows))
	for i, r := range rows {
		values[i] = r.values(columns)
	}
	into := insertion{table: m.Table, columns: columns, conflict: replacing(m, columns)}
	if i, err := into.rowsOrOne(l.tx, values); i >= 0 {
		return fmt.Errorf("%s: %w", rows[i].object, orm.Translate(err))
	} else if err != nil {
		return fmt.Errorf("%s: %w", rows[0].object, orm.Translate(err))
	}
	if err := saveLists(l.tx, rows); err != nil {
		return err
	}
	return l.refs.settle(l.tx)
}

// replacing is the clause by which a row takes the place of the one with its primary key.
func replacing(m *orm.Model, columns []string) string {
	var updates []string
	for _, column := range columns {
		if column != m.PK.Column {
			updates = append(updates, quote(column)+" = excluded."+quote(column))
		}
	}
	clause := "ON CONFLICT (" + quote(m.PK.Column) + ") DO "
	if len(updates) == 0 {
		return clause + "NOTHING"
	}
	return clause + "UPDATE SET " + strings.Join(updates, ", ")
}

// list is a many-to-many list to be stored.
type list struct {
	field *orm.Field
	keys  []any // primary keys of the other side
}

// saveLists makes the lists of stored rows of one model what they are to be. Pairs that are there stay.
func saveLists(tx *gorm.DB, rows []*row) error {
	wanted := map[*orm.Field][]*row{}
	for _, r := range rows {
		for _, list := range r.lists {
			wanted[list.field] = append(wanted[list.field], r)
		}
	}
	for _, f := range rows[0].model.Fields {
		if len(wanted[f]) == 0 {
			continue
		}
		if err := savePairs(tx, f, wanted[f]); err != nil {
			return fmt.Errorf("%s and those after it, field %s: %w", wanted[f][0].object, f.Name, orm.Translate(err))
		}
	}
	return nil
}

func savePairs(tx *gorm.DB, f *orm.Field, rows []*row) error {
	table, own, other := joinTable(f)
	owners := make([]any, len(rows))
	for i, r := range rows {
		owners[i] = r.pk()
	}
	there := map[any][]any{}
	query := fmt.Sprintf("SELECT %s, %s FROM %s WHERE %[1]s IN ?", own, other, table)
	err := eachPair(tx.Raw(query, owners), f, func(owner, key any) { there[owner] = append(there[owner], key) })
	if err != nil {
		return err
	}
	var missing [][]any
	for _, r := range rows {
		have, want := there[r.pk()], r.keysOf(f)
		gone := slices.DeleteFunc(slices.Clone(have), func(key any) bool { return slices.Contains(want, key) })
		if len(gone) > 0 {
			query := fmt.Sprintf("DELETE FROM %s WHERE %s = ? AND %s IN ?", table, own, other)
			if err := tx.Exec(query, r.pk(), gone).Error; err != nil {
				return err
			}
		}
		for i, key := range want {
			if !slices.Contains(have, key) && !slices.Contains(want[:i], key) {
				missing = append(missing, []any{r.pk(), key})
			}
		}
	}
	return insertion{table: f.JoinTable, columns: []string{f.JoinColumn, f.JoinRelatedColumn}}.rows(tx, missing)
}

// keysOf is the list of one field.
func (r *row) keysOf(f *orm.Field) []any {
	i := slices.IndexFunc(r.lists, func(l *list) bool { return l.field == f })
	return r.lists[i].keys
}

// eachPair reads pairs of primary keys: of the model of a many-to-many field, and of the other side.
func eachPair(query *gorm.DB, f *orm.Field, take func(owner, key any)) error {
	rows, err := query.Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		from, to := reflect.New(f.Model.PK.Type), reflect.New(f.Related.PK.Type)
		if err := rows.Scan(from.Interface(), to.Interface()); err != nil {
			return err
		}
		take(from.Elem().Interface(), to.Elem().Interface())
	}
	return errors.Join(rows.Err(), rows.Close())
}

// later is a field whose natural keys lead to objects that refer back, so that it is filled in after its object.
type later struct {
	object *object
	owner  any // primary key of the object
	model  *orm.Model
	field  *orm.Field
	raw    json.RawMessage
}

// fill gives a stored object the field that was left for later.
func (l *loader) fill(f *later) error {
	if err := l.flush(); err != nil {
		return err
	}
	if err := l.fillNow(f); err != nil {
		return fmt.Errorf("%s, field %s: %w", f.object, f.field.Name, err)
	}
	return nil
}

func (l *loader) fillNow(f *later) error {
	r := newRow(l.ctx, f.model, f.object)
	assign(r.field(f.model.PK), reflect.ValueOf(f.owner))
	if f.field.Kind == orm.ManyToMany {
		keys, err := l.keys(f.object, f.field, f.raw)
		if err != nil {
			return err
		}
		r.lists = []*list{{field: f.field, keys: keys}}
		return savePairs(l.tx, f.field, []*row{r})
	}
	if err := l.set(r, f.field, f.raw); err != nil {
		return err
	}
	query := fmt.Sprintf("UPDATE %s SET %s = ? WHERE %s = ?", quote(f.model.Table), quote(f.field.Column), quote(f.model.PK.Column))
	return orm.Translate(l.tx.Exec(query, r.values([]string{f.field.Column})[0], f.owner).Error)
}
