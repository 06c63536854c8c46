package rest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// unique compiles the uniqueness check of one column (UniqueValidator); nil for none.
func (c *compiler) unique(s *serializer, f *field, mf *orm.Field) validator {
	o := f.spec.unique
	if s.model == nil || f.spec.model == nil || f.many || o != nil && o.off {
		return nil
	}
	var message string
	lookup := "exact"
	switch {
	case o != nil:
		message, lookup = o.message, o.lookup
	case mf != nil && !f.readOnly && (mf.Unique || mf.PrimaryKey):
		message = fmt.Sprintf("%s with this %s already exists.", s.model.Meta.Verbose, mf.Label)
	default:
		return nil
	}
	if message == "" {
		message = "This field must be unique."
	}
	f.unique = &uniqueCheck{model: s.model, field: f.spec.model, lookup: lookup, message: message}
	f.unique.held = f.unique.condition(dialectNamed(c.config.DB.Dialect()))
	return f.unique.validate
}

// uniqueCheck is a column whose values no two rows share (UniqueValidator).
type uniqueCheck struct {
	model   *orm.Model
	field   *orm.Field
	lookup  string // "exact" or "iexact"
	message string
	held    string // SQL: holds for the rows with the value that its argument stands for
}

// holds is the condition for the rows with the value v.
func (u *uniqueCheck) holds(d *decoding, v any) fragment {
	return fragment{sql: u.held, args: []any{u.argument(d.r.dialect(), v)}}
}

func (u *uniqueCheck) validate(d *decoding, _ *field, v any) ([]Message, error) {
	if v == nil || !d.canBeHeld(v) {
		return nil, nil
	}
	taken, known := d.foreseen(u, v)
	if !known {
		var err error
		if taken, err = d.r.exists(u.model, d.instance, u.holds(d, v)); err != nil {
			return nil, err
		}
	}
	if !taken {
		return nil, nil
	}
	return []Message{{u.message, "unique"}}, nil
}

// canBeHeld tells whether a row can hold the value at all: there is no use in asking for a text that the database refuses.
func (d *decoding) canBeHeld(v any) bool {
	text, ok := v.(string)
	return !ok || d.searchable(text)
}

// condition is held on a database; iexact is Django's on each.
func (u *uniqueCheck) condition(d dialect) string {
	column := quote(u.model.Table) + "." + quote(u.field.Column)
	switch {
	case u.lookup != "iexact":
		return column + " = ?"
	case d.name() == orm.Postgres:
		return "UPPER(" + column + "::text) = UPPER(?)"
	}
	return column + ` LIKE ? ESCAPE '\'`
}

// argument is the one of held for a clean value.
func (u *uniqueCheck) argument(d dialect, v any) any {
	arg := sqlValue(v, u.field)
	if u.lookup != "iexact" || d.name() == orm.Postgres {
		return arg
	}
	return wildcards.Replace(fmt.Sprint(arg))
}

// exists asks whether a row of m other than instance fulfils all conditions.
func (r *Request) exists(m *orm.Model, instance any, conditions ...fragment) (found bool, err error) {
	t := r.newStatement()
	t.find(m, apart(m, instance, conditions...))
	t.add(" LIMIT 1")
	statement, args := t.end()
	b := &orm.Batch{}
	b.Query(statement, args, whether(&found))
	if err := r.look(b); err != nil {
		return false, fmt.Errorf("check that %s is unique: %w", m.Label(), err)
	}
	return found, nil
}

// whether notes whether a statement has found a row.
func whether(found *bool) func(*orm.Rows) error {
	return func(rows *orm.Rows) error {
		*found = rows.Next()
		return nil
	}
}

// apart adds to conditions that a row is not instance, unless that is nil.
func apart(m *orm.Model, instance any, conditions ...fragment) []fragment {
	if instance == nil {
		return conditions
	}
	return append(conditions, besides(m, primaryKey(m, instance)))
}

