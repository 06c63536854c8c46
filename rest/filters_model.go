package rest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// modelKeys finds the rows that the values of a model choice name.
type modelKeys struct {
	model  *orm.Model
	field  *orm.Field // the field the values name
	lookup *lookup    // its "exact" or "in"
	byKey  bool       // conditions compare with the named field itself, not with the primary key
	limit  func(r *Request, q *gorm.DB) *gorm.DB
	// question selects a row by the value of field; empty when conditions compare with what only the row knows, or when limit
	// narrows the rows.
	question string
	referred bool // every row that the filter lets pass refers to the one that was named
}

// modelKeys resolves which model a choice is of and which of its fields the values name.
func (f *compiledFilter) modelKeys() (*modelKeys, error) {
	k := &modelKeys{model: f.path.related, limit: f.Limit}
	to := f.To
	if k.model == nil { // a field behind a relation, such as labels__name
		if len(f.path.hops) == 0 {
			return nil, fmt.Errorf("a model choice needs a relation, and %s is none", f.Field)
		}
		k.model, k.byKey = f.path.hops[len(f.path.hops)-1].target, true
		if to == "" {
			to = f.path.field.Name
		}
	}
	if to == "" {
		to = "pk"
	}
	p, err := resolvePath(k.model, to)
	if err != nil {
		return nil, fmt.Errorf("field To: %w", err)
	}
	if p.column == "" || len(p.hops) > 0 || len(p.rest) > 0 {
		return nil, fmt.Errorf("field To: %s.%s is no plain field", k.model.Type.Name(), to)
	}
	k.field = p.values
	k.lookup, err = compileLookup(f.d, &path{text: to, values: p.values, field: p.field, column: p.column}, "")
	k.referred = err == nil && f.refersTo(k)
	if err == nil && k.limit == nil && (k.byKey || k.field.PrimaryKey) {
		k.question = "SELECT 1 FROM " + quote(k.model.Table) + " WHERE " + k.column(k.field.Column) + " = " + k.lookup.placeholder()
	}
	return k, err
}

// modelRow is a row that was named.
type modelRow struct {
	text string // the text of the naming field, as Python's str
	key  rawKey // what conditions compare with
}

// find returns the rows that texts name; texts that cannot be values of the field are reported as wrong.
func (k *modelKeys) find(r *Request, texts []string, wrong func(text string) *Message) ([]modelRow, *Message, error) {
	var values []any
	for _, text := range texts {
		if strings.Contains(text, "\x00") {
			return nil, nullCharacters(), nil
		}
		p := k.lookup.prepare(text)
		if p.state == unfit {
			return nil, k.refusal(text, wrong), nil
		}
		if p.state == fits && !slices.Contains(values, p.value) {
			values = append(values, p.value)
		}
	}
	if len(values) == 0 {
		return nil, nil, nil
	}
	rows, err := k.load(r, values)
	return rows, nil, err
}

func (k *modelKeys) refusal(text string, wrong func(text string) *Message) *Message {
	if k.lookup.kind == orm.UUID {
		return &Message{"“" + text + "” is not a valid UUID.", "invalid"}
	}
	return wrong(text)
}

func (k *modelKeys) load(r *Request, values []any) ([]modelRow, error) {
	q := r.DB().Model(reflect.New(k.model.Type).Interface())
	if k.limit != nil {
		q = k.limit(r, q)
	}
	pk, named := k.column(k.model.PK.Column), k.column(k.field.Column)
	values = padded(values)
	marks := strings.Repeat(", "+k.lookup.placeholder(), len(values))[2:]
	rows, err := q.Select(pk + ", " + named).Where(clause.Expr{SQL: named + " IN (" + marks + ")", Vars: values}).Rows()
	if err != nil {
		return nil, k.failed(err)
	}
	defer rows.Close()
	var found []modelRow
	for rows.Next() {
		var key, text any
		if err := rows.Scan(&key, &text); err != nil {
			return nil, k.failed(err)
		}
		if k.byKey {
			key = text
		}
		found = append(found, modelRow{keyText(k.lookup.kind, text), rawKey{plainKey(key)}})
	}
	if err := rows.Err(); err != nil {
		return nil, k.failed(err)
	}
	return found, nil
}

func (k *modelKeys) failed(err error) error {
	return fmt.Errorf("look up %s: %w", k.model.Table, orm.Translate(err))
}

func (k *modelKeys) column(name string) string { return quote(k.model.Table) + "." + quote(name) }

