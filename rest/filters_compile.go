package rest

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// filterSet is a compiled Filters.
type filterSet struct {
	filters  []*compiledFilter
	required bool // some filter must be given
}

// compiledFilter is one filter with everything found that its declaration names.
type compiledFilter struct {
	Filter
	model  *orm.Model
	d      dialect
	path   *path
	lookup *lookup
	field  formField
	apply  func(r *Request, q *Query, v any)
	params []Parameter
}

// compileFilters resolves a filter set; mistakes are texts "place.Filters: …".
func compileFilters(m *orm.Model, d dialect, filters Filters, place string) (*filterSet, []string) {
	s := &filterSet{}
	var mistakes []string
	for _, declared := range expandFilters(filters) {
		f, err := compileFilter(m, d, declared)
		if err != nil {
			mistakes = append(mistakes, fmt.Sprintf("%s.Filters: %q: %s", place, declared.Name, err))
			continue
		}
		s.add(f)
	}
	return s, mistakes
}

// add puts f in the place of a filter of the same name, otherwise at the end.
func (s *filterSet) add(f *compiledFilter) {
	s.required = s.required || f.Required
	same := func(g *compiledFilter) bool { return g.Name == f.Name }
	if i := slices.IndexFunc(s.filters, same); i >= 0 {
		s.filters[i] = f
		return
	}
	s.filters = append(s.filters, f)
}

// expandFilters makes one filter of every lookup of By, named as django-filter names them.
func expandFilters(filters Filters) (list []Filter) {
	for _, f := range filters {
		if f.lookups == nil {
			list = append(list, f)
		}
		for _, l := range f.lookups {
			one := f
			one.lookups, one.Lookup = nil, l
			one.Name = strings.TrimSuffix(f.Field+"__"+l, "__exact")
			list = append(list, one)
		}
	}
	return list
}

func compileFilter(m *orm.Model, d dialect, declared Filter) (*compiledFilter, error) {
	f := &compiledFilter{Filter: declared, model: m, d: d}
	if f.Name == "" {
		return nil, fmt.Errorf("a filter needs a Name: the query parameter")
	}
	if f.Field == "" {
		f.Field = f.Name
	}
	if f.NullValue == "" {
		f.NullValue = "null"
	}
	switch {
	case f.Kind == FilterOrdering:
		return f, f.compileOrdering()
	case f.Method != nil:
		return f, f.compileMethod()
	}
	if err := f.resolve(); err != nil {
		return nil, err
	}
	return f, f.compileKind()
}

// resolve finds the field and the lookup.
func (f *compiledFilter) resolve() (err error) {
	switch {
	case f.Kind == FilterIn && f.Lookup == "":
		f.Lookup = "in"
	case f.Kind == FilterRange && f.Lookup == "":
		f.Lookup = "range"
	}
	if f.path, err = resolvePath(f.model, f.Field); err != nil {
		return err
	}
	f.lookup, err = compileLookup(f.d, f.path, f.Lookup)
	return err
}

// compileMethod compiles a filter whose condition is a function; a field that exists still tells how to read the value.
func (f *compiledFilter) compileMethod() error {
	f.apply = applyMethod(f)
	if err := f.resolve(); err != nil {
		if f.Kind == FilterAuto {
			f.Kind = FilterChar
		}
		f.path, f.lookup = nil, &lookup{d: f.d, name: "exact", kind: orm.Text}
	}
	return f.compileKind()
}

func (f *compiledFilter) compileOrdering() error {
	plans := map[string][]orderPlan{}
	choices := []string{}
	for _, pair := range f.Order {
		more, err := compileOrder(f.model, f.d, pair[1])
		if err != nil {
			return err
		}
		plans[pair[0]], plans["-"+pair[0]] = more, reversed(more)
		choices = append(choices, pair[0], "-"+pair[0])
	}
	if len(plans) == 0 {
		return fmt.Errorf("an ordering filter needs Order: pairs of a parameter value and a field")
	}
	f.field = listField{item: scalarField{read: readChoice(choices), blank: ""}, required: f.Required}
	f.apply = applyOrdering(plans)
	f.params = []Parameter{f.parameter(Parameter{Type: "string", Enum: anySlice(choices), CommaList: true})}
	return nil
}

