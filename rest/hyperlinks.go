package rest

import (
	"fmt"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unsafe"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// hyperlink names an object by the address of a route (HyperlinkedRelatedField): tag view=product-detail, and lookup=Slug
// where the route takes another field than the primary key.
type hyperlink struct {
	api   *API
	view  string     // route name
	field *orm.Field // whose value stands in the address
	param string     // the variable part that holds it
}

var hyperlinkClass = &fieldClass{
	name: "HyperlinkedRelatedField", options: "field", parse: parseRelated, blank: relatedBlank, messages: map[string]string{
		"no_match":        "Invalid hyperlink - No URL match.",
		"incorrect_match": "Invalid hyperlink - Incorrect URL match.",
		"does_not_exist":  "Invalid hyperlink - Object does not exist.",
		"incorrect_type":  "Incorrect type. Expected URL string, received {data_type}.",
	},
}

var identityClass = &fieldClass{name: "HyperlinkedIdentityField", options: "field"}

// hyperlink compiles the tags of a hyperlink to objects of m.
func (c *compiler) hyperlink(m *orm.Model, spec *fieldSpec) (*hyperlink, error) {
	h := &hyperlink{api: c.api, view: spec.view, field: m.PK, param: "pk"}
	if spec.viewField != "" {
		if h.field = byGoName(m, spec.viewField); h.field == nil {
			return nil, fmt.Errorf("lookup=%s: %s has no field of that name", spec.viewField, m.Label())
		}
		h.param = h.field.Name
	}
	c.hyperlinks = append(c.hyperlinks, h)
	return h, nil
}

// checkHyperlinks reports hyperlinks that no route can make.
func (c *compiler) checkHyperlinks() {
	for _, h := range c.hyperlinks {
		rt := c.api.routeNamed(h.view)
		switch {
		case rt == nil:
			c.problem("view="+h.view, "there is no route of that name; the names are basename-list, basename-detail and basename-action")
		case !slices.ContainsFunc(rt.parts, func(p routePart) bool { return p.name == h.param }):
			c.problem("view="+h.view, "the route has no part {%s}; name the field that its address holds with lookup=", h.param)
		}
	}
}

// routeNamed finds a route by its name, in any namespace.
func (a *API) routeNamed(name string) *route {
	if rt := a.named[name]; rt != nil {
		return rt
	}
	for full, rt := range a.named {
		if strings.HasSuffix(full, ":"+name) {
			return rt
		}
	}
	return nil
}

// encoder writes the address for the key at p; null when there is none, as of an object that is not stored.
func (h *hyperlink) encoder() encoder {
	t := h.field.Type
	return func(e *encoding, dst []byte, p unsafe.Pointer) []byte {
		key := reflect.Indirect(reflect.NewAt(t, p).Elem())
		if !key.IsValid() || h.field.PrimaryKey && key.IsZero() {
			return append(dst, null...)
		}
		params := map[string]string{h.param: pyjson.Str(key.Interface())}
		if suffix, ok := e.r.param("format"); ok {
			params["format"] = suffix
		}
		address, err := e.r.Reverse(h.view, params)
		if err != nil {
			return append(dst, null...)
		}
		return pyjson.AppendString(dst, address)
	}
}

// key is the value of the naming field in the address that a client sent.
func (h *hyperlink) key(r *Request, f *field, raw any) (any, error) {
	text, ok := raw.(string)
	if !ok {
		return nil, f.fail("incorrect_type", "data_type", typeName(raw))
	}
	rt, params := h.api.resolve(addressPath(text))
	switch {
	case rt == nil:
		return nil, f.fail("no_match")
	case rt.name != versionedName(r, h.view):
		return nil, f.fail("incorrect_match")
	}
	key, err := lookupKey(h.field.Kind, params[h.param])
	switch {
	case err == nil:
		return key, nil
	case h.field.Kind == orm.UUID:
		return nil, notUUID(params[h.param])
	}
	return nil, f.fail("does_not_exist")
}

// versionedName is the name of a route in the version of a request.
func versionedName(r *Request, name string) string {
	if _, spaced := r.scheme.(NamespaceVersioning); spaced && r.version != "" {
		return r.version + ":" + name
	}
	return name
}

// addressPath is the path that a client's address names, unescaped.
func addressPath(text string) string {
	if strings.HasPrefix(text, "http:") || strings.HasPrefix(text, "https:") {
		if u, err := url.Parse(text); err == nil {
			text = u.EscapedPath()
		}
	}
	if path, err := url.PathUnescape(text); err == nil {
		text = path
	}
	return text
}

// resolve finds the route that a path leads to, and the variable parts (django.urls.resolve).
func (a *API) resolve(path string) (*route, map[string]string) {
	for _, rt := range a.routes {
		if params := rt.resolve(path); params != nil {
			return rt, params
		}
	}
	return nil, nil
}

func (rt *route) resolve(path string) map[string]string {
	if literal, _, _ := strings.Cut(rt.echo, ":"); !strings.HasPrefix(path, strings.TrimSuffix(literal, "/")) {
		return nil
	}
	found := rt.whole.FindStringSubmatch(path)
	if found == nil {
		return nil
	}
	params := make(map[string]string, len(rt.parts))
	for i, p := range rt.parts {
		params[p.name] = found[i+1]
	}
	return params
}

// wholePattern is the regular expression of all addresses of a route.
func (rt *route) wholePattern() *regexp.Regexp {
	var b strings.Builder
	b.WriteString("^")
	rest, slash := strings.CutSuffix(rt.echo, "/")
	for _, p := range rt.parts {
		before, after, _ := strings.Cut(rest, ":"+p.name)
		b.WriteString(regexp.QuoteMeta(before))
		b.WriteString("(" + p.expression() + ")")
		rest = after
	}
	b.WriteString(regexp.QuoteMeta(rest))
	end := ""
	if slash {
		end = "/"
	}
	if rt.suffixes {
		end = "(?:" + end + `|\.[a-z0-9]+/?)`
	}
	return regexp.MustCompile(b.String() + end + "$")
}

// expression is what a variable part may be, without groups of its own.
func (p routePart) expression() string {
	switch {
	case p.pattern != nil:
		return "(?:" + strings.TrimSuffix(strings.TrimPrefix(p.pattern.String(), "^(?:"), ")$") + ")"
	case p.undotted:
		return undotted
	}
	return "[^/]+"
}

// wireIdentity makes the field the object's own address (HyperlinkedIdentityField).
func (c *compiler) wireIdentity(s *serializer, f *field) error {
	h, err := c.hyperlink(s.model, f.spec)
	if err != nil {
		return err
	}
	f.attr = attributeAt(s.model.Type, h.field.Index)
	f.enc = h.encoder()
	return nil
}
