package rest

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"unicode"

	"github.com/quintet-go/quintet/orm"
)

// fieldSpec is what was declared of one field before it is compiled: its Go type, its tags, its options and, in a
// ModelSerializer, what the model says.
type fieldSpec struct {
	name   string // on the wire
	goName string
	index  []int // in the data struct
	typ    reflect.Type

	class      string // kind word of the tag: "email", "choice" …; empty: from the Go type
	source     string // Go path in the model: "Category.Name"; empty: goName
	readOnly   bool
	writeOnly  bool
	hidden     bool
	declared   bool // takes nothing of the model but its place
	lock       bool // the objects that it names are locked
	required   *bool
	null       *bool
	blank      *bool
	allowEmpty *bool

	defaultText *string              // default=… of the tag
	defaultFunc func(r *Request) any // Default option; the value has the field's Go type
	createOnly  bool                 // the default holds for creation only
	label, help string
	minValue    string
	maxValue    string
	minLength   *int
	maxLength   *int
	digits      *int
	places      *int
	rounding    string
	noTrim      bool
	unicode     bool  // slugs of any letters
	asString    *bool // coerce_to_string
	normalize   bool
	format      string
	inputs      []string // input formats
	zone        string
	binary      bool
	patterns    []pattern
	rules       string // validate tag
	choices     []orm.Choice
	uploadTo    string

	slug      string // slug=Field of a related object
	text      bool   // string: StringRelatedField
	view      string // view=route: HyperlinkedRelatedField
	identity  bool   // the object's own address
	viewField string // lookup=Field of a hyperlink

	messages map[string]string
	checks   []func(r *Request, field reflect.Value) error
	clean    func(r *Request, field reflect.Value) error
	computed *computed
	nested   AnySerializer
	limit    any // func(*Request, *gorm.DB) *gorm.DB of a related field's rows
	unique   *uniqueOption
	needs    []string
	child    *fieldSpec
	model    *orm.Field   // the model field behind it, nil for none
	reverse  *orm.Reverse // the reverse relation behind it
}

// pattern is a regular expression a text must match, with the message of a refusal.
type pattern struct{ expr, message string }

// computed is a value made by a function of the model (SerializerMethodField).
type computed struct {
	out  reflect.Type
	call func(r *Request, model reflect.Value) reflect.Value
}

// uniqueOption is a declared UniqueValidator.
type uniqueOption struct {
	lookup, message string
	off             bool
}

// structSpecs reads the exported fields of a data struct in their order; embedded structs without a json name are flattened.
func structSpecs(t reflect.Type) ([]*fieldSpec, error) {
	var specs []*fieldSpec
	for i := range t.NumField() {
		sf := t.Field(i)
		if sf.Anonymous && sf.Tag.Get("json") == "" && sf.Type.Kind() == reflect.Struct {
			inner, err := structSpecs(sf.Type)
			if err != nil {
				return nil, err
			}
			for _, s := range inner {
				s.index = append([]int{i}, s.index...)
			}
			specs = append(specs, inner...)
			continue
		}
		name, _, _ := strings.Cut(sf.Tag.Get("json"), ",")
		if !sf.IsExported() || name == "-" {
			continue
		}
		if name == "" {
			name = snake(sf.Name)
		}
		s := &fieldSpec{name: name, goName: sf.Name, index: []int{i}, typ: sf.Type}
		if err := s.readTags(sf.Tag); err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t, sf.Name, err)
		}
		specs = append(specs, s)
	}
	return specs, nil
}

func (s *fieldSpec) readTags(tag reflect.StructTag) error {
	s.rules = tag.Get("validate")
	if doc, ok := tag.Lookup("doc"); ok {
		s.help = doc
	}
	for _, part := range splitTag(tag.Get("rest")) {
		key, value, hasValue := strings.Cut(part, "=")
		if err := s.set(strings.TrimSpace(key), value, hasValue); err != nil {
			return err
		}
	}
	return nil
}

// splitTag splits at commas that no backslash precedes.
func splitTag(tag string) []string {
	if tag == "" {
		return nil
	}
	var parts []string
	var b strings.Builder
	for i := 0; i < len(tag); i++ {
		switch {
		case tag[i] == '\\' && i+1 < len(tag) && tag[i+1] == ',':
			b.WriteByte(',')
			i++
		case tag[i] == ',':
			parts = append(parts, b.String())
			b.Reset()
		default:
			b.WriteByte(tag[i])
		}
	}
	return append(parts, b.String())
}