// besides holds for all rows but the one with the key.
func besides(m *orm.Model, key any) fragment {
	return fragment{sql: quote(m.Table) + "." + quote(m.PK.Column) + " <> ?", args: []any{key}}
}

// primaryKey is that of an object.
func primaryKey(m *orm.Model, object any) any {
	return reflect.ValueOf(object).Elem().FieldByIndex(m.PK.Index).Interface()
}

// find selects 1 for each row of m that fulfils all conditions.
func (t *statementText) find(m *orm.Model, conditions []fragment) {
	t.add("SELECT 1 FROM ")
	t.quoted(m.Table)
	where := make([]clause.Expression, len(conditions))
	for i, c := range conditions {
		where[i] = clause.Expr{SQL: c.sql, Vars: c.args}
	}
	t.where(where)
}

// sqlValue is a clean value as the argument of a statement: an object's key for relations.
func sqlValue(v any, mf *orm.Field) any {
	switch v := v.(type) {
	case pyjson.Int:
		if n, ok := v.Int64(); ok {
			return n
		}
		return v.String()
	case nil:
		return nil
	}
	if mf != nil && mf.Related != nil {
		rv := reflect.ValueOf(v)
		if _, ok := isRelated(rv.Type()); ok {
			rv = rv.Field(0)
		}
		if rv.Kind() == reflect.Pointer && rv.Type().Elem() == mf.Related.Type {
			return rv.Elem().FieldByIndex(mf.Related.PK.Index).Interface()
		}
	}
	return v
}

// togetherCheck is a set of fields that must be unique together (UniqueTogetherValidator).
type togetherCheck struct {
	model     *orm.Model
	fields    []int // positions in the serializer
	names     []string
	message   string
	code      string
	condition string // SQL of a partial constraint
	inputs    []int  // the fields that the condition names
}

// uniqueness compiles the sets of the model (or of the declaration) that the serializer has all fields of, and what they
// demand of the fields: present on creation, or with a default.
func (c *compiler) uniqueness(s *serializer) {
	if s.model == nil {
		return
	}
	sets := s.model.Meta.Unique
	if s.spec.together != nil {
		sets = s.spec.together
	}
	for _, u := range sets {
		if t := s.compileTogether(u); t != nil {
			s.together = append(s.together, t)
			for _, i := range append(slices.Clone(t.fields), t.inputs...) {
				s.fields[i].neededForUnique()
			}
		}
	}
	s.uniqueForChecks()
}

// compileTogether compiles one set; nil when the serializer lacks a field of it or it is the business of a single field.
func (s *serializer) compileTogether(u orm.Unique) *togetherCheck {
	t := &togetherCheck{model: s.model, message: u.Message, code: u.Code, condition: u.Condition}
	for _, name := range u.Fields {
		i := s.position(name)
		if i < 0 {
			return nil
		}
		t.fields = append(t.fields, i)
		t.names = append(t.names, s.fields[i].name)
	}
	for _, name := range u.ConditionFields {
		i := s.position(name)
		if i < 0 {
			return nil
		}
		t.inputs = append(t.inputs, i)
	}
	if len(t.fields)+len(t.inputs) < 2 {
		return nil
	}
	if t.message == "" {
		t.message = fmt.Sprintf("The fields %s must make a unique set.", strings.Join(t.names, ", "))
	}
	if t.code == "" {
		t.code = "unique"
	}
	return t
}

// position is the field that stands for a model field, writable or with a default; -1 for none.
func (s *serializer) position(modelField string) int {
	for i, f := range s.fields {
		if f.spec.model != nil && f.spec.model.Name == modelField && (!f.readOnly || f.hasDefault) {
			return i
		}
	}
	return -1
}

// neededForUnique makes a field of a unique set required or gives it the model's default
// (ModelSerializer.get_uniqueness_extra_kwargs).
func (f *field) neededForUnique() {
	mf := f.spec.model
	if f.readOnly || f.hasDefault || f.spec.declared {
		return
	}
	switch {
	case mf.HasDefault:
		if v, err := f.readDefault(mf.Default); err == nil {
			f.setDefault(v)
		}
	case mf.Null:
		f.setDefault(nil)
	case mf.Blank && f.isText():
		f.setDefault("")
	default:
		f.required = true
	}
}

