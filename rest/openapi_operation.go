package rest

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/mediatype"
)

// operation describes what a method does at an address.
func (d *documentation) operation(rt *route, op *operation, path string) *Object {
	v := rt.view
	o := Obj("operationId", operationID(rt, op, path), "summary", v.summary(op))
	setText(o, "description", op.doc)
	setList(o, "parameters", append(d.pathParameters(rt), d.queryParameters(v, op)...))
	if tag := d.tag(rt, op, path); tag != "" {
		o.Set("tags", []any{tag})
	}
	if op.input != nil || op.bulk {
		o.Set("requestBody", d.body(v, op))
	}
	o.Set("security", d.security(v, op))
	o.Set("responses", d.responses(rt, op))
	return o
}

// tag is the first word of the address; the Doc of the resource describes it.
func (d *documentation) tag(rt *route, op *operation, path string) string {
	tag := op.tag
	if parts := words(rt, path); tag == "" && len(parts) > 0 {
		tag = parts[0]
	}
	if tag != "" && d.tags[tag] == "" {
		d.tags[tag] = ""
		if rs := rt.view.resource; rs != nil {
			d.tags[tag] = rs.options.doc
		}
	}
	return tag
}

// summary says in a few words what an operation does.
func (v *view) summary(op *operation) string {
	if v.resource == nil {
		return v.name
	}
	meta := v.resource.model.Meta
	name := orText(strings.ToLower(v.resource.options.name), meta.Verbose)
	switch op.action {
	case "list":
		return "List " + meta.VerboseMany
	case "create":
		return "Create " + article(name)
	case "retrieve":
		return "Retrieve " + article(name)
	case "update":
		return "Replace " + article(name)
	case "partial_update":
		return "Change " + article(name)
	case "destroy":
		return "Delete " + article(name)
	}
	return v.name
}

