package rest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// compiler turns declarations into what requests use. It collects every mistake instead of stopping at the first.
type compiler struct {
	api         *API
	config      *Config
	texts       *pyvalue.Validators
	serializers map[any]*serializer // by the declared pointer
	hyperlinks  []*hyperlink
	problems    []string
}

// problem notes a mistake: where it is, what is wrong and how to mend it.
func (c *compiler) problem(where, format string, args ...any) {
	c.problems = append(c.problems, where+": "+fmt.Sprintf(format, args...))
}

// err is all mistakes as one error, nil for none.
func (c *compiler) err() error {
	if len(c.problems) == 0 {
		return nil
	}
	return errors.New("the declarations cannot be served:\n  " + strings.Join(c.problems, "\n  "))
}

// serializer is a compiled serializer.
type serializer struct {
	name     string
	spec     *serializerSpec
	model    *orm.Model // nil for forms
	fields   []*field
	readable []*field
	writable []*field
	together []*togetherCheck
	uniqueIn []*uniqueForCheck
	inputOf  func() *inputState
	locks    bool // a field, or one of a nested serializer, locks the objects that it names
	// transient tells that no function of an author sees the models while they are written: their memory can be used again.
	transient bool
}

// isTransient decides transient.
func (s *serializer) isTransient() bool {
	if s.spec.represent != nil {
		return false
	}
	for _, f := range s.readable {
		if f.spec.computed != nil || f.nested != nil && !f.nested.isTransient() {
			return false
		}
	}
	return true
}

// isLocking decides locks.
func (s *serializer) isLocking() bool {
	return slices.ContainsFunc(s.writable, func(f *field) bool {
		return f.spec.lock || f.nested != nil && f.nested.isLocking()
	})
}

// field finds a field by its wire name.
func (s *serializer) field(name string) *field {
	for _, f := range s.fields {
		if f.name == name {
			return f
		}
	}
	return nil
}

// serializer compiles a declared serializer once.
func (c *compiler) serializer(declared AnySerializer) *serializer {
	if s, ok := c.serializers[declared.key()]; ok {
		return s
	}
	spec := declared.spec()
	s := &serializer{name: spec.name, spec: spec, inputOf: spec.newInput}
	c.serializers[declared.key()] = s // before the fields: serializers may refer to themselves
	if spec.model != nil {
		if s.model = c.config.Registry.Model(spec.model); s.model == nil {
			c.problem(spec.name, "the model %s is not registered; add it to the list given to orm.NewRegistry", spec.model)
			return s
		}
	}
	specs, err := c.fieldSpecs(s, spec)
	if err != nil {
		c.problem(spec.name, "%v", err)
		return s
	}
	for _, fs := range specs {
		if f := c.field(s, fs); f != nil {
			s.add(f)
		}
	}
	c.uniqueness(s)
	return s
}

func (s *serializer) add(f *field) {
	s.fields = append(s.fields, f)
	if !f.writeOnly && !f.hidden {
		s.readable = append(s.readable, f)
	}
	if !f.readOnly {
		s.writable = append(s.writable, f)
	}
}

// fieldSpecs reads the data struct, or the model when it is its own form, and applies the options.
func (c *compiler) fieldSpecs(s *serializer, spec *serializerSpec) ([]*fieldSpec, error) {
	if s.model != nil && spec.data == spec.model {
		return autoSpecs(s.model), nil
	}
	if spec.data.Kind() != reflect.Struct {
		return nil, fmt.Errorf("%s is no struct; declare a struct with a field for each JSON field", spec.data)
	}
	specs, err := structSpecs(spec.data)
	if err != nil || spec.options == nil {
		return specs, err
	}
	probe := reflect.New(spec.data)
	for _, o := range spec.options(probe.Interface()) {
		if err := applyOption(specs, probe.Elem(), o); err != nil {
			return nil, err
		}
	}
	return specs, nil
}

// applyOption finds the field whose address the option names.
func applyOption(specs []*fieldSpec, probe reflect.Value, o FieldOption) error {
	p := reflect.ValueOf(o.ptr)
	for _, s := range specs {
		v := probe.FieldByIndex(s.index)
		if p.Kind() == reflect.Pointer && v.Addr().Pointer() == p.Pointer() && v.Type() == p.Type().Elem() {
			return o.apply(s)
		}
	}
	return fmt.Errorf("an option names a %s that is no field of %s; give it the address of one of the probe's fields", p.Type(), probe.Type())
}

// autoSpecs are the fields of a model that is its own form: in the model's order, relations last.
func autoSpecs(m *orm.Model) []*fieldSpec {
	specs := make([]*fieldSpec, 0, len(m.Fields))
	fields := slices.Clone(m.Fields)
	slices.SortStableFunc(fields, func(a, b *orm.Field) int { return relationRank(a) - relationRank(b) })
	for _, mf := range fields {
		s := &fieldSpec{name: mf.Name, goName: mf.GoName, index: mf.Index, typ: mf.Type}
		if mf.Kind == orm.ManyToMany {
			s.index, s.typ = mf.RelIndex, m.Type.FieldByIndex(mf.RelIndex).Type
		}
		specs = append(specs, s)
	}
	return specs
}

