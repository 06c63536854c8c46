package rest

import (
	"reflect"
	"strings"
	"unsafe"

	"github.com/quintet-go/quintet/orm"
)

// Serializer is a form without a model (rest_framework.serializers.Serializer): D is a struct whose fields are the JSON
// fields in their order. Declare it as a pointer: its address is its identity.
//
// A field's name is its json tag; its kind follows from the Go type: string (CharField), bool, ints, float64, orm.Decimal,
// orm.Date, time.Time (DateTimeField), orm.TimeOfDay, orm.Duration, Span, uuid.UUID, orm.JSON, File, slices (ListField), maps
// with string keys (DictField), structs (nested), Related[M] (a key of M). A pointer allows null. The validate tag holds
// go-playground/validator rules, doc is the help text. The rest tag is a comma-separated list, explained word by word in
// docs/serializers.md:
//
//	readonly writeonly hidden          which way the field goes
//	required optional null notnull blank notblank noempty notrim declared createonly
//	source=PATH default=TEXT label=TEXT needs=PATH
//	email url slug regex choice decimal integer … kind=WORD    the field class, where the Go type does not say it
//	min=X max=X minlength=N maxlength=N digits=N places=N rounding=WORD number astext normalize
//	format=F input=F zone=NAME unicode binary upload_to=PREFIX
//	slug=FIELD string view=ROUTE lookup=FIELD identity         how a related object, or the object itself, is named
//	item.WORD                                                  about the elements of a list or an object
type Serializer[D any] struct {
	Name string // component name; default: D's name without "Data"
	// Fields adds to single fields what tags cannot say; d is a probe whose field addresses name the fields.
	Fields func(d *D) []FieldOption
	// Validate checks the object as a whole after every field passed; Invalid("…") stands under non_field_errors.
	Validate func(r *Request, in *Input[D]) error
}

// ModelSerializer is the JSON form D of a model M (rest_framework.serializers.ModelSerializer). A field of D stands for the
// field, relation, annotation or method of M with the same Go name (or source=) and takes lengths, bounds, choices,
// defaults, uniqueness and null from the model, which declared them. Declare it as a pointer.
type ModelSerializer[M, D any] struct {
	Name     string
	Fields   func(d *D) []FieldOption
	Validate func(r *Request, in *Input[D]) error
	// Create makes the object of valid input, Update changes one by it; nil means the defaults and in.Apply. What they
	// return is saved (by the viewset's PerformCreate or PerformUpdate, or r.Save), so they save by themselves only what
	// further rows need. They run in the request's transaction; errors made by Invalid are answered as validation errors.
	Create func(r *Request, in *Input[D]) (*M, error)
	Update func(r *Request, m *M, in *Input[D]) error
	// Represent, when not nil, may change the plain representation of an object before it is sent (to_representation). It
	// costs a parse of every object; rest.Computed does not.
	Represent func(r *Request, m *M, out *Object)
	// Depth nests related objects so many levels deep, with all their fields and read-only, where a field says nothing else
	// of its form.
	Depth int
	// UniqueTogether replaces the validators made of the model's Meta.Unique; empty and non-nil means none.
	UniqueTogether []orm.Unique
}

// AnySerializer is a *Serializer or a *ModelSerializer of any type.
type AnySerializer interface {
	// key is the pointer that was declared: serializers are compiled once and found by it.
	key() any
	spec() *serializerSpec
}

// Serializable is a serializer whose objects are M: a *ModelSerializer[M, D] of any D, or another serializer made fit by FormFor.
type Serializable[M any] interface {
	AnySerializer
	serializes(*M)
}

// Form is a serializer whose data are D: a *Serializer[D] or a *ModelSerializer[M, D] of any M.
type Form[D any] interface {
	AnySerializer
	reads(*D)
}

func (s *Serializer[D]) reads(*D) {}

func (s *ModelSerializer[M, D]) reads(*D) {}

type formOf[M any] struct{ AnySerializer }

func (formOf[M]) serializes(*M) {}

// Related is a related object in a serializer's struct: its primary key on the wire, or another field with slug=Field
// (PrimaryKeyRelatedField, SlugRelatedField). After validation Object is the row, nil for null.
type Related[M any] struct {
	Object *M
}

// serializerSpec is a declared serializer without its type parameters.
type serializerSpec struct {
	name      string
	data      reflect.Type
	model     reflect.Type // nil for forms
	newInput  func() *inputState
	options   func(probe any) []FieldOption
	validate  func(r *Request, st *inputState) error
	create    func(r *Request, st *inputState) (any, error)
	update    func(r *Request, m any, st *inputState) error
	represent func(r *Request, m unsafe.Pointer, out *Object)
	together  []orm.Unique
	depth     int
}

func (s *Serializer[D]) key() any { return s }

func (s *Serializer[D]) spec() *serializerSpec { return specOf(s.Name, s.Fields, s.Validate) }

func (s *ModelSerializer[M, D]) serializes(*M) {}

func (s *ModelSerializer[M, D]) key() any { return s }

func (s *ModelSerializer[M, D]) spec() *serializerSpec {
	sp := specOf(s.Name, s.Fields, s.Validate)
	sp.model = reflect.TypeFor[M]()
	sp.together, sp.depth = s.UniqueTogether, s.Depth
	if s.Create != nil {
		sp.create = func(r *Request, st *inputState) (any, error) { return s.Create(r, st.input.(*Input[D])) }
	}
	if s.Represent != nil {
		sp.represent = func(r *Request, m unsafe.Pointer, out *Object) { s.Represent(r, (*M)(m), out) }
	}
	if s.Update != nil {
		sp.update = func(r *Request, m any, st *inputState) error { return s.Update(r, m.(*M), st.input.(*Input[D])) }
	}
	return sp
}

func specOf[D any](name string, options func(*D) []FieldOption, validate func(*Request, *Input[D]) error) *serializerSpec {
	t := reflect.TypeFor[D]()
	if name == "" {
		name = strings.TrimSuffix(t.Name(), "Data")
	}
	sp := &serializerSpec{name: name, data: t, newInput: newInput[D]}
	if options != nil {
		sp.options = func(probe any) []FieldOption { return options(probe.(*D)) }
	}
	if validate != nil {
		sp.validate = func(r *Request, st *inputState) error { return validate(r, st.input.(*Input[D])) }
	}
	return sp
}

// Auto is the form of a model that is its own JSON form: every field in the model's order, relations by key
// (fields = "__all__").
func Auto[M any]() *ModelSerializer[M, M] {
	return &ModelSerializer[M, M]{Name: reflect.TypeFor[M]().Name()}
}

// ListOf documents an answer that is an array of a form's objects.
func ListOf(s AnySerializer) AnySerializer { return arrayOf{s} }

// arrayOf documents an array.
type arrayOf struct{ AnySerializer }

// FormFor lets the serializer of another model stand for an action of M: for the action's body, answer and OPTIONS.
func FormFor[M any](s AnySerializer) Serializable[M] { return formOf[M]{s} }

// NoData is the answer of an action without one; see Nothing.
type NoData struct{}

// Nothing stands for the output of an action that answers 204.
var Nothing *Serializer[NoData]
