package migrate

import (
	"context"
	"fmt"
	"reflect"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// row is a row about to be stored: a struct of the model and how it came to its primary key.
type row struct {
	ctx   context.Context //nolint:containedctx // lives as long as the load
	model *orm.Model
	value reflect.Value // addressable struct
	hasPK bool          // false: the database gives it
}

func newRow(ctx context.Context, m *orm.Model) *row {
	return &row{ctx: ctx, model: m, value: reflect.New(m.Type).Elem()}
}

// defaults fills in what fields have when a fixture does not mention them.
func (r *row) defaults() {
	r.model.ApplyDefaults(r.value.Addr().Interface())
	now := time.Now().UTC().Truncate(time.Microsecond)
	for _, f := range r.model.Fields {
		switch {
		case f.AutoNow || f.AutoNowAdd:
			assign(r.field(f), reflect.ValueOf(now))
		case f.Kind == orm.Binary && !f.Null:
			r.field(f).SetBytes([]byte{}) // nil would be NULL
		}
	}
}

func (r *row) field(f *orm.Field) reflect.Value { return r.value.FieldByIndex(f.Index) }

func (r *row) pk() any { return r.field(r.model.PK).Interface() }

// save inserts the row, or replaces the one with its primary key.
func (r *row) save(tx *gorm.DB) error {
	var columns, updates []string
	var values []any
	for _, f := range r.model.Fields {
		if f.Column == "" || f == r.model.PK && !r.hasPK {
			continue
		}
		value, _ := f.Schema.ValueOf(r.ctx, r.value)
		columns, values = append(columns, quote(f.Column)), append(values, value)
		if f != r.model.PK {
			updates = append(updates, quote(f.Column)+" = excluded."+quote(f.Column))
		}
	}
	query := fmt.Sprintf("INSERT INTO %s (%s) VALUES (%s)", quote(r.model.Table), strings.Join(columns, ", "),
		strings.TrimSuffix(strings.Repeat("?, ", len(values)), ", "))
	pk := quote(r.model.PK.Column)
	if !r.hasPK {
		_, err := scanOne(tx.Raw(query+" RETURNING "+pk, values...), r.field(r.model.PK).Addr().Interface())
		return err
	}
	return tx.Exec(query+" ON CONFLICT ("+pk+") DO "+onConflict(updates), values...).Error
}

func onConflict(updates []string) string {
	if len(updates) == 0 {
		return "NOTHING"
	}
	return "UPDATE SET " + strings.Join(updates, ", ")
}

// list is a many-to-many list to be stored.
type list struct {
	field *orm.Field
	keys  []any // primary keys of the other side
}

// save makes the list that of the object with primary key owner.
func (l *list) save(tx *gorm.DB, owner any) error {
	table, own, other := joinTable(l.field)
	if len(l.keys) == 0 {
		return tx.Exec(fmt.Sprintf("DELETE FROM %s WHERE %s = ?", table, own), owner).Error
	}
	err := tx.Exec(fmt.Sprintf("DELETE FROM %s WHERE %s = ? AND %s NOT IN ?", table, own, other), owner, l.keys).Error
	if err != nil {
		return err
	}
	values := make([]any, 0, 2*len(l.keys))
	for _, key := range l.keys {
		values = append(values, owner, key)
	}
	return tx.Exec(fmt.Sprintf("INSERT INTO %s (%s, %s) VALUES %s ON CONFLICT DO NOTHING", table, own, other,
		strings.TrimSuffix(strings.Repeat("(?, ?), ", len(l.keys)), ", ")), values...).Error
}

// joinTable returns the table of a many-to-many field with the columns of its two sides, quoted.
func joinTable(f *orm.Field) (table, own, other string) {
	return quote(f.JoinTable), quote(f.JoinColumn), quote(f.JoinRelatedColumn)
}

// references are the foreign keys of loaded objects that have to lead somewhere in the end.
type references struct {
	models []*orm.Model
	first  map[*orm.Model]map[any]string // primary key -> who refers to it first
	order  map[*orm.Model][]any
}

func newReferences() *references {
	return &references{first: map[*orm.Model]map[any]string{}, order: map[*orm.Model][]any{}}
}

func (r *references) add(m *orm.Model, pk any, o *object, f *orm.Field) {
	if r.first[m] == nil {
		r.first[m] = map[any]string{}
		r.models = append(r.models, m)
	}
	if _, ok := r.first[m][pk]; ok {
		return
	}
	r.first[m][pk] = fmt.Sprintf("%s, field %s", o, f.Name)
	r.order[m] = append(r.order[m], pk)
}

// check reports the first object that refers to nothing.
func (r *references) check(tx *gorm.DB) error {
	const batch = 500
	for _, m := range r.models {
		for keys := r.order[m]; len(keys) > 0; keys = keys[min(batch, len(keys)):] {
			some := keys[:min(batch, len(keys))]
			there, err := existing(tx, m, some)
			if err != nil {
				return fmt.Errorf("check the references to %s: %w", m.Table, err)
			}
			for _, pk := range some {
				if !there[pk] {
					return fmt.Errorf("%s: no %s has the primary key %v; add it to the fixture or correct the reference",
						r.first[m][pk], m.LabelLower(), pk)
				}
			}
		}
	}
	return nil
}

// existing returns which of the primary keys of m are in the database.
func existing(tx *gorm.DB, m *orm.Model, keys []any) (map[any]bool, error) {
	query := fmt.Sprintf("SELECT %s FROM %s WHERE %s IN ?", quote(m.PK.Column), quote(m.Table), quote(m.PK.Column))
	rows, err := tx.Raw(query, keys).Rows()
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	there := map[any]bool{}
	for rows.Next() {
		pk := reflect.New(m.PK.Type)
		if err := rows.Scan(pk.Interface()); err != nil {
			return nil, err
		}
		there[pk.Elem().Interface()] = true
	}
	return there, rows.Err()
}