func article(name string) string {
	if name != "" && strings.ContainsRune("aeio", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// pathParameters are the variable parts of the address.
func (d *documentation) pathParameters(rt *route) []any {
	var list []any
	for _, p := range rt.parts {
		schema := Obj("type", "string")
		o := Obj("name", rt.parameterName(p), "in", "path", "required", true)
		if rs := rt.view.resource; rs != nil && p.name == rs.lookupParam {
			schema = kindSchema(rs.lookup.Kind)
			o.Set("description", "The "+rs.lookup.Label+" of the "+rs.model.Meta.Verbose+".")
		}
		if p.pattern != nil && holds(schema, "type", "string") {
			if expr, ok := ecmaPattern(p.pattern.String()); ok {
				schema.Set("pattern", expr)
			}
		}
		o.Set("schema", schema)
		list = append(list, o)
	}
	return list
}

// queryParameters are those of filters, search, order and pages, and what the action declares, by name.
func (d *documentation) queryParameters(v *view, op *operation) []any {
	parameters := slices.Clone(op.parameters)
	if op.filtered {
		parameters = append(parameters, v.resource.parameters(op)...)
	}
	if op.isPaged() {
		parameters = append(parameters, op.pagination.parameters()...)
	}
	if name := v.api.config.FormatParam; len(v.renderers) > 1 && name != "-" {
		parameters = append(parameters, Parameter{Name: name, Type: "string", Enum: formatsOf(v.renderers)})
	}
	slices.SortStableFunc(parameters, func(a, b Parameter) int { return cmp.Compare(a.Name, b.Name) })
	parameters = slices.CompactFunc(parameters, func(a, b Parameter) bool { return a.Name == b.Name })
	list := make([]any, len(parameters))
	for i, p := range parameters {
		list[i] = p.object()
	}
	return list
}

// isPaged tells whether the answer is a page.
func (op *operation) isPaged() bool { return op.many && !op.plain && op.pagination != nil }

// parameters are those of the filter backends that an operation applies.
func (rs *resource) parameters(op *operation) []Parameter {
	var list []Parameter
	for _, b := range op.backends {
		switch b {
		case FieldFilters:
			list = append(list, rs.filters.parameters()...)
		case SearchFilter:
			if len(rs.search.fields) > 0 {
				list = append(list, rs.search.parameters()...)
			}
		case OrderingFilter:
			if len(rs.ordering.allowed) > 0 {
				list = append(list, rs.ordering.described()...)
			}
		}
	}
	return list
}

// described are the parameters with the names that they take. They stay texts, as generated clients know them.
func (o *ordering) described() []Parameter {
	list := o.parameters()
	for i := range list {
		names := strings.Join(o.allowed, "`, `")
		list[i].Description += " Names, separated by commas, each with a minus before it for the opposite direction: `" + names + "`."
	}
	return list
}

func formatsOf(renderers []Renderer) []any {
	var list []any
	for _, renderer := range renderers {
		if name := renderer.Format(); !slices.Contains(list, any(name)) {
			list = append(list, name)
		}
	}
	return list
}

// object is the parameter in OpenAPI's words.
func (p Parameter) object() *Object {
	schema := Obj("type", orText(p.Type, "string"))
	setText(schema, "format", p.Format)
	if len(p.Enum) > 0 {
		schema.Set("enum", p.Enum)
	}
	o := Obj("name", p.Name, "in", "query")
	if p.Required {
		o.Set("required", true)
	}
	setText(o, "description", p.Description)
	switch {
	case p.CommaList:
		o.Set("style", "form")
		o.Set("explode", false)
		schema = Obj("type", "array", "items", schema)
	case p.Multiple:
		o.Set("style", "form")
		o.Set("explode", true)
		schema = Obj("type", "array", "items", schema)
	}
	o.Set("schema", schema)
	return o
}

// body is what an operation takes, for each media type that its parsers read.
func (d *documentation) body(v *view, op *operation) *Object {
	dir := sends
	if op.method == http.MethodPatch {
		dir = changes
	}
	schema := d.alternatives(v, op, op.input, dir)
	content := &Object{}
	for _, p := range op.parsers {
		mt := p.MediaType()
		switch {
		case op.bulk && !isJSON(mt): // a form holds one object
		case isJSON(mt):
			content.Set(mt, Obj("schema", op.inBulk(schema)))
		default:
			content.Set(mt, Obj("schema", schema))
		}
	}
	o := Obj("content", content)
	if dir == sends {
		o.Set("required", true)
	}
	return o
}

// inBulk is what a schema describes, or lists of it where the operation takes and answers them.
func (op *operation) inBulk(schema *Object) *Object {
	switch {
	case op.bulk:
		return op.sized(schema)
	case op.mayBulk:
		return Obj("anyOf", []any{schema, op.sized(schema)})
	}
	return schema
}

// sized is an array of as many items as a bulk operation takes.
func (op *operation) sized(items *Object) *Object {
	o := Obj("type", "array", "items", items)
	if low := op.bulkSize[0]; low > 0 {
		o.Set("minItems", low)
	}
	if high := op.bulkSize[1]; high > 0 {
		o.Set("maxItems", high)
	}
	return o
}

func isJSON(mt string) bool { return strings.HasSuffix(mediatype.Parse(mt).Text, "json") }

// alternatives refers to a serializer, or to all of a resource that chooses by request. Forms that look the same are one.
func (d *documentation) alternatives(v *view, op *operation, s *serializer, dir side) *Object {
	rs := v.resource
	if rs == nil || rs.chooser == nil || s != rs.serializer || rs.serializers[op.action] != nil {
		return d.object(s, dir)
	}
	list, looks := []any{}, map[string]bool{}
	for _, one := range append([]*serializer{s}, rs.alternates...) {
		look := d.look(one, dir)
		if !looks[look] {
			looks[look] = true
			list = append(list, d.object(one, dir))
		}
	}
	if len(list) == 1 {
		return list[0].(*Object)
	}
	return Obj("anyOf", list)
}

// look is a serializer's schema without the notes that do not change what is valid.
func (d *documentation) look(s *serializer, dir side) string {
	probe := &documentation{
		api: d.api, components: map[string]*Object{}, keys: map[string]componentKey{}, stored: d.stored, tags: map[string]string{},
	}
	o := probe.properties(s, dir)
	plain := withoutNotes(o)
	return string(appendJSON(nil, plain)) + strings.Join(probe.choiceHashes(), ",")
}

func (d *documentation) choiceHashes() []string {
	var list []string
	for _, use := range d.enums {
		list = append(list, use.property+use.hash)
	}
	return list
}

// withoutNotes drops descriptions and marks of what is only read.
func withoutNotes(v any) any {
	switch v := v.(type) {
	case *Object:
		out := &Object{}
		for key, value := range v.All() {
			if key != "readOnly" && key != "description" && key != "title" {
				out.Set(key, withoutNotes(value))
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			out[i] = withoutNotes(item)
		}
		return out
	}
	return v
}

// responses are the success and every refusal that can be told from the declaration.
func (d *documentation) responses(rt *route, op *operation) *Object {
	all := map[int]*Object{op.status: d.success(rt.view, op)}
	for _, status := range d.failures(rt, op) {
		if all[status] == nil {
			all[status] = d.failure(rt.view, op, status)
		}
	}
	statuses := make([]int, 0, len(all))
	for status := range all {
		statuses = append(statuses, status)
	}
	slices.Sort(statuses)
	out := &Object{}
	for _, status := range statuses {
		out.Set(strconv.Itoa(status), all[status])
	}
	return out
}

// success is the answer of an operation that did what it was asked.
func (d *documentation) success(v *view, op *operation) *Object {
	o := Obj("description", statusText(op.status))
	if op.output == nil || !hasBody(op.status) {
		return o
	}
	schema := d.alternatives(v, op, op.output, answers)
	switch {
	case op.isPaged():
		schema = d.page(op, schema)
	case op.many:
		schema = op.sized(schema)
	default:
		schema = op.inBulk(schema)
	}
	if op.status == http.StatusCreated && !op.bulk && op.output.field("url") != nil {
		o.Set("headers", Obj("Location", Obj("description", "The address of the new object.", "schema", Obj("type", "string", "format", "uri"))))
	}
	o.Set("content", contentOf(v.renderers, schema))
	return o
}

// contentOf is a schema under each media type; a form that is no JSON is a text.
func contentOf(renderers []Renderer, schema *Object) *Object {
	content := &Object{}
	for _, renderer := range renderers {
		if mt := renderer.MediaType(); isJSON(mt) {
			content.Set(mt, Obj("schema", schema))
		} else {
			content.Set(mt, Obj("schema", Obj("type", "string")))
		}
	}
	return content
}

// page is the component of a page of something: PaginatedProductList.
func (d *documentation) page(op *operation, items *Object) *Object {
	name := "Paginated" + componentName(orText(op.output.name, "Object"), answers) + "List"
	envelope := op.pagination.envelope()
	counted := isCounted(op.pagination)
	key := componentKey{structKey: keyOf(op.output), ext: strings.Join(envelope, ",") + strconv.FormatBool(counted)}
	name, isNew := d.claim(name, key)
	if isNew {
		d.components[name] = pageSchema(envelope, items, counted)
	}
	o := reference(name)
	if whole := Obj("type", "array", "items", items); mayBeWhole(op.pagination) {
		return Obj("anyOf", []any{o, whole})
	}
	return o
}

// mayBeWhole tells whether a pagination answers a plain array to those who do not ask for a page.
func mayBeWhole(p Pagination) bool {
	switch p := p.(type) {
	case PageNumber:
		return p.Size == 0
	case LimitOffset:
		return p.Default == 0
	case Cursor:
		return p.Size == 0
	}
	return false
}

// isCounted tells whether the count of a page is a number.
func isCounted(p Pagination) bool {
	switch p := p.(type) {
	case PageNumber:
		return p.Count != CountNone
	case LimitOffset:
		return p.Count != CountNone
	}
	return true
}

func pageSchema(envelope []string, items *Object, counted bool) *Object {
	properties := &Object{}
	for _, name := range envelope {
		switch name {
		case "results":
			properties.Set(name, Obj("type", "array", "items", items))
		case "count":
			if counted {
				properties.Set(name, Obj("type", "integer", "minimum", 0))
			} else {
				properties.Set(name, Obj("type", "null"))
			}
		default:
			properties.Set(name, Obj("type", []any{"string", "null"}, "format", "uri"))
		}
	}
	return Obj("type", "object", "properties", properties, "required", plainItems(envelope))
}

func statusText(status int) string { return orText(http.StatusText(status), strconv.Itoa(status)) }
