package rest

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// Router gathers what an application serves: resources and views under prefixes. Build compiles it.
type Router struct {
	config Config
	groups []*Group
	built  []func(*API)
}

// NewRouter begins an application with the defaults of config.
func NewRouter(config Config) *Router { return &Router{config: config} }

// Group begins a prefix, such as "/api/", that resources and views are registered under (include of a router's urls).
func (rt *Router) Group(prefix string) *Group {
	g := &Group{prefix: prefix, slash: "/", suffixes: true, router: rt}
	rt.groups = append(rt.groups, g)
	return g
}

// Group is a list of routes with a common prefix (DefaultRouter).
type Group struct {
	prefix    string
	slash     string
	suffixes  bool
	namespace string
	root      *View
	rootName  string
	entries   []entry
	router    *Router
}

// OnBuild calls f with the compiled API when the router is built without a mistake.
func (g *Group) OnBuild(f func(*API)) { g.router.built = append(g.router.built, f) }

// entry is a resource or a view before it is compiled.
type entry struct {
	prefix   string
	basename string
	resource AnyViewSet
	view     *View
	name     string
	suffixes bool
	formats  []string // that a suffix may name; nil means any
	single   bool     // a ViewSet's collection alone, at the prefix as it is written
}

// WithoutSlash leaves the slash at the end of addresses out (trailing_slash=False) and the format suffixes too.
func (g *Group) WithoutSlash() *Group {
	g.slash, g.suffixes = "", false
	return g
}

// WithoutSuffixes takes no format suffixes such as /products.json (SimpleRouter).
func (g *Group) WithoutSuffixes() *Group {
	g.suffixes = false
	return g
}

// Namespace names the routes of the group "namespace:name", for NamespaceVersioning.
func (g *Group) Namespace(name string) *Group {
	g.namespace = name
	return g
}

// Root serves a listing of the group's resources at its prefix (APIRootView); v gives its name, text and rules, and its
// Methods are set by the router.
func (g *Group) Root(v *View) *Group {
	g.root, g.rootName = v, "api-root"
	return g
}

// Register adds a resource under the group's prefix: Register("products", …) serves /api/products/ and its objects. The
// basename of its routes ("product-list") is the model's name unless it is given.
func (g *Group) Register(prefix string, vs AnyViewSet, basename ...string) *Group {
	e := entry{prefix: prefix, resource: vs}
	if len(basename) > 0 {
		e.basename = basename[0]
	}
	g.entries = append(g.entries, e)
	return g
}

// Handle adds a view at an address under the group's prefix, as it is written: "token/refresh/", "lab/{name}/",
// "versions/{version:[a-z0-9.]+}/". name names the route for Reverse; it may be empty.
func (g *Group) Handle(path string, v *View, name string) *Group {
	g.entries = append(g.entries, entry{prefix: path, view: v, name: name})
	return g
}

// HandleSuffixed is Handle with format suffixes (format_suffix_patterns): those of the formats that are named, or any.
func (g *Group) HandleSuffixed(path string, v *View, name string, formats ...string) *Group {
	g.entries = append(g.entries, entry{prefix: path, view: v, name: name, suffixes: true, formats: formats})
	return g
}

// Serve adds the list and create actions of a resource at an address under the group's prefix, as it is written, and
// nothing else of it (a ListAPIView or ListCreateAPIView). The listing of Root leaves it out. name names the route.
func (g *Group) Serve(path string, vs AnyViewSet, name ...string) *Group {
	e := entry{prefix: path, resource: vs, single: true}
	if len(name) > 0 {
		e.name = name[0]
	}
	g.entries = append(g.entries, e)
	return g
}

// API is a compiled application: views, routes and documents. It is immutable and safe for concurrent use.
type API struct {
	config      Config
	views       []*view
	routes      []*route
	named       map[string]*route
	serializers map[any]*serializer       // by the declared pointer
	children    map[*serializer]*resource // of serializers that actions use for other models
	models      map[*orm.Model]*modelPlans
	sessions    *SessionAuthentication // of any view; nil for none
}

// route is an address of a view.
type route struct {
	view     *view
	name     string // "product-detail"
	echo     string // "/api/products/:pk/"
	parts    []routePart
	suffixes bool
	formats  []string // that a suffix may name; nil means any
	whole    *regexp.Regexp
	group    *Group
}

// routePart is a variable part of an address.
type routePart struct {
	name     string
	undotted bool           // it holds no dot
	pattern  *regexp.Regexp // what it must match; nil for anything without a slash
}

// undotted is what the lookup value of a resource may be where the resource does not say (lookup_value_regex).
const undotted = "[^/.]+"

// takes tells whether a value may stand in this part of an address.
func (p routePart) takes(value string) bool {
	return value != "" && (p.pattern == nil || p.pattern.MatchString(value)) && !(p.undotted && strings.Contains(value, "."))
}