func (f *field) setDefault(v any) {
	f.hasDefault, f.required = true, false
	f.defaultValue = func(*Request) any { return v }
}

// check refuses input whose values another row holds.
func (t *togetherCheck) check(d *decoding, st *inputState) error {
	if st.instance == nil {
		if err := t.missing(st); err != nil {
			return err
		}
	} else if !t.changed(st) {
		return nil
	}
	args := make([]any, len(t.fields))
	for n, i := range t.fields {
		if args[n] = st.column(d, i); args[n] == nil {
			return nil
		}
	}
	if t.condition != "" && !t.holds(d, st) {
		return nil
	}
	conditions := make([]fragment, 0, len(t.fields)+1)
	for n, i := range t.fields {
		column := quote(t.model.Table) + "." + quote(st.s.fields[i].spec.model.Column)
		conditions = append(conditions, fragment{sql: column + " = ?", args: []any{args[n]}})
	}
	if t.condition != "" {
		conditions = append(conditions, fragment{sql: t.condition})
	}
	taken, err := d.r.exists(t.model, st.instance, conditions...)
	if err != nil || !taken {
		return err
	}
	return InvalidCode(t.code, t.message)
}

// missing demands every field of the set on creation.
func (t *togetherCheck) missing(st *inputState) error {
	lacking := &Fields{}
	for _, i := range append(slices.Clone(t.fields), t.inputs...) {
		f := st.s.fields[i]
		if !st.sent[i] && !(f.readOnly && f.hasDefault) {
			lacking.Add(f.name, Message{baseMessages["required"], "required"})
		}
	}
	if lacking.Len() > 0 {
		return InvalidDetail(lacking)
	}
	return nil
}

// changed tells whether the input changes a value of the set.
func (t *togetherCheck) changed(st *inputState) bool {
	stored := st.storedState()
	for _, i := range append(slices.Clone(t.fields), t.inputs...) {
		if st.sent[i] && !reflect.DeepEqual(st.columnOf(i, st.data), st.columnOf(i, stored.data)) {
			return true
		}
	}
	return false
}

// storedState is the data as it is stored, before the input.
func (st *inputState) storedState() *inputState {
	s := st.s.inputOf()
	s.s = st.s
	s.prefill(reflect.ValueOf(st.instance))
	return s
}

// column is the value of a field as an SQL argument: what was sent, the default of a read-only field, what is stored.
func (st *inputState) column(d *decoding, i int) any {
	f := st.s.fields[i]
	if f.readOnly && f.hasDefault {
		return sqlValue(f.defaultValue(d.r), f.spec.model)
	}
	return st.columnOf(i, st.data)
}

