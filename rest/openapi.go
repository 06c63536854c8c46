package rest

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// DocumentInfo is what an OpenAPI document says of the API as a whole. Title and Version are required by OpenAPI.
type DocumentInfo struct {
	Title, Version string
	Description    string // Markdown
	TermsOfService string // an address
	Contact        Contact
	License        License
	Servers        []Server // default: the address the document is read from
	// Tags describes tags that no ViewSet describes by its Doc: "token".
	Tags map[string]string
	// Version30 writes OpenAPI 3.0.3 for generators that do not know 3.1.
	Version30 bool
}

// Contact is whom to ask about an API.
type Contact struct{ Name, URL, Email string }

// License is the terms an API is offered under.
type License struct{ Name, URL string }

// Server is an address an API is reached at; relative ones begin at the document's own.
type Server struct{ URL, Description string }

// OpenAPI describes every route that is not Undocumented, from what was declared: OpenAPI 3.1, or 3.0.3 when info asks for
// it. Operation ids, tags and component names are those of drf-spectacular with COMPONENT_SPLIT_REQUEST. Integer bounds are
// those of the database's columns. The same API and info give the same document, byte for byte.
func (a *API) OpenAPI(info DocumentInfo) *Document {
	d := &documentation{api: a, info: info, components: map[string]*Object{}, keys: map[string]componentKey{}, tags: map[string]string{}, shared: map[int]bool{}}
	d.findStored()
	paths := d.paths()
	d.nameEnums()
	root := Obj("openapi", "3.1.0", "info", info.object(), "servers", info.servers(), "tags", d.tagList(), "paths", paths)
	root.Set("components", d.allComponents())
	if info.Version30 {
		root, _ = downgraded(root).(*Object)
		root.Set("openapi", "3.0.3")
	}
	return &Document{root: root}
}

// documentation is a document in the making.
type documentation struct {
	api        *API
	info       DocumentInfo
	components map[string]*Object      // schemas by name
	keys       map[string]componentKey // what a name stands for
	enums      []*enumUse
	stored     map[structKey]bool // objects that are kept as JSON, some of whose keys may be missing
	tags       map[string]string
	operations []documented
	schemes    []scheme
	shared     map[int]bool // statuses whose answer is in components/responses
}

// documented is an operation with its place, for the settling of its id.
type documented struct {
	path, method string
	object       *Object
}

func (info DocumentInfo) object() *Object {
	o := Obj("title", orText(info.Title, "API"), "version", orText(info.Version, "0"))
	setText(o, "description", info.Description)
	setText(o, "termsOfService", info.TermsOfService)
	contact := &Object{}
	setText(contact, "name", info.Contact.Name)
	setText(contact, "url", info.Contact.URL)
	setText(contact, "email", info.Contact.Email)
	setFilled(o, "contact", contact)
	license := &Object{}
	setText(license, "name", info.License.Name)
	setText(license, "url", info.License.URL)
	setFilled(o, "license", license)
	return o
}

func (info DocumentInfo) servers() []any {
	if len(info.Servers) == 0 {
		return []any{Obj("url", "/")}
	}
	list := make([]any, len(info.Servers))
	for i, server := range info.Servers {
		o := Obj("url", server.URL)
		setText(o, "description", server.Description)
		list[i] = o
	}
	return list
}

// setFilled sets an object that is not empty.
func setFilled(o *Object, key string, value *Object) {
	if value.Len() > 0 {
		o.Set(key, value)
	}
}

// setList sets a list that is not empty.
func setList[T any](o *Object, key string, list []T) {
	if len(list) > 0 {
		o.Set(key, plainItems(list))
	}
}

func plainItems[T any](list []T) []any {
	out := make([]any, len(list))
	for i, item := range list {
		out[i] = item
	}
	return out
}

// paths are all documented addresses in alphabetical order, objects before what else is below a collection.
func (d *documentation) paths() *Object {
	items := map[string]*Object{}
	for _, rt := range d.api.routes {
		if rt.view.isRoot || rt.view.undocumented {
			continue
		}
		path := d.template(rt)
		if items[path] == nil {
			items[path] = d.pathItem(rt, path)
		}
	}
	d.settleIDs()
	out := &Object{}
	for _, path := range slices.SortedFunc(maps.Keys(items), comparePaths) {
		setFilled(out, path, items[path])
	}
	return out
}

// comparePaths puts variable parts before fixed ones.
func comparePaths(a, b string) int {
	first := strings.NewReplacer("{", "\x00")
	return cmp.Compare(first.Replace(a), first.Replace(b))
}

// template is the address of a route with {name} for its variable parts; the primary key is called by its own name.
func (d *documentation) template(rt *route) string {
	path := rt.echo
	for _, p := range rt.parts {
		path = strings.Replace(path, ":"+p.name, "{"+rt.parameterName(p)+"}", 1)
	}
	return path
}

// parameterName is the name of a variable part in documents: "id" for "pk".
func (rt *route) parameterName(p routePart) string {
	if rs := rt.view.resource; rs != nil && p.name == "pk" && rs.lookupParam == "pk" {
		return rs.lookup.Name
	}
	return p.name
}

// documentedMethods are the methods that documents tell of.
var documentedMethods = []string{
	http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
}

func (d *documentation) pathItem(rt *route, path string) *Object {
	item := &Object{}
	for _, method := range documentedMethods {
		if op := rt.view.operations[method]; op != nil && rt.view.allows(method) {
			o := d.operation(rt, op, path)
			item.Set(strings.ToLower(method), o)
			d.operations = append(d.operations, documented{path, strings.ToLower(method), o})
		}
	}
	return item
}

func (d *documentation) tagList() []any {
	var list []any
	for _, name := range slices.Sorted(maps.Keys(d.tags)) {
		tag := Obj("name", name)
		setText(tag, "description", orText(d.info.Tags[name], d.tags[name]))
		list = append(list, tag)
	}
	return list
}

// allComponents are schemas, shared answers and security schemes.
func (d *documentation) allComponents() *Object {
	schemas := &Object{}
	for _, name := range slices.Sorted(maps.Keys(d.components)) {
		schemas.Set(name, d.components[name])
	}
	out := &Object{}
	setFilled(out, "schemas", schemas)
	setFilled(out, "responses", d.sharedAnswers())
	schemes := &Object{}
	slices.SortFunc(d.schemes, func(a, b scheme) int { return cmp.Compare(a.name, b.name) })
	for _, s := range d.schemes {
		schemes.Set(s.name, s.object)
	}
	setFilled(out, "securitySchemes", schemes)
	return out
}