// Build compiles everything that was registered. The error names all mistakes at once.
func (rt *Router) Build() (*API, error) {
	api := &API{config: rt.config.withDefaults(), named: map[string]*route{}, children: map[*serializer]*resource{}}
	if err := api.config.check(); err != nil {
		return nil, err
	}
	c := &compiler{config: &api.config, api: api, serializers: map[any]*serializer{}, texts: pyvalue.NewValidators()}
	api.serializers = c.serializers
	if err := c.models(); err != nil {
		return nil, err
	}
	for _, g := range rt.groups {
		c.group(g)
	}
	c.finish()
	if err := c.err(); err != nil {
		return api, err
	}
	for _, f := range rt.built {
		f(api)
	}
	return api, nil
}

// group compiles the routes of a group in the order they were registered.
func (c *compiler) group(g *Group) {
	for _, e := range g.entries {
		switch {
		case e.single:
			c.collectionRoute(g, e)
		case e.resource != nil:
			c.resourceRoutes(g, e)
		default:
			c.route(g, c.view(e.view), g.prefix+e.prefix, e.name, e.suffixes, e.formats...)
		}
	}
	if g.root != nil {
		root := *g.root
		root.Methods = map[string]Endpoint{http.MethodGet: {Handle: g.listing, OperationID: "root_retrieve"}}
		v := c.view(&root)
		v.isRoot = true
		c.route(g, v, g.prefix, g.rootName, g.suffixes)
	}
}

// listing answers the names and addresses of the group's resources.
func (g *Group) listing(r *Request) (*Response, error) {
	out := Obj()
	for _, e := range g.entries {
		if e.resource == nil || e.single {
			continue
		}
		address, err := r.Reverse(g.qualified(e.basename+"-list"), r.params())
		if err != nil {
			continue // a route with parts that this address lacks
		}
		out.Set(e.prefix, address)
	}
	return OK(out), nil
}

func (g *Group) qualified(name string) string {
	if g.namespace != "" && name != "" {
		return g.namespace + ":" + name
	}
	return name
}

// routeSyntax is a variable part of an address: {name} or {name:regex}.
var routeSyntax = regexp.MustCompile(`\{([a-z_]+)(?::((?:[^{}]|\{[^{}]*\})*))?\}`)

// route adds an address of a view.
func (c *compiler) route(g *Group, v *view, path, name string, suffixes bool, formats ...string) {
	rt := &route{view: v, name: g.qualified(name), suffixes: suffixes, formats: formats, group: g}
	rt.echo = routeSyntax.ReplaceAllStringFunc(path, func(part string) string {
		m := routeSyntax.FindStringSubmatch(part)
		p := routePart{name: m[1]}
		switch m[2] {
		case "":
		case undotted:
			p.undotted = true
		default:
			re, err := regexp.Compile(`^(?:` + m[2] + `)$`)
			if err != nil {
				c.problem("route "+path, "%q: %v", m[2], err)
			}
			p.pattern = re
		}
		rt.parts = append(rt.parts, p)
		return ":" + m[1]
	})
	rt.whole = rt.wholePattern()
	if v.route == "" {
		v.route, v.routeName = rt.echo, rt.name
	}
	if rt.name != "" && c.api.named[rt.name] == nil {
		c.api.named[rt.name] = rt
	}
	c.api.routes = append(c.api.routes, rt)
	c.api.views = append(c.api.views, v)
}

// reverse is the path of a named route with its variable parts filled in; "format" among them is a format suffix.
func (a *API) reverse(name string, params map[string]string) (string, error) {
	rt := a.named[name]
	if rt == nil {
		return "", fmt.Errorf("there is no route named %q; the names are basename-list, basename-detail and basename-action", name)
	}
	path := rt.echo
	for _, p := range rt.parts {
		v, ok := params[p.name]
		if !ok {
			return "", fmt.Errorf("the route %q needs a value for {%s}", name, p.name)
		}
		path = strings.Replace(path, ":"+p.name, escapePath(v), 1)
	}
	format, suffixed := params["format"]
	if !suffixed || slices.ContainsFunc(rt.parts, func(p routePart) bool { return p.name == "format" }) {
		return path, nil
	}
	if !rt.suffixes || !rt.takes(format) {
		return "", fmt.Errorf("the route %q has no format suffix .%s", name, format)
	}
	path = strings.TrimSuffix(path, "/") + "." + format
	return path, nil
}

// anyMethod are the methods that Echo's router must know to lead a request to a view, which itself answers 405.
var anyMethod = append(slices.Clone(methodOrder), http.MethodTrace, http.MethodConnect, echo.PROPFIND, echo.REPORT)

// serveUnknown leads a request of a method that Echo's router does not know to the view of its address. The router has tried
// other routes for it, and lost the variable parts of the address over that.
func serveUnknown(c echo.Context) error {
	c.Echo().Router().Find(http.MethodGet, echo.GetPath(c.Request()), c)
	return c.Handler()(c)
}