// relationRank orders the fields of a model that is its own form (get_default_field_names).
func relationRank(f *orm.Field) int {
	if f.Related != nil && !f.PrimaryKey {
		return 1
	}
	return 0
}

// field compiles one field; nil when it cannot be used, with the reason noted.
func (c *compiler) field(s *serializer, spec *fieldSpec) *field {
	where := fmt.Sprintf("%s.%s", s.spec.data, spec.goName)
	if s.spec.data.Name() == "" {
		where = s.name + "." + spec.goName
	}
	if s.model != nil {
		c.fromModel(s.model, spec)
	}
	f := &field{name: spec.name, spec: spec, index: spec.index, typ: spec.typ, model: spec.model, reverse: spec.reverse}
	f.key = append(jsonKey(spec.name), ':')
	if err := c.classify(s, f, spec.typ); err != nil {
		c.problem(where, "%v", err)
		return nil
	}
	if err := c.describe(s, f); err != nil {
		c.problem(where, "%v", err)
		return nil
	}
	if err := c.wire(s, f); err != nil {
		c.problem(where, "%v", err)
		return nil
	}
	return f
}

// fromModel finds what the field stands for in the model and completes what was not said with what the model says.
func (c *compiler) fromModel(m *orm.Model, spec *fieldSpec) {
	path := spec.path()
	if len(path) != 1 || spec.identity {
		return
	}
	for _, mf := range m.Fields {
		if mf.GoName == path[0] {
			spec.model = mf
		}
	}
	for _, rev := range m.Reverses {
		if rev.GoName == path[0] && path[0] != "" {
			spec.reverse = rev
		}
	}
}

// path is the source as Go names.
func (s *fieldSpec) path() []string {
	if s.source != "" {
		return strings.Split(s.source, ".")
	}
	return []string{s.goName}
}

// classify decides the field class and what it is made of: a relation, a nested serializer, a list, a scalar.
func (c *compiler) classify(s *serializer, f *field, t reflect.Type) error {
	spec := f.spec
	base := t
	if base != nil && base.Kind() == reflect.Pointer {
		base = base.Elem()
	}
	switch {
	case spec.computed != nil:
		f.class = classOr(spec.class, "readonly")
		return nil
	case spec.identity:
		f.class = identityClass
		return nil
	case c.isDeep(s, f, base):
		return c.classifyDeep(s, f, base)
	case spec.nested != nil:
		f.many = base.Kind() == reflect.Slice
		f.nested = c.serializer(spec.nested)
		f.class = nestedClass(f.many)
		return nil
	case c.isRelation(s, f, base):
		return c.classifyRelation(f, base)
	case isStruct(base), base.Kind() == reflect.Slice && isStruct(elem(base)):
		return c.classifyNested(s, f, base)
	}
	return c.classifyScalar(s, f, base)
}

func elem(t reflect.Type) reflect.Type {
	t = t.Elem()
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t
}

// isStruct tells whether t is a struct that is no value type of its own.
func isStruct(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	_, scalar := scalarClass(t)
	return !scalar
}

// isRelation tells whether the field names related objects by a key.
func (c *compiler) isRelation(s *serializer, f *field, t reflect.Type) bool {
	if _, ok := isRelated(t); ok {
		return true
	}
	if t.Kind() == reflect.Slice {
		if _, ok := isRelated(t.Elem()); ok {
			return true
		}
	}
	related := f.spec.model != nil && f.spec.model.Related != nil || f.spec.reverse != nil
	if !related {
		return false
	}
	if f.spec.text || f.spec.slug != "" || f.spec.view != "" {
		return true
	}
	if t.Kind() == reflect.Slice {
		t = elem(t)
	}
	return !isStruct(t) || s.isAuto(f.spec)
}

// isAuto tells whether the variable is the model's own relation field, as in Auto: the data are the model itself.
func (s *serializer) isAuto(f *fieldSpec) bool {
	return s.model != nil && s.spec.data == s.model.Type && f.model != nil && f.model.Kind == orm.ManyToMany &&
		reflect.DeepEqual(f.index, f.model.RelIndex)
}