// compileKind makes the form field and the condition of everything but orderings.
func (f *compiledFilter) compileKind() error {
	kind, err := f.settleKind()
	if err != nil {
		return err
	}
	f.Kind = kind
	switch kind {
	case FilterNumberRange, FilterDateFromToRange, FilterDateTimeFromToRange, FilterIsoDateTimeFromToRange, FilterTimeRange:
		return f.compileSpan()
	case FilterDateRange:
		return f.compilePeriod()
	case FilterMultipleChoice:
		return f.compileMultiple()
	case FilterModelChoice, FilterModelMultipleChoice:
		return f.compileModel()
	}
	return f.compileSingle()
}

// isList tells whether the parameter holds a comma-separated list.
func (f *compiledFilter) isList() bool { return f.lookup.name == "in" || f.lookup.name == "range" }

// settleKind derives the kind that was left open.
func (f *compiledFilter) settleKind() (FilterKind, error) {
	switch {
	case f.Kind == FilterIn || f.Kind == FilterRange:
		if !f.isList() {
			return 0, fmt.Errorf("a list goes with the lookups in and range, not with %q", f.Lookup)
		}
	case f.Kind != FilterAuto:
		return f.Kind, f.checkKind()
	case f.lookup.name == "isnull":
		return FilterBoolean, nil
	}
	if f.path != nil && f.path.related != nil && !f.fromTransform() {
		if f.path.many() && !f.isList() {
			return FilterModelMultipleChoice, nil
		}
		return FilterModelChoice, nil
	}
	if f.lookup.name == "exact" && !f.fromTransform() && len(f.choices()) > 0 {
		return FilterChoice, nil
	}
	kind := kindOf(f.lookup.kind)
	if kind == FilterAuto {
		return 0, fmt.Errorf("a field of this kind has no filter of its own: give Kind, or use Method")
	}
	return kind, nil
}

func (f *compiledFilter) fromTransform() bool { return len(f.lookup.transforms) > 0 }

// choices are the declared ones or those of the model field.
func (f *compiledFilter) choices() []orm.Choice {
	if f.Choices != nil || f.path == nil || f.path.field == nil {
		return f.Choices
	}
	return f.path.field.Choices
}

// kindOf is the filter class of a kind of model field.
func kindOf(k orm.Kind) FilterKind {
	switch k {
	case orm.Boolean:
		return FilterBoolean
	case orm.CalendarDate:
		return FilterDate
	case orm.DateTime:
		return FilterIsoDateTime
	case orm.ClockTime:
		return FilterTime
	case orm.Interval:
		return FilterDuration
	case orm.UUID:
		return FilterUUID
	case orm.JSONValue, orm.Binary:
		return FilterAuto
	}
	if isNumber(k) {
		return FilterNumber
	}
	return FilterChar
}

func isNumber(k orm.Kind) bool {
	return isInteger(k) || k == orm.Float || k == orm.DecimalNumber
}

func isInteger(k orm.Kind) bool {
	switch k {
	case orm.Auto, orm.BigAuto, orm.Integer, orm.SmallInteger, orm.BigInteger, orm.PositiveInteger,
		orm.PositiveSmallInteger, orm.PositiveBigInteger:
		return true
	}
	return false
}

// checkKind refuses kinds whose values can never be compared with the field.
func (f *compiledFilter) checkKind() error {
	if f.Method != nil || f.path == nil {
		return nil
	}
	var fit bool
	k := f.lookup.kind
	temporal := k == orm.CalendarDate || k == orm.DateTime
	switch f.Kind {
	case FilterNumber, FilterNumberRange:
		fit = isNumber(k) || k == orm.Char || k == orm.Text || k == orm.Boolean
	case FilterBoolean:
		fit = k == orm.Boolean || f.lookup.name == "isnull" || isInteger(k)
	case FilterDate, FilterDateTime, FilterIsoDateTime, FilterDateFromToRange, FilterDateTimeFromToRange,
		FilterIsoDateTimeFromToRange, FilterDateRange:
		fit = temporal
	case FilterTime, FilterTimeRange:
		fit = k == orm.ClockTime
	case FilterDuration:
		fit = k == orm.Interval
	default:
		fit = true
	}
	if !fit {
		return fmt.Errorf("this kind of value cannot be compared with %s: leave Kind out, or choose the one of the field", f.Field)
	}
	return nil
}

