package orm

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"gorm.io/gorm/schema"
)

// Registry knows the models of a program and how they relate. It does not change once made.
type Registry struct {
	models  []*Model
	byType  map[reflect.Type]*Model
	byLabel map[string]*Model
}

// NewRegistry reads the declarations of models, given as pointers to structs: &Product{}. Related models must be among
// them. The error lists all mistakes, each as "package.Type.Field: what is wrong, how to mend it".
func NewRegistry(models ...any) (*Registry, error) {
	b := &registryBuilder{
		cache:    &sync.Map{},
		registry: &Registry{byType: map[reflect.Type]*Model{}, byLabel: map[string]*Model{}},
		tags:     map[*Field]ormTag{},
	}
	for _, declared := range models {
		b.declare(declared)
	}
	b.each(b.fields)
	b.each(b.relate)
	b.each(b.reverse)
	b.each(b.checkReverseFields)
	b.each(b.check)
	if len(b.problems) > 0 {
		return nil, errors.New("the models cannot be used:\n  " + strings.Join(b.problems, "\n  "))
	}
	return b.registry, nil
}

// Models are all models in the order they were given.
func (r *Registry) Models() []*Model { return r.models }

// Model finds a model by a value of its type, a pointer to one, or its reflect.Type; nil when it is not registered.
func (r *Registry) Model(of any) *Model {
	t, ok := of.(reflect.Type)
	if !ok {
		t = reflect.TypeOf(of)
	}
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return r.byType[t]
}

// ByLabel finds a model by app label and name, whatever their case: "catalog.product"; nil when there is none.
func (r *Registry) ByLabel(label string) *Model { return r.byLabel[strings.ToLower(label)] }

// registryBuilder collects what NewRegistry returns.
type registryBuilder struct {
	cache    *sync.Map
	registry *Registry
	tags     map[*Field]ormTag
	problems []string
}

func (b *registryBuilder) each(step func(*Model)) {
	for _, m := range b.registry.models {
		step(m)
	}
}

// at makes the function that notes mistakes of one field, or of a model when the field is empty.
func (b *registryBuilder) at(t reflect.Type, field string) func(format string, args ...any) {
	where := t.String()
	if field != "" {
		where += "." + field
	}
	return func(format string, args ...any) {
		b.problems = append(b.problems, where+": "+fmt.Sprintf(format, args...))
	}
}

// declare reads the struct by GORM and its Meta.
func (b *registryBuilder) declare(declared any) {
	t := reflect.TypeOf(declared)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Struct {
		b.problems = append(b.problems, fmt.Sprintf("%T: is no model, give pointers to structs such as &Product{}", declared))
		return
	}
	problem := b.at(t.Elem(), "")
	if b.registry.byType[t.Elem()] != nil {
		problem("is registered twice, remove one")
		return
	}
	sch, err := schema.Parse(declared, b.cache, namer())
	if err != nil {
		problem("GORM does not understand it: %v", err)
		return
	}
	m := &Model{Type: t.Elem(), Schema: sch, Table: sch.Table}
	b.describe(m, problem)
	if other := b.registry.byLabel[m.LabelLower()]; other != nil && m.Meta.App != "" {
		problem("has the label %s as %s has, give one of them another Name in Meta", m.Label(), other.Type)
	}
	b.registry.models = append(b.registry.models, m)
	b.registry.byType[m.Type] = m
	b.registry.byLabel[m.LabelLower()] = m
}

// namer names columns; it is the one that GORM uses in databases of [Open].
func namer() schema.Namer { return schema.NamingStrategy{IdentifierMaxLength: 64} }

// describe fills in the Meta and its defaults.
func (b *registryBuilder) describe(m *Model, problem func(string, ...any)) {
	value := reflect.New(m.Type).Interface()
	name := strings.ToLower(m.Type.Name())
	with, ok := value.(interface{ Meta() Meta })
	if ok {
		m.Meta = with.Meta()
	}
	if m.Meta.App == "" {
		problem(`has no app, add: func (%s) Meta() orm.Meta { return orm.Meta{App: "…"} }`, m.Type.Name())
		return
	}
	if m.Meta.Name == "" {
		m.Meta.Name = name
	}
	if _, ok := value.(schema.Tabler); !ok {
		problem(`has no table name, add: func (%s) TableName() string { return "%s_%s" }`, m.Type.Name(), m.Meta.App, m.Meta.Name)
	}
	if m.Meta.Verbose == "" {
		m.Meta.Verbose = verbose(m.Type.Name())
	}
	if m.Meta.VerboseMany == "" {
		m.Meta.VerboseMany = m.Meta.Verbose + "s"
	}
	if m.Meta.Permissions == nil {
		m.Meta.Permissions = []string{"add", "change", "delete", "view"}
	}
}

// verbose splits a type's name before the capitals that begin a word: "OrderItem" is "order item".
func verbose(name string) string {
	var out strings.Builder
	for i, c := range name {
		capital := c >= 'A' && c <= 'Z'
		nextSmall := i+1 < len(name) && (name[i+1] < 'A' || name[i+1] > 'Z')
		afterSmall := i > 0 && name[i-1] >= 'a' && name[i-1] <= 'z'
		if i > 0 && capital && (afterSmall || nextSmall) {
			out.WriteByte(' ')
		}
		out.WriteRune(c)
	}
	return strings.ToLower(out.String())
}