// Mount registers every route on an Echo server: this is the seam between the framework and its HTTP layer.
// Addresses are matched as they are meant, not as they were escaped: /api/%70roducts/ is /api/products/.
func (a *API) Mount(e *echo.Echo) {
	e.Pre(func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Request().URL.RawPath = ""
			return next(c)
		}
	})
	taken := map[string]bool{}
	for _, rt := range a.routes {
		taken[rt.echo] = true
	}
	add := func(path string, h echo.HandlerFunc) {
		for _, m := range anyMethod {
			e.Add(m, path, h)
		}
		e.Add(echo.RouteNotFound, path, serveUnknown)
	}
	for _, rt := range a.routes {
		add(rt.echo, rt.serve)
		bare, slashed := strings.CutSuffix(rt.echo, "/")
		if !slashed {
			if rt.suffixes {
				add(rt.echo+".:format", rt.serve)
			}
			continue
		}
		rt.mountBare(add, bare, taken)
	}
}

// mountBare serves what an address without its slash means: a format suffix or a redirect to the address with it.
func (rt *route) mountBare(add func(string, echo.HandlerFunc), bare string, taken map[string]bool) {
	if bare != "" && !taken[bare] {
		add(bare, rt.serveBare)
		taken[bare] = true
	}
	if rt.suffixes && !rt.endsInPart() {
		suffix := "/.:format"
		if bare != "" && !(len(rt.parts) == 0 && rt.view.resource == nil && rt.group.prefix == rt.echo) {
			suffix = ".:format"
		}
		add(bare+suffix, rt.serve)
		add(bare+suffix+"/", rt.serve)
	}
}

// endsInPart tells whether the last part of the address is variable, so that a suffix is a part of its value.
func (rt *route) endsInPart() bool {
	path := strings.TrimSuffix(rt.echo, "/")
	return strings.HasPrefix(path[strings.LastIndexByte(path, '/')+1:], ":")
}

const paramsKey = "quintet.params"

// serve checks the variable parts and hands the request to the view.
func (rt *route) serve(c echo.Context) error {
	if !rt.match(c) {
		return echo.ErrNotFound
	}
	return rt.view.serve(c)
}

// match checks the variable parts of an address; a format suffix is taken off the last one.
func (rt *route) match(c echo.Context) bool {
	if slices.Contains(c.ParamNames(), "format") && !rt.takes(c.Param("format")) {
		return false
	}
	for i, p := range rt.parts {
		value := c.Param(p.name)
		if rt.suffixes && i == len(rt.parts)-1 && rt.endsInPart() {
			if dot := strings.LastIndexByte(value, '.'); dot >= 0 {
				c.Set(paramsKey, map[string]string{p.name: value[:dot], "format": value[dot+1:]})
				if !rt.takes(value[dot+1:]) {
					return false
				}
				value = value[:dot]
			}
		}
		if !p.takes(value) {
			return false
		}
	}
	return true
}

// takes tells whether the route has the format suffix.
func (rt *route) takes(format string) bool {
	return suffixPattern.MatchString(format) && (len(rt.formats) == 0 || slices.Contains(rt.formats, format))
}

var suffixPattern = regexp.MustCompile(`^[a-z0-9]+$`)

// serveBare answers an address without its slash: with a suffix it is served, else the client is sent to the right one.
func (rt *route) serveBare(c echo.Context) error {
	if !rt.match(c) {
		return echo.ErrNotFound
	}
	if c.Get(paramsKey) != nil {
		return rt.view.serve(c)
	}
	u := c.Request().URL
	target := escapedPath(u.Path) + "/"
	if u.RawQuery != "" {
		target += "?" + asciiAddress(u.RawQuery)
	}
	c.Response().Header().Set(echo.HeaderContentType, "text/html; charset=utf-8")
	c.Response().Header().Set(echo.HeaderLocation, target)
	c.Response().WriteHeader(http.StatusMovedPermanently)
	return nil
}

// param is a variable part of the address; a suffix taken off it stands under "format".
func (r *Request) param(name string) (string, bool) {
	if taken, ok := r.echo.Get(paramsKey).(map[string]string); ok {
		if v, ok := taken[name]; ok {
			return v, true
		}
	}
	if slices.Contains(r.echo.ParamNames(), name) {
		return r.echo.Param(name), true
	}
	return "", false
}

// params are all variable parts of the address.
func (r *Request) params() map[string]string {
	out := map[string]string{}
	for _, name := range r.echo.ParamNames() {
		out[name], _ = r.param(name)
	}
	return out
}

// fileURL is the absolute address of a stored file. A MediaURL with a host of its own is not put under this one.
func (r *Request) fileURL(name string) string {
	url := r.api.config.MediaURL + escapePath(name)
	switch {
	case strings.HasPrefix(url, "http://"), strings.HasPrefix(url, "https://"):
		return url
	case strings.HasPrefix(url, "//"):
		return r.echo.Scheme() + ":" + url
	}
	return r.AbsoluteURI(url)
}