func (st *inputState) columnOf(i int, data reflect.Value) any {
	f := st.s.fields[i]
	v := data.FieldByIndex(f.index)
	if _, ok := isRelated(v.Type()); ok {
		v = v.Field(0)
		if v.IsNil() {
			return nil
		}
		return sqlValue(v.Interface(), f.spec.model)
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	return v.Interface()
}

// holds tells whether the condition of a partial constraint is true for the input.
func (t *togetherCheck) holds(d *decoding, st *inputState) bool {
	columns := make([]string, 0, len(t.inputs))
	args := make([]any, 0, len(t.inputs))
	for _, i := range t.inputs {
		mf := st.s.fields[i].spec.model
		columns = append(columns, typedParameter(mf, d.r)+" AS "+quote(mf.Column))
		args = append(args, st.column(d, i))
	}
	text := newStatement(d.r.dialect())
	clause.Expr{
		SQL: "SELECT 1 FROM (SELECT " + strings.Join(columns, ", ") + ") AS " + quote(t.model.Table) + " WHERE " + t.condition, Vars: args,
	}.Build(text)
	statement, args := text.end()
	b, found := &orm.Batch{}, false
	b.Query(statement, args, whether(&found))
	return d.r.try(b) == nil && found
}

// typedParameter is the "?" of a column's value; PostgreSQL has to be told the type of a bare one.
func typedParameter(mf *orm.Field, r *Request) string {
	switch {
	case r.api.config.DB.Dialect() != "postgres":
		return "?"
	case mf.Kind == orm.Boolean:
		return "CAST(? AS boolean)"
	case mf.Schema != nil && mf.Schema.DataType == "string":
		return "CAST(? AS text)"
	}
	return "CAST(? AS bigint)"
}

// uniqueForCheck is a field that must be unique among the rows of the same day, month or year (UniqueForDateValidator …).
type uniqueForCheck struct {
	field, date int
	part        string // "date", "month", "year"
	message     string
}

// uniqueForChecks compiles the model's unique_for_… fields that the serializer has, by date first, then month, then year.
func (s *serializer) uniqueForChecks() {
	for i, f := range s.fields {
		if f.spec.model == nil {
			continue
		}
		for _, part := range []string{"date", "month", "year"} {
			name := f.spec.model.UniqueFor[part]
			date := s.position(name)
			if name == "" || date < 0 {
				continue
			}
			s.fields[date].neededForUnique()
			s.uniqueIn = append(s.uniqueIn, &uniqueForCheck{
				i, date, part,
				fmt.Sprintf("This field must be unique for the \"%s\" %s.", s.fields[date].name, part),
			})
		}
	}
}

// checkUniqueFor runs the checks by date, month and year; the first that fails is reported.
func (st *inputState) checkUniqueFor(d *decoding) error {
	for _, u := range st.s.uniqueIn {
		if err := u.check(d, st); err != nil {
			return err
		}
	}
	return nil
}

func (u *uniqueForCheck) check(d *decoding, st *inputState) error {
	f, date := st.s.fields[u.field], st.s.fields[u.date]
	lacking := &Fields{}
	for _, i := range []int{u.field, u.date} {
		if !st.sent[i] {
			lacking.Add(st.s.fields[i].name, Message{baseMessages["required"], "required"})
		}
	}
	if lacking.Len() > 0 {
		return InvalidDetail(lacking)
	}
	day, ok := dayOf(st.values[u.date])
	if !ok {
		return nil
	}
	column := quote(st.s.model.Table) + "." + quote(date.spec.model.Column)
	own := quote(st.s.model.Table) + "." + quote(f.spec.model.Column) + " = ?"
	taken, err := d.r.exists(st.s.model, st.instance, fragment{sql: own, args: []any{st.column(d, u.field)}},
		fragment{sql: datePartSQL(d.r.api.config.DB.Dialect(), column, u.part, day)})
	if err != nil || !taken {
		return err
	}
	e := &Fields{}
	e.Add(f.name, Message{u.message, "unique"})
	return InvalidDetail(e)
}

func dayOf(v any) (orm.Date, bool) {
	switch v := v.(type) {
	case orm.Date:
		return v, true
	case time.Time:
		return orm.DateOf(v.UTC()), true
	}
	return orm.Date{}, false
}

// datePartSQL compares the day, or just the month or the year, of a column; the numbers are not user text.
func datePartSQL(dialect, column, part string, day orm.Date) string {
	y, m, d := day.Parts()
	one := func(name, format string, n int) string {
		if dialect == "postgres" {
			return fmt.Sprintf("EXTRACT(%s FROM %s) = %d", name, column, n)
		}
		return fmt.Sprintf("CAST(strftime('%s', %s) AS integer) = %d", format, column, n)
	}
	switch part {
	case "year":
		return one("YEAR", "%Y", y)
	case "month":
		return one("MONTH", "%m", m)
	}
	return one("DAY", "%d", d) + " AND " + one("MONTH", "%m", m) + " AND " + one("YEAR", "%Y", y)
}