// relate connects relations with their models, and reads the table of pairs.
func (b *registryBuilder) relate(m *Model) {
	for _, f := range m.Fields {
		if f.Relation == nil {
			continue
		}
		problem := b.at(m.Type, f.GoName)
		f.Related = b.registry.byType[f.Relation.FieldSchema.ModelType]
		if f.Related == nil {
			problem("refers to %s, which is not registered; add it to the list given to orm.NewRegistry", f.Relation.FieldSchema.ModelType)
			continue
		}
		if f.Kind == ManyToMany {
			b.joinTable(f, problem)
		} else {
			b.onDelete(f, problem)
		}
	}
	m.Fields = withoutReverse(m.Fields)
}

func (b *registryBuilder) onDelete(f *Field, problem func(string, ...any)) {
	tag := b.tags[f]
	action, ok := onDeleteWords[tag.values["on_delete"]]
	if !ok {
		problem("does not say what happens to it when its %s is deleted; add orm:\"on_delete=…\" with cascade, protect, restrict, set_null or do_nothing", f.Related.Meta.Verbose)
	}
	if action == SetNull && !f.Null {
		problem("on_delete=set_null needs a column that can be NULL; make the key a pointer, *%s", f.Type)
	}
	f.OnDelete = action
}

func (b *registryBuilder) joinTable(f *Field, problem func(string, ...any)) {
	f.JoinTable = f.Relation.JoinTable.Table
	for _, ref := range f.Relation.References {
		if ref.OwnPrimaryKey {
			f.JoinColumn = ref.ForeignKey.DBName
		} else {
			f.JoinRelatedColumn = ref.ForeignKey.DBName
		}
	}
	named := f.Relation.Field.TagSettings["JOINREFERENCES"] != ""
	if f.Related == f.Model && !named {
		problem(`relates %[1]s to itself, so name both columns: gorm:"many2many:%[2]s;joinForeignKey:From%[1]sID;joinReferences:To%[1]sID"`, f.Model.Type.Name(), f.JoinTable)
	}
	if b.isReverse(f) {
		f.Kind = 0 // relate takes it out: it is Reverse's
	}
}

// isReverse tells whether the other model declares the same table of pairs and is its owner.
func (b *registryBuilder) isReverse(f *Field) bool {
	tag := b.tags[f]
	if tag.flags["reverse"] {
		return true
	}
	if f.JoinTable == f.Model.Table+"_"+f.Name {
		return false
	}
	for _, rel := range f.Relation.FieldSchema.Relationships.Many2Many {
		owner := f.JoinTable == f.Related.Table+"_"+namer().ColumnName("", rel.Name)
		if rel != f.Relation && rel.JoinTable.Table == f.JoinTable && owner {
			return true
		}
	}
	return false
}

func withoutReverse(fields []*Field) []*Field {
	kept := fields[:0]
	for _, f := range fields {
		if f.Kind != 0 {
			kept = append(kept, f)
		}
	}
	return kept
}

// reverse gives the related models the other side of m's relations.
func (b *registryBuilder) reverse(m *Model) {
	for _, f := range m.Fields {
		if f.Related == nil {
			continue
		}
		f.Related.incoming = append(f.Related.incoming, f)
		tag := b.tags[f]
		name := tag.values["related"]
		if name == "+" {
			continue
		}
		r := &Reverse{Name: name, QueryName: name, From: m, Field: f, Many: f.Kind != OneToOne}
		if name == "" {
			r.Name, r.QueryName = m.Meta.Name, m.Meta.Name
			if r.Many {
				r.Name += "_set"
			}
		}
		r.find()
		b.checkClash(r)
		f.Reverse = r
		f.Related.Reverses = append(f.Related.Reverses, r)
	}
}

// find looks for the Go field of the related model that holds the other side.
func (r *Reverse) find() {
	for name, rel := range r.Field.Related.Schema.Relationships.Relations {
		if name == rel.Name && rel.FieldSchema.ModelType == r.From.Type && r.holds(rel) {
			r.GoName, r.Index = rel.Name, rel.Field.StructField.Index
			return
		}
	}
}

func (r *Reverse) holds(rel *schema.Relationship) bool {
	switch rel.Type {
	case schema.HasMany, schema.HasOne:
		return len(rel.References) == 1 && rel.References[0].ForeignKey.DBName == r.Field.Column
	case schema.Many2Many:
		return r.Field.Kind == ManyToMany && rel != r.Field.Relation && rel.JoinTable.Table == r.Field.JoinTable
	}
	return false
}

// checkClash reports that a reverse name is taken already.
func (b *registryBuilder) checkClash(r *Reverse) {
	related := r.Field.Related
	taken := related.Field(r.QueryName) != nil || related.Field(r.Name) != nil
	for _, other := range related.Reverses {
		taken = taken || other.Name == r.Name || other.QueryName == r.QueryName
	}
	if taken {
		b.at(r.From.Type, r.Field.GoName)("would be %q on %s, which has that name already; add orm:\"related=…\" with another name, or + for none", r.Name, related.Type)
	}
}

// checkReverseFields reports slices of related objects whose other side is not declared.
func (b *registryBuilder) checkReverseFields(m *Model) {
	for name, rel := range m.Schema.Relationships.Relations {
		if name != rel.Name || rel.Type != schema.HasMany && rel.Type != schema.HasOne { // GORM adds the other side as "_…"
			continue
		}
		known := false
		for _, r := range m.Reverses {
			known = known || r.GoName == rel.Name
		}
		if !known {
			b.at(m.Type, rel.Name)("lists %s by the key %s, but that has no registered relation of that key; declare a field of type *%s beside the key",
				rel.FieldSchema.ModelType, rel.References[0].ForeignKey.Name, m.Type.Name())
		}
	}
}