// compileSingle compiles a filter of one value or of a comma-separated list.
func (f *compiledFilter) compileSingle() error {
	item, err := f.scalar()
	if err != nil {
		return err
	}
	f.field = item
	if f.isList() && f.path != nil {
		item.required = f.Required
		f.field = listField{item: item, pair: f.lookup.name == "range", required: f.Required}
	}
	f.setApply(applyLookup(f))
	f.params = []Parameter{f.parameter(f.schema())}
	return nil
}

// setApply keeps the function of Method filters.
func (f *compiledFilter) setApply(apply func(r *Request, q *Query, v any)) {
	if f.apply == nil {
		f.apply = apply
	}
}

// scalar is the form field of a single value.
func (f *compiledFilter) scalar() (scalarField, error) {
	s := scalarField{required: f.Required}
	switch f.Kind {
	case FilterChar:
		s.read, s.blank = readText, ""
	case FilterNumber:
		s.read = readNumber
	case FilterBoolean:
		s.read, s.required = readBoolean, false
	case FilterDate:
		s.read = readFormDate
	case FilterDateTime:
		s.read = readFormDateTime
	case FilterIsoDateTime:
		s.read = readIsoDateTime
	case FilterTime:
		s.read = readFormTime
	case FilterDuration:
		s.read = readFormDuration
	case FilterUUID:
		s.read = readUUID
	case FilterChoice, FilterTypedChoice:
		return f.choiceScalar()
	default:
		return s, fmt.Errorf("unknown Kind %d", f.Kind)
	}
	return s, nil
}

func (f *compiledFilter) choiceScalar() (scalarField, error) {
	texts := f.choiceTexts()
	if len(texts) == 0 {
		return scalarField{}, fmt.Errorf("a choice filter needs Choices: %s has none of its own", f.Field)
	}
	read := readChoice(texts)
	null := f.NullValue
	return scalarField{required: f.Required, blank: "", read: func(text string) (any, *Message) {
		v, m := read(text)
		if m == nil && text == null {
			v = nullChoice{}
		}
		return v, m
	}}, nil
}

// nullChoice is the value of a choice that stands for NULL.
type nullChoice struct{}

// choiceTexts are the texts a choice accepts.
func (f *compiledFilter) choiceTexts() (texts []string) {
	for _, c := range f.choices() {
		texts = append(texts, choiceText(c.Value))
	}
	if f.NullLabel != "" && len(texts) > 0 {
		texts = append(texts, f.NullValue)
	}
	return texts
}

// choiceText is the text of a declared choice, whose type may be a named string or integer.
func choiceText(v any) string {
	rv := reflect.ValueOf(v)
	switch {
	case rv.Kind() == reflect.String:
		return rv.String()
	case rv.CanInt():
		return textOf(rv.Int())
	}
	return textOf(v)
}

func (f *compiledFilter) compileMultiple() error {
	texts := f.choiceTexts()
	if len(texts) == 0 {
		return fmt.Errorf("a choice filter needs Choices: %s has none of its own", f.Field)
	}
	null := ""
	if f.NullLabel != "" {
		null = f.NullValue
	}
	f.Distinct = true
	f.field = multipleField{texts: texts, null: null, required: f.Required}
	f.setApply(applyMultiple(f))
	f.params = []Parameter{f.parameter(Parameter{Type: "string", Enum: anySlice(texts), Multiple: true})}
	return nil
}

func (f *compiledFilter) compileModel() error {
	if f.path == nil {
		return fmt.Errorf("a model choice needs Field: a relation, or a field behind one")
	}
	keys, err := f.modelKeys()
	if err != nil {
		return err
	}
	switch {
	case f.isList():
		f.field = modelListField{keys: keys, pair: f.lookup.name == "range", required: f.Required}
		f.setApply(applyLookup(f))
	case f.Kind == FilterModelChoice:
		f.field = modelField{keys: keys, null: f.modelNull(), required: f.Required}
		f.setApply(applyLookup(f))
	default:
		f.Distinct = true
		f.field = modelMultipleField{keys: keys, null: f.modelNull(), required: f.Required}
		f.setApply(applyMultiple(f))
	}
	p := f.keyParameter(keys)
	p.CommaList, p.Multiple = f.isList(), f.Kind == FilterModelMultipleChoice && !f.isList()
	f.params = []Parameter{f.parameter(p)}
	return nil
}

