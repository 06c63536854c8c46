package rest

import (
	"reflect"
	"strconv"
	"sync"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"

	"github.com/quintet-go/quintet/orm"
)

// insertPlan is how new rows of a model are stored.
type insertPlan struct {
	model *orm.Model
	d     dialect
	gorm  bool // the model has hooks, serializers or defaults that only GORM knows
	// columns are all, or those without the key that the database makes.
	columns, without []*orm.Field
	following        []*orm.Field // the relations whose pairs PostgreSQL stores with a new row

	mu    sync.RWMutex
	texts map[insertShape]string // of statements that were made before
}

// insertShape is all that the text of an INSERT depends on.
type insertShape struct {
	rows  int
	auto  bool   // the database makes the keys and returns them
	pairs uint64 // a bit for each of insertPlan.following that has pairs
}

func newInsertPlan(m *orm.Model, d dialect) *insertPlan {
	s := m.Schema
	p := &insertPlan{model: m, d: d, gorm: s.BeforeCreate || s.BeforeSave || s.AfterCreate || s.AfterSave, texts: map[insertShape]string{}}
	for _, f := range m.Fields {
		if p.follows(f) {
			p.following = append(p.following, f)
		}
		if f.Column == "" {
			continue
		}
		p.gorm = p.gorm || f.Schema.Serializer != nil || f.Schema.HasDefaultValue && !f.PrimaryKey || !f.Schema.Creatable
		p.columns = append(p.columns, f)
		if !f.PrimaryKey {
			p.without = append(p.without, f)
		}
	}
	p.gorm = p.gorm || len(p.without) == 0 || len(p.columns) != created(s)
	return p
}

// created is how many columns a new row has in GORM's eyes, those of annotations left out.
func created(s *schema.Schema) (n int) {
	for _, name := range s.DBNames {
		if s.FieldsByDBName[name].Creatable {
			n++
		}
	}
	return n
}

// follows tells whether the pairs of a relation can be stored by the statement that stores the row: what PostgreSQL does for
// relations of primary keys that it has lists of, up to as many as a shape has bits for.
func (p *insertPlan) follows(f *orm.Field) bool {
	const most = 64
	if f.Kind != orm.ManyToMany || p.d.name() != orm.Postgres || len(p.following) == most {
		return false
	}
	near, far, _ := throughColumns(f.Relation)
	return near == p.model.PK.Column && far == f.Related.PK.Column && arrayType(f.Related.PK.Type) != ""
}

// isAuto tells whether the database makes the key of a new row.
func (p *insertPlan) isAuto(row reflect.Value) bool {
	return p.model.PK.Schema.AutoIncrement && row.FieldByIndex(p.model.PK.Index).IsZero()
}

// columnsOf are those that are written.
func (p *insertPlan) columnsOf(auto bool) []*orm.Field {
	if auto {
		return p.without
	}
	return p.columns
}

// mostRemembered is of how many rows at most statements are remembered.
const mostRemembered = 32

// text is the statement of a shape. Its arguments are the columns of each row, and then a list of keys for each relation.
func (p *insertPlan) text(shape insertShape) string {
	p.mu.RLock()
	text, known := p.texts[shape]
	p.mu.RUnlock()
	if known {
		return text
	}
	text = p.write(shape)
	if shape.rows <= mostRemembered {
		p.mu.Lock()
		p.texts[shape] = text
		p.mu.Unlock()
	}
	return text
}

func (p *insertPlan) write(shape insertShape) string {
	t := newStatement(p.d)
	if shape.pairs != 0 {
		t.add("WITH made AS (")
	}
	p.writeRows(t, shape)
	if shape.auto {
		t.add(" RETURNING ", quote(p.model.PK.Column))
	}
	if shape.pairs != 0 {
		p.writePairs(t, shape)
	}
	return string(t.sql)
}

// writeRows writes INSERT INTO … VALUES.
func (p *insertPlan) writeRows(t *statementText, shape insertShape) {
	columns := p.columnsOf(shape.auto)
	separator := "INSERT INTO " + quote(p.model.Table) + " ("
	for _, f := range columns {
		t.add(separator, quote(f.Column))
		separator = ", "
	}
	separator = ") VALUES ("
	for range shape.rows {
		for range columns {
			t.add(separator)
			t.argument(nil)
			separator = ", "
		}
		separator = "), ("
	}
	t.add(")")
}

// writePairs writes the pairs of the relations, behind the row in WITH.
func (p *insertPlan) writePairs(t *statementText, shape insertShape) {
	key := quote(p.model.PK.Column)
	t.add(")")
	for i, f := range p.following {
		if shape.pairs&(1<<i) == 0 {
			continue
		}
		_, _, through := throughColumns(f.Relation)
		t.add(", pairs", strconv.Itoa(i), " AS (INSERT INTO ", quote(through.table), " (", quote(through.near), ", ", quote(through.far), ")",
			" SELECT made.", key, ", other FROM made, unnest(")
		t.argument(nil)
		t.add("::", arrayType(f.Related.PK.Type), ") AS other)")
	}
	t.add(" SELECT ", key, " FROM made")
}

// arrayType is PostgreSQL's type of a list of keys; empty for keys that are seldom.
func arrayType(t reflect.Type) string {
	switch {
	case t == reflect.TypeFor[uuid.UUID]():
		return "uuid[]"
	case t.Kind() == reflect.Int64:
		return "bigint[]"
	}
	return ""
}
