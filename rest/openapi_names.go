package rest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// methodVerbs end the ids of operations.
var methodVerbs = map[string]string{
	http.MethodGet: "retrieve", http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "partial_update",
	http.MethodDelete: "destroy",
}

// variablePart is a {name} of an address.
var variablePart = regexp.MustCompile(`\{[\w-]+\}`)

// words are the fixed parts of an address below its group.
func words(rt *route, path string) []string {
	prefix := routeSyntax.ReplaceAllString(rt.group.prefix, "{$1}")
	rest := variablePart.ReplaceAllString(strings.TrimPrefix(path, prefix), "")
	return strings.FieldsFunc(rest, func(c rune) bool { return c == '/' })
}

// operationID is the id that drf-spectacular gives: the words of the address and what the method does. Only the list of a
// resource is called a list, whatever other actions answer.
func operationID(rt *route, op *operation, path string) string {
	if op.id != "" {
		return op.id
	}
	parts := words(rt, path)
	for i := range parts {
		parts[i] = strings.ReplaceAll(parts[i], "-", "_")
	}
	if len(parts) == 0 {
		parts = []string{"root"}
	}
	verb := methodVerbs[op.method]
	if op.action == "list" && op.method == http.MethodGet {
		verb = "list"
	}
	return strings.Join(append(parts, verb), "_")
}

// settleIDs makes ids unique: of equal ones all but the first by address get a number.
func (d *documentation) settleIDs() {
	slices.SortStableFunc(d.operations, func(a, b documented) int { return strings.Compare(a.path+"\x00"+a.method, b.path+"\x00"+b.method) })
	seen := map[string]int{}
	for _, op := range d.operations {
		v, _ := op.object.Get("operationId")
		id, _ := v.(string)
		seen[id]++
		if n := seen[id]; n > 1 {
			op.object.Set("operationId", fmt.Sprintf("%s_%d", id, n))
		}
	}
}

// side is what a component describes of a serializer.
type side int

const (
	answers  side = iota // what is read
	sends                // what POST and PUT take
	changes              // what PATCH takes
	refusals             // the messages about what was sent
)

// structKey is what makes two serializers the same in a document.
type structKey struct{ data, model any }

func keyOf(s *serializer) structKey { return structKey{s.spec.data, s.spec.model} }

// componentKey is what a component's name stands for.
type componentKey struct {
	structKey
	dir side
	ext string // of what is made of a component: pages
}

// wrongInName is what component names may not hold.
var wrongInName = regexp.MustCompile(`[^A-Za-z0-9._-]+`)

// componentName is the name of a serializer's component by side.
func componentName(name string, dir side) string {
	name = wrongInName.ReplaceAllString(name, "")
	switch dir {
	case sends:
		return name + "Request"
	case changes:
		return "Patched" + name + "Request"
	case refusals:
		return name + "ValidationError"
	}
	return name
}

// claim finds the name of a component; a name that stands for something else already gets a number. isNew tells that the
// component is still to be made.
func (d *documentation) claim(name string, key componentKey) (claimed string, isNew bool) {
	claimed = name
	for n := 2; ; n++ {
		taken, ok := d.keys[claimed]
		if !ok {
			d.keys[claimed] = key
			return claimed, true
		}
		if taken == key {
			return claimed, false
		}
		claimed = fmt.Sprintf("%s%d", name, n)
	}
}

func reference(name string) *Object { return Obj("$ref", "#/components/schemas/"+name) }

// enumUse is a place where a property has choices. Its schema is filled in when all names are known.
type enumUse struct {
	component string // name of the serializer
	property  string
	hash      string
	set       *choiceSet
	blank     bool
	schema    *Object
}

// enumHash tells sets of choices apart by values and labels, as drf-spectacular does.
func enumHash(set *choiceSet) string {
	pairs := []any{}
	for _, c := range set.choices {
		if v := plainChoice(c.Value); v != "" {
			pairs = append(pairs, []any{v, c.Label})
		}
	}
	slices.SortStableFunc(pairs, func(a, b any) int { return compareValues(a.([]any)[0], b.([]any)[0]) })
	sum := sha256.Sum256(pyjson.AppendDumps(nil, pairs))
	return hex.EncodeToString(sum[:])[:16]
}

// compareValues orders numbers by size and everything else as text.
func compareValues(a, b any) int {
	n, isNumber := a.(int64)
	m, bothNumbers := b.(int64)
	if isNumber && bothNumbers {
		return cmp.Compare(n, m)
	}
	return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b))
}

// nameEnums gives every set of choices a component of its own: named by the property, with the serializer where one property
// has several sets, with a part of the set's hash where a set is used in several serializers.
func (d *documentation) nameEnums() {
	sets, places := map[string]map[string]bool{}, map[string]map[[2]string]bool{}
	for _, use := range d.enums {
		remember(sets, use.property, use.hash)
		remember(places, use.hash, [2]string{use.component, use.property})
	}
	for _, use := range d.enums {
		name := camelized(use.property)
		switch {
		case len(sets[use.property]) == 1:
		case len(places[use.hash]) == 1:
			name = camelized(use.component) + name
		default:
			name += strings.ToUpper(use.hash[:1]) + use.hash[1:3]
		}
		d.fillEnum(use, name+"Enum")
	}
}

func remember[K comparable](m map[string]map[K]bool, key string, value K) {
	if m[key] == nil {
		m[key] = map[K]bool{}
	}
	m[key][value] = true
}

// fillEnum makes the component and lets the property refer to it.
func (d *documentation) fillEnum(use *enumUse, name string) {
	name, isNew := d.claim(name, componentKey{ext: use.hash})
	if isNew {
		d.components[name] = use.set.schema()
	}
	if !use.blank {
		use.schema.Set("$ref", "#/components/schemas/"+name)
		return
	}
	d.components["BlankEnum"] = Obj("type", "string", "enum", []any{""})
	use.schema.Set("oneOf", []any{reference(name), reference("BlankEnum")})
}

// schema lists the values and explains them.
func (c *choiceSet) schema() *Object {
	values, kinds, lines := []any{}, map[string]bool{}, []string{}
	for _, choice := range c.choices {
		v := plainChoice(choice.Value)
		if v == "" {
			continue
		}
		kinds[choiceType(v)] = true
		values = append(values, v)
		lines = append(lines, fmt.Sprintf("* `%v` - %s", v, choice.Label))
	}
	o := Obj("enum", values)
	if types := slices.Sorted(maps.Keys(kinds)); len(types) == 1 {
		o = Obj("type", types[0], "enum", values)
	}
	setText(o, "description", strings.Join(lines, "\n"))
	return o
}

func choiceType(v any) string {
	switch v.(type) {
	case bool:
		return "boolean"
	case int64, pyjson.Int:
		return "integer"
	case float64, orm.Decimal:
		return "number"
	}
	return "string"
}

var wordStart = regexp.MustCompile(`(?:^|_)(.)`)

// camelized is "OrderStatus" of "order_status".
func camelized(name string) string {
	return wordStart.ReplaceAllStringFunc(name, func(s string) string { return strings.ToUpper(strings.TrimPrefix(s, "_")) })
}