func (c *compiler) classifyRelation(f *field, t reflect.Type) error {
	model, many := c.relatedModel(f, t)
	if model == nil {
		return fmt.Errorf("the related model of %s is not registered; add it to the list given to orm.NewRegistry", t)
	}
	key := &relatedKey{model: model, field: model.PK, text: f.spec.text, lock: f.spec.lock, plan: c.api.models[model].plain}
	name := "pk"
	switch {
	case f.spec.text:
		name = "string"
		f.spec.readOnly = f.spec.readOnly || !many
	case f.spec.slug != "":
		if key.field = byGoName(model, f.spec.slug); key.field == nil {
			return fmt.Errorf("slug=%s: %s has no field of that name", f.spec.slug, model.Label())
		}
		name = "slug"
	case f.spec.view != "":
		link, err := c.hyperlink(model, f.spec)
		if err != nil {
			return err
		}
		name, key.link, key.field = "hyperlink", link, link.field
	}
	if limit, ok := f.spec.limit.(func(*Request, *gorm.DB) *gorm.DB); ok {
		key.limit = limit
	}
	key.prepare()
	enc, err := scalarEncoder(&field{class: charClass, spec: &fieldSpec{}}, key.field.Type)
	if err != nil {
		return err
	}
	if key.enc = enc; key.link != nil {
		key.enc = key.link.encoder()
	}
	one := &field{class: relatedClasses[name], related: key, spec: &fieldSpec{}, name: f.name, null: false}
	f.class, f.related = one.class, key
	if many {
		f.class, f.child, f.many = relatedClasses["many"], one, true
		if key.text {
			f.class = relatedClasses["texts"]
		}
	}
	return nil
}

// relatedModel is the model on the other side and whether there are many of it.
func (c *compiler) relatedModel(f *field, t reflect.Type) (*orm.Model, bool) {
	switch {
	case f.spec.model != nil && f.spec.model.Related != nil:
		return f.spec.model.Related, f.spec.model.Kind == orm.ManyToMany
	case f.spec.reverse != nil:
		return f.spec.reverse.From, f.spec.reverse.Many
	}
	many := t.Kind() == reflect.Slice
	if many {
		t = t.Elem()
	}
	m, _ := isRelated(t)
	return c.config.Registry.Model(m), many
}

func byGoName(m *orm.Model, name string) *orm.Field {
	for _, mf := range m.Fields {
		if mf.GoName == name || mf.Name == name {
			return mf
		}
	}
	return nil
}

// classifyNested compiles the serializer of a struct: of the related model when the field is a relation, a form otherwise.
func (c *compiler) classifyNested(_ *serializer, f *field, t reflect.Type) error {
	f.many = t.Kind() == reflect.Slice
	if f.many {
		t = elem(t)
	}
	spec := &serializerSpec{name: strings.TrimSuffix(t.Name(), "Data"), data: t, newInput: inputFactory(t)}
	if m, _ := c.nestedModel(f); m != nil {
		spec.model = m.Type
	}
	f.nested = c.serializer(declaredSpec{spec})
	f.class = nestedClass(f.many)
	return nil
}

// isDeep tells whether the field is a relation that the serializer's Depth nests: one that nothing else was said of.
func (c *compiler) isDeep(s *serializer, f *field, t reflect.Type) bool {
	spec := f.spec
	return s.spec.depth > 0 && spec.nested == nil && !spec.text && spec.slug == "" && spec.view == "" && !spec.declared &&
		t != nil && c.isRelation(s, f, t)
}

// classifyDeep nests all fields of the related model (ModelSerializer.build_nested_field), read-only.
func (c *compiler) classifyDeep(s *serializer, f *field, t reflect.Type) error {
	model, many := c.relatedModel(f, t)
	if model == nil {
		return fmt.Errorf("the related model of %s is not registered; add it to the list given to orm.NewRegistry", t)
	}
	depth := s.spec.depth - 1
	f.nested = c.serializer(declaredSpec{&serializerSpec{
		name: model.Type.Name(), data: model.Type, model: model.Type, depth: depth, newInput: inputFactory(model.Type),
	}})
	f.class, f.many, f.spec.readOnly = nestedClass(many), many, true
	f.index, f.spec.index = nil, nil // the data struct has no variable for it
	return nil
}

// nestedModel is the model a nested struct stands for, following a dotted source.
func (c *compiler) nestedModel(f *field) (*orm.Model, bool) {
	switch {
	case f.spec.model != nil && f.spec.model.Related != nil:
		return f.spec.model.Related, true
	case f.spec.reverse != nil:
		return f.spec.reverse.From, true
	}
	return nil, false
}

// nestedKey is the key of a serializer that no declaration names: all of the same struct and model are one.
type nestedKey struct {
	data, model reflect.Type
	depth       int
}

type declaredSpec struct{ s *serializerSpec }

func (d declaredSpec) key() any { return nestedKey{d.s.data, d.s.model, d.s.depth} }

func (d declaredSpec) spec() *serializerSpec { return d.s }

// inputFactory makes input states for a struct type that no declaration names.
func inputFactory(t reflect.Type) func() *inputState {
	return func() *inputState { return &inputState{data: reflect.New(t).Elem()} }
}

func classOr(name, fallback string) *fieldClass {
	if name == "" {
		name = fallback
	}
	return classes[name]
}

func jsonKey(name string) []byte { return appendJSONString(nil, name) }
