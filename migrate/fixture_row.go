package migrate

import (
	"context"
	"reflect"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// row is a row about to be stored: a struct of the model and how it came to its primary key.
type row struct {
	ctx    context.Context //nolint:containedctx // lives as long as the load
	model  *orm.Model
	object *object
	value  reflect.Value // addressable struct
	hasPK  bool          // false: the database gives it
	lists  []*list
	later  []*later
}

func newRow(ctx context.Context, m *orm.Model, o *object) *row {
	return &row{ctx: ctx, model: m, object: o, value: reflect.New(m.Type).Elem()}
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

// insert stores a row that gets its primary key from the database.
func (r *row) insert(tx *gorm.DB) error {
	columns := columnsBut(r.model, r.model.PK)
	into := insertion{table: r.model.Table, columns: columns, conflict: "RETURNING " + quote(r.model.PK.Column)}
	query, values := into.statement([][]any{r.values(columns)})
	_, err := scanOne(tx.Raw(query, values...), r.field(r.model.PK).Addr().Interface())
	return err
}

// columnsBut are the columns of a model without that of a field.
func columnsBut(m *orm.Model, but *orm.Field) []string {
	var columns []string
	for _, f := range m.Fields {
		if f.Column != "" && f != but {
			columns = append(columns, f.Column)
		}
	}
	return columns
}

// values are what is stored in columns.
func (r *row) values(columns []string) []any {
	values := make([]any, len(columns))
	for i, column := range columns {
		values[i], _ = r.model.ByColumn(column).Schema.ValueOf(r.ctx, r.value)
	}
	return values
}

// joinTable returns the table of a many-to-many field with the columns of its two sides, quoted.
func joinTable(f *orm.Field) (table, own, other string) {
	return quote(f.JoinTable), quote(f.JoinColumn), quote(f.JoinRelatedColumn)
}