// plainKey makes bytes, which a driver may give for texts, a text.
func plainKey(v any) any {
	switch v := v.(type) {
	case []byte:
		return string(v)
	case [16]byte:
		return uuid.UUID(v).String()
	}
	return v
}

// keyText is a stored key as Python's str writes it.
func keyText(k orm.Kind, v any) string {
	text := textOf(plainKey(v))
	if k == orm.UUID {
		if id, err := uuid.Parse(text); err == nil {
			return id.String()
		}
	}
	return text
}

// modelField is a choice of one row.
type modelField struct {
	keys     *modelKeys
	null     string
	required bool
}

func notAvailable(string) *Message {
	return &Message{"Select a valid choice. That choice is not one of the available choices.", "invalid_choice"}
}

// assume takes the row for granted that a value names, where a list can be narrowed by the value alone; nil where it cannot.
func (f modelField) assume(r *Request, name string) (any, *doubt) {
	text := r.Query(name)
	if f.keys.question == "" || text == "" || text == f.null || strings.Contains(text, "\x00") {
		return nil, nil
	}
	p := f.keys.lookup.prepare(text)
	if p.state != fits {
		return nil, nil
	}
	return rawKey{p.value}, &doubt{name: name, text: text, keys: f.keys, value: p.value}
}

func (f modelField) clean(r *Request, name string) (any, []Message, error) {
	text := r.Query(name)
	switch {
	case text == "":
		return notGiven(f.required)
	case text == f.null:
		return nullChoice{}, nil, nil
	}
	rows, wrong, err := f.keys.find(r, []string{text}, notAvailable)
	switch {
	case err != nil:
		return nil, nil, err
	case wrong != nil:
		return nil, []Message{*wrong}, nil
	case len(rows) == 0:
		return nil, []Message{*notAvailable(text)}, nil
	}
	return rows[0].key, nil, nil
}

// modelListField is a comma-separated list of rows.
type modelListField struct {
	keys     *modelKeys
	pair     bool
	required bool
}

func (f modelListField) clean(r *Request, name string) (any, []Message, error) {
	texts, wrong := splitList(r, name, f.required)
	if len(texts) == 0 {
		return nil, wrong, nil
	}
	var given []string
	for _, text := range texts {
		if text != "" {
			given = append(given, text)
		} else if f.required {
			return nil, requiredMessage(), nil
		}
	}
	rows, refused, err := f.keys.find(r, given, notAvailable)
	if err != nil || refused != nil {
		return nil, messages(refused), err
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		if text == "" {
			continue
		}
		row, ok := f.keys.named(rows, text)
		if !ok {
			return nil, []Message{*notAvailable(text)}, nil
		}
		list[i] = row.key
	}
	return pairOrList(list, f.pair)
}

func messages(m *Message) []Message {
	if m == nil {
		return nil
	}
	return []Message{*m}
}

// named finds the row that a text names, which may be written otherwise than the database does (" 1").
func (k *modelKeys) named(rows []modelRow, text string) (modelRow, bool) {
	for _, row := range rows {
		if row.text == text || k.same(row.text, text) {
			return row, true
		}
	}
	return modelRow{}, false
}

func (k *modelKeys) same(stored, given string) bool {
	a, b := k.lookup.prepare(stored), k.lookup.prepare(given)
	return a.state == fits && b.state == fits && a.value == b.value
}

// modelMultipleField is a choice of rows whose parameter may be repeated.
type modelMultipleField struct {
	keys     *modelKeys
	null     string
	required bool
}

func (f modelMultipleField) clean(r *Request, name string) (any, []Message, error) {
	given, wrong := repeated(r, name, f.required)
	if len(given) == 0 {
		return nil, wrong, nil
	}
	var list []any
	if f.null != "" && slices.Contains(given, f.null) {
		list = append(list, nullChoice{})
		given = slices.DeleteFunc(slices.Clone(given), func(s string) bool { return s == f.null })
	}
	rows, refused, err := f.keys.find(r, given, func(text string) *Message {
		return &Message{"“" + text + "” is not a valid value.", "invalid_pk_value"}
	})
	if err != nil || refused != nil {
		return nil, messages(refused), err
	}
	for _, text := range given {
		i := slices.IndexFunc(rows, func(row modelRow) bool { return row.text == text })
		if i < 0 {
			return nil, []Message{*invalidChoice(text)}, nil
		}
		list = append(list, rows[i].key)
	}
	return list, nil, nil
}