// modelNull is the text that stands for NULL, empty for none.
func (f *compiledFilter) modelNull() string {
	if f.NullLabel == "" {
		return ""
	}
	return f.NullValue
}

// compileSpan compiles the kinds with two parameters, a lower and an upper bound.
func (f *compiledFilter) compileSpan() error {
	span := spanField{suffixes: [2]string{"_after", "_before"}, required: f.Required}
	switch f.Kind {
	case FilterNumberRange:
		span.read, span.suffixes = readAnyNumber, [2]string{"_min", "_max"}
	case FilterDateFromToRange:
		span.read, span.shape = readFormDate, wholeDays
	case FilterDateTimeFromToRange:
		span.read = readFormDateTime
	case FilterIsoDateTimeFromToRange:
		span.read = readIsoDateTime
	default:
		span.read = readFormTime
	}
	f.field = span
	if f.Method == nil {
		apply, err := applySpan(f)
		if err != nil {
			return err
		}
		f.apply = apply
	}
	schema := f.schema()
	for _, suffix := range span.suffixes {
		p := f.parameter(schema)
		p.Name += suffix
		f.params = append(f.params, p)
	}
	return nil
}

func (f *compiledFilter) compilePeriod() error {
	f.field = scalarField{read: readChoice(periods), required: f.Required}
	f.params = []Parameter{f.parameter(Parameter{Type: "string", Enum: anySlice(periods)})}
	if f.Method != nil {
		return nil
	}
	apply, err := applyPeriod(f)
	f.apply = apply
	return err
}

// periods are the values of FilterDateRange.
var periods = []string{"today", "yesterday", "week", "month", "year"}

// parameters documents all filters.
func (s *filterSet) parameters() (list []Parameter) {
	for _, f := range s.filters {
		list = append(list, f.params...)
	}
	return list
}

// parameter fills in what all parameters of f share.
func (f *compiledFilter) parameter(p Parameter) Parameter {
	p.Name = f.Name
	p.Required = f.Required
	p.Description = f.Label
	if p.Description == "" && p.CommaList {
		p.Description = "Multiple values may be separated by commas."
	}
	return p
}

// schema is the type of a single value in OpenAPI's words.
func (f *compiledFilter) schema() Parameter {
	p := Parameter{Type: "string", CommaList: f.isList() && f.path != nil}
	switch f.Kind {
	case FilterNumber, FilterNumberRange:
		p.Type = "number"
		if isInteger(f.lookup.kind) {
			p.Type = "integer"
		}
	case FilterBoolean:
		p.Type = "boolean"
	case FilterDate, FilterDateFromToRange:
		p.Format = "date"
	case FilterDateTime, FilterIsoDateTime, FilterDateTimeFromToRange, FilterIsoDateTimeFromToRange:
		p.Format = "date-time"
	case FilterTime, FilterTimeRange:
		p.Format = "time"
	case FilterDuration:
		p.Format = "duration"
	case FilterUUID:
		p.Format = "uuid"
	case FilterChoice, FilterTypedChoice:
		p = f.enum(p)
	}
	return p
}

// enum lists the choices with their own types.
func (f *compiledFilter) enum(p Parameter) Parameter {
	p.Type = "integer"
	for _, c := range f.choices() {
		rv := reflect.ValueOf(c.Value)
		if rv.CanInt() {
			p.Enum = append(p.Enum, rv.Int())
			continue
		}
		p.Type = "string"
		p.Enum = append(p.Enum, choiceText(c.Value))
	}
	return p
}

// keyParameter is the type of a key of the related model.
func (f *compiledFilter) keyParameter(keys *modelKeys) Parameter {
	switch k := keys.lookup.kind; {
	case isInteger(k):
		return Parameter{Type: "integer"}
	case k == orm.UUID:
		return Parameter{Type: "string", Format: "uuid"}
	}
	return Parameter{Type: "string"}
}

func anySlice(texts []string) (list []any) {
	for _, t := range texts {
		list = append(list, t)
	}
	return list
}