// tagFlags are the words of the rest tag that stand alone.
var tagFlags = map[string]func(s *fieldSpec){
	"readonly":   func(s *fieldSpec) { s.readOnly = true },
	"writeonly":  func(s *fieldSpec) { s.writeOnly = true },
	"hidden":     func(s *fieldSpec) { s.hidden = true },
	"required":   func(s *fieldSpec) { s.required = ptr(true) },
	"optional":   func(s *fieldSpec) { s.required = ptr(false) },
	"null":       func(s *fieldSpec) { s.null = ptr(true) },
	"notnull":    func(s *fieldSpec) { s.null = ptr(false) },
	"blank":      func(s *fieldSpec) { s.blank = ptr(true) },
	"notblank":   func(s *fieldSpec) { s.blank = ptr(false) },
	"noempty":    func(s *fieldSpec) { s.allowEmpty = ptr(false) },
	"notrim":     func(s *fieldSpec) { s.noTrim = true },
	"string":     func(s *fieldSpec) { s.text = true },
	"number":     func(s *fieldSpec) { s.asString = ptr(false) },
	"astext":     func(s *fieldSpec) { s.asString = ptr(true) },
	"normalize":  func(s *fieldSpec) { s.normalize = true },
	"binary":     func(s *fieldSpec) { s.binary = true },
	"createonly": func(s *fieldSpec) { s.createOnly = true },
	"identity":   func(s *fieldSpec) { s.identity = true },
	"unicode":    func(s *fieldSpec) { s.unicode = true },
	"declared":   func(s *fieldSpec) { s.declared = true },
	"lock":       func(s *fieldSpec) { s.lock = true },
}

// tagTexts are the words of the rest tag with a text as value.
var tagTexts = map[string]func(s *fieldSpec, v string){
	"source":    func(s *fieldSpec, v string) { s.source = v },
	"default":   func(s *fieldSpec, v string) { s.defaultText = &v },
	"label":     func(s *fieldSpec, v string) { s.label = v },
	"min":       func(s *fieldSpec, v string) { s.minValue = v },
	"max":       func(s *fieldSpec, v string) { s.maxValue = v },
	"slug":      func(s *fieldSpec, v string) { s.slug = v },
	"view":      func(s *fieldSpec, v string) { s.view = v },
	"lookup":    func(s *fieldSpec, v string) { s.viewField = v },
	"format":    func(s *fieldSpec, v string) { s.format = v },
	"input":     func(s *fieldSpec, v string) { s.inputs = append(s.inputs, v) },
	"zone":      func(s *fieldSpec, v string) { s.zone = v },
	"rounding":  func(s *fieldSpec, v string) { s.rounding = v },
	"upload_to": func(s *fieldSpec, v string) { s.uploadTo = v },
	"needs":     func(s *fieldSpec, v string) { s.needs = append(s.needs, v) },
	"kind":      func(s *fieldSpec, v string) { s.class = v },
}

// tagCounts are the words of the rest tag with a number as value.
var tagCounts = map[string]func(s *fieldSpec, n int){
	"minlength": func(s *fieldSpec, n int) { s.minLength = &n },
	"maxlength": func(s *fieldSpec, n int) { s.maxLength = &n },
	"digits":    func(s *fieldSpec, n int) { s.digits = &n },
	"places":    func(s *fieldSpec, n int) { s.places = &n },
}

func (s *fieldSpec) set(key, value string, hasValue bool) error {
	if inner, ok := strings.CutPrefix(key, "item."); ok { // of the elements of a list or an object
		if s.child == nil {
			s.child = &fieldSpec{}
		}
		return s.child.set(inner, value, hasValue)
	}
	if set, ok := tagTexts[key]; ok && hasValue {
		set(s, value)
		return nil
	}
	if set, ok := tagCounts[key]; ok && hasValue {
		n, err := strconv.Atoi(value)
		if err != nil {
			return fmt.Errorf("rest tag %q: %q is no number; write %s=10", key, value, key)
		}
		set(s, n)
		return nil
	}
	if set, ok := tagFlags[key]; ok && !hasValue {
		set(s)
		return nil
	}
	if _, ok := classes[key]; ok && !hasValue {
		s.class = key
		return nil
	}
	return fmt.Errorf("rest tag %q is unknown; see the documentation of rest.Serializer for the words it takes", key)
}

// snake is the wire name of a Go name: "CreatedAt" → "created_at", "SKU" → "sku".
func snake(name string) string {
	var b strings.Builder
	runes := []rune(name)
	for i, c := range runes {
		if unicode.IsUpper(c) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsDigit(runes[i-1]) ||
			i+1 < len(runes) && unicode.IsLower(runes[i+1])) {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

func ptr[T any](v T) *T { return &v }
