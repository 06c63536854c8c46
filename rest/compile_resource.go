package rest

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"unicode"

	"github.com/quintet-go/quintet/orm"
)

// resourceRoutes compiles a ViewSet into its views: the list, the object, and one for each action's address.
func (c *compiler) resourceRoutes(g *Group, e entry) {
	spec := e.resource.resource()
	where := spec.model.String()
	rs := c.resource(spec, where)
	if rs == nil {
		return
	}
	for i := range g.entries {
		if g.entries[i].resource == e.resource && g.entries[i].prefix == e.prefix && g.entries[i].basename == "" {
			g.entries[i].basename = strings.ToLower(spec.model.Name())
			e.basename = g.entries[i].basename
		}
	}
	list := strings.TrimSuffix(g.prefix+e.prefix, "/")
	object := list + "/{" + rs.lookupParam + ":" + cmp.Or(rs.options.lookupRegex, undotted) + "}"
	if v := c.standardView(rs, false, "List"); v != nil {
		c.route(g, v, list+g.slash, e.basename+"-list", g.suffixes)
	}
	for _, a := range spec.actions {
		base := list
		if a.detail {
			base = object
		}
		c.route(g, c.actionView(rs, a), base+"/"+a.path+g.slash, e.basename+"-"+a.urlName, g.suffixes)
	}
	if v := c.standardView(rs, true, "Instance"); v != nil {
		c.route(g, v, object+g.slash, e.basename+"-detail", g.suffixes)
	}
}

// collectionRoute compiles the collection of a ViewSet alone.
func (c *compiler) collectionRoute(g *Group, e entry) {
	rs := c.resource(e.resource.resource(), e.resource.resource().model.String())
	if rs == nil {
		return
	}
	v := c.standardView(rs, false, "")
	if v == nil {
		c.problem("route "+g.prefix+e.prefix, "Serve needs the action list or create; name one in ViewSet.Only")
		return
	}
	c.route(g, v, g.prefix+e.prefix, e.name, e.suffixes)
}

// resource compiles what all views of a ViewSet share.
func (c *compiler) resource(spec *resourceSpec, where string) *resource {
	m := c.config.Registry.Model(spec.model)
	if m == nil {
		c.problem(where, "the model is not registered; add it to the list given to orm.NewRegistry")
		return nil
	}
	if spec.serializer == nil {
		c.problem(where, "the ViewSet has no Serializer; declare a *rest.ModelSerializer or use rest.Auto")
		return nil
	}
	o := spec.declared
	rs := &resource{
		api: c.api, model: m, options: o, perform: spec.perform, chooser: spec.chooser,
		serializers: map[string]*serializer{}, plans: map[*serializer]*loadPlan{}, d: dialectNamed(c.config.DB.Dialect()),
	}
	rs.serializer = c.serializer(spec.serializer)
	for name, s := range spec.serializers {
		rs.serializers[name] = c.serializer(s)
	}
	for _, s := range spec.alternates {
		rs.alternates = append(rs.alternates, c.serializer(s))
		c.planFor(rs, c.serializer(s))
	}
	c.planFor(rs, rs.serializer)
	for _, a := range spec.actions {
		c.actionSerializers(rs, a)
	}
	for _, s := range rs.serializers {
		c.planFor(rs, s)
	}
	c.lookup(rs, where)
	rs.details = make(map[*loadPlan]string, len(rs.plans))
	for _, p := range rs.plans {
		if p.sel != nil { // nil after a mistake that is reported
			rs.details[p] = p.oneBy(rs.lookup.Column)
		}
	}
	c.filtering(rs, where)
	return rs
}

// planFor compiles what a serializer of the resource's model needs loaded.
func (c *compiler) planFor(rs *resource, s *serializer) {
	if s.model == rs.model && rs.plans[s] == nil {
		rs.plans[s] = c.loadPlan(s)
	}
}

// actionSerializers compiles the serializers of an action: its own, and those of its handlers.
func (c *compiler) actionSerializers(rs *resource, a actionSpec) {
	if a.serializer != nil {
		rs.serializers[a.name] = c.serializer(a.serializer)
	}
	for _, h := range a.handlers {
		for _, declared := range []AnySerializer{h.input, h.output} {
			if declared == nil {
				continue
			}
			if s := c.serializer(declared); s.model != nil {
				c.childResource(s)
			}
		}
	}
}

// formOf compiles a serializer that a view names, and what it needs loaded when it has a model.
func (c *compiler) formOf(declared AnySerializer) *serializer {
	s := c.serializer(declared)
	if s.model != nil {
		c.childResource(s)
	}
	return s
}

// childResource makes a resource without rules of a serializer that actions use for other models.
func (c *compiler) childResource(s *serializer) {
	if c.api.children[s] != nil {
		return
	}
	child := &resource{
		api: c.api, model: s.model, serializer: s, options: &viewSetOptions{}, serializers: map[string]*serializer{},
		plans: map[*serializer]*loadPlan{}, d: dialectNamed(c.config.DB.Dialect()),
	}
	c.api.children[s] = child
	c.planFor(child, s)
	c.filtering(child, s.name)
}

func (c *compiler) lookup(rs *resource, where string) {
	name := orText(rs.options.lookup, "pk")
	rs.lookupParam = orText(rs.options.lookupParam, name)
	if name == "pk" {
		rs.lookup = rs.model.PK
		return
	}
	if rs.lookup = fieldNamed(rs.model, name); rs.lookup == nil {
		c.problem(where+".Lookup", "there is no field %q; it has %s", name, strings.Join(fieldNames(rs.model), ", "))
		rs.lookup = rs.model.PK
	}
}

// filtering compiles filters, search and ordering.
func (c *compiler) filtering(rs *resource, where string) {
	o := rs.options
	var mistakes [][]string
	var found []string
	rs.filters, found = compileFilters(rs.model, rs.d, o.filters, where)
	mistakes = append(mistakes, found)
	rs.search, found = compileSearch(rs.model, rs.d, orText(o.searchParam, c.config.SearchParam), o.search, where)
	rs.search.choose = o.searchFor
	mistakes = append(mistakes, found)
	rs.ordering, found = compileOrdering(rs.model, rs.d, orderingSpec{
		param: c.config.OrderingParam, allowed: o.ordering, readable: readablePaths(rs.serializer), fallback: o.order, place: where,
	})
	mistakes = append(mistakes, found)
	c.problems = append(c.problems, slices.Concat(mistakes...)...)
}

// readablePaths are the fields of a serializer that a client may order by when the declaration does not say.
func readablePaths(s *serializer) []string {
	var paths []string
	for _, f := range s.readable {
		switch {
		case f.spec.model != nil && f.spec.model.Kind != orm.ManyToMany:
			paths = append(paths, f.spec.model.Name)
		case f.spec.model == nil && f.spec.source == "" && s.model != nil && s.model.Annotation(f.name) != nil:
			paths = append(paths, f.name)
		}
	}
	return paths
}

// standardView compiles the view of the list or of an object; nil when it has no operation.
func (c *compiler) standardView(rs *resource, detail bool, suffix string) *view {
	v := c.resourceView(rs)
	v.detail = detail
	v.name = strings.TrimSuffix(rs.displayName()+" "+suffix, " ")
	v.description = rs.options.doc
	for _, a := range standardActions {
		if a.detail != detail || !rs.has(a.name) || !rs.allows(a.method) {
			continue
		}
		op := c.operation(rs, a.name, a.method)
		run := a.run
		op.handle = func(r *Request) (*Response, error) { return run(rs, r) }
		if own := rs.options.handlers[a.name]; own != nil {
			op.handle = own
		}
		op.standard(rs, a.name)
		op.statuses = rs.options.fails[a.name]
		v.operations[a.method] = op
	}
	if len(v.operations) == 0 {
		return nil
	}
	v.settle(rs.options.methods)
	return v
}

// standard fills in what documents say of the five actions.
func (op *operation) standard(rs *resource, action string) {
	s := rs.serializer
	if own := rs.serializers[action]; own != nil {
		s = own
	}
	op.output = s
	switch action {
	case "list":
		op.many, op.filtered = true, true
	case "create":
		op.input, op.status = s, http.StatusCreated
		op.bulkOf(rs.options)
	case "update", "partial_update":
		op.input = s
	case "destroy":
		op.output, op.status = nil, http.StatusNoContent
	}
}

// bulkOf notes what a resource says of arrays of new objects.
func (op *operation) bulkOf(o *viewSetOptions) {
	many := o.createMany
	op.mayBulk = o.bulkCreate && many == nil
	if many == nil {
		return
	}
	op.bulk, op.bulkSize = true, [2]int{many.Min, many.Max}
	if many.NoEmpty {
		op.bulkSize[0] = max(many.Min, 1)
	}
}

// displayName is the resource's name for people: "Order Item".
func (rs *resource) displayName() string {
	return orText(rs.options.name, splitWords(rs.model.Type.Name()))
}

func splitWords(name string) string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return b.String()
}

func (rs *resource) has(action string) bool {
	return rs.options.only == nil || slices.Contains(rs.options.only, action)
}

func (rs *resource) allows(method string) bool {
	return rs.options.methods == nil || slices.Contains(rs.options.methods, method)
}

// resourceView is a view with the rules of the ViewSet.
func (c *compiler) resourceView(rs *resource) *view {
	o := rs.options
	return &view{
		api: c.api, resource: rs, operations: map[string]*operation{}, errors: o.errors,
		renderers:      orList(o.renderers, c.config.Renderers),
		parsers:        orList(o.parsers, c.config.Parsers),
		versioning:     orVersioning(o.versioning, c.config.Versioning),
		authenticators: orList(o.authenticators, c.config.Authenticators),
		permissions:    orList(o.permissions, c.config.Permissions),
		throttles:      c.throttles(o.throttles), throttleScope: o.throttleScope,
	}
}

// throttles are the declared or the default ones.
func (c *compiler) throttles(own []Throttle) []Throttle { return orList(own, c.config.Throttles) }

// orList is list, or otherwise when it is nil; an empty list is a decision.
func orList[T any](list, otherwise []T) []T {
	if list == nil {
		return otherwise
	}
	return list
}

func orVersioning(v, otherwise Versioning) Versioning {
	if v == nil {
		return otherwise
	}
	return v
}

// pagination is the declared or the default one, ready for lists of m; NoPagination is none.
func (c *compiler) pagination(m *orm.Model, own ...Pagination) Pagination {
	for _, p := range append(own, c.config.Pagination) {
		if p == nil {
			continue
		}
		if p == NoPagination {
			return nil
		}
		ready, mistakes := p.compile(m, dialectNamed(c.config.DB.Dialect()))
		for _, mistake := range mistakes {
			c.problem(m.Type.String()+".Pagination", "%s", mistake)
		}
		return ready
	}
	return nil
}

// operation is an action with the rules of the ViewSet.
func (c *compiler) operation(rs *resource, action, method string) *operation {
	o := rs.options
	op := &operation{
		action: action, method: method, status: http.StatusOK, doc: o.doc,
		authenticators: orList(o.authenticators, c.config.Authenticators),
		permissions:    orList(o.actionPermissions[action], orList(o.permissions, c.config.Permissions)),
		throttles:      c.throttles(o.throttles),
		parsers:        orList(o.parsers, c.config.Parsers),
		backends:       orList(o.backends, c.config.FilterBackends),
	}
	if action == "list" {
		op.pagination = c.pagination(rs.model, o.pagination)
	}
	c.spanned(op, o.nonAtomic)
	return op
}

// actionView compiles the view of an action's address, with an operation for each of its methods.
func (c *compiler) actionView(rs *resource, a actionSpec) *view {
	v := c.resourceView(rs)
	v.detail = a.detail
	v.name = capFirst(strings.ReplaceAll(a.name, "_", " "))
	v.description = orText(a.doc, rs.options.doc)
	v.authenticators = orList(a.authenticators, v.authenticators)
	v.permissions = orList(a.permissions, v.permissions)
	v.throttles = orList(a.throttles, v.throttles)
	v.parsers = orList(a.parsers, v.parsers)
	if a.serializer != nil {
		v.ownForm = c.serializer(a.serializer)
	}
	for method, h := range a.handlers {
		op := c.operation(rs, a.name, method)
		op.doc = v.description
		op.authenticators, op.throttles, op.parsers = v.authenticators, v.throttles, v.parsers
		if rs.options.actionPermissions[a.name] == nil {
			op.permissions = v.permissions
		}
		op.backends = orList(a.backends, op.backends)
		c.spanned(op, a.nonAtomic || rs.options.nonAtomic)
		c.describeAction(rs, op, a, h)
		if op.many {
			listed := rs.model
			if op.output != nil && op.output.model != nil {
				listed = op.output.model
			}
			op.pagination = c.pagination(listed, a.pagination, rs.options.pagination)
		}
		op.handle = func(r *Request) (*Response, error) { return h.run(rs, r) }
		v.operations[method] = op
	}
	v.settle(nil)
	return v
}

// describeAction fills in what documents say of an action.
func (c *compiler) describeAction(rs *resource, op *operation, a actionSpec, h handlerSpec) {
	op.many, op.parameters, op.statuses = h.many, h.parameters, h.statuses
	if h.status != 0 {
		op.status = h.status
	}
	if h.self {
		op.output = rs.serializer
		if own := rs.serializers[a.name]; own != nil {
			op.output = own
		}
	}
	if h.output != nil {
		op.output = c.serializer(h.output)
	}
	if h.input != nil {
		op.input = c.serializer(h.input)
	}
	if h.self && (op.method == http.MethodPatch || h.bulk != [2]int{}) {
		op.input = op.output
	}
	op.filtered = h.self && h.many
	op.bulk, op.bulkSize = h.bulk != [2]int{}, h.bulk
	op.array(h.output)
}

// settle decides the methods of a view: those it has operations for, HEAD with GET, OPTIONS always.
func (v *view) settle(limit []string) {
	for method, op := range v.operations {
		op.asksHeld = anyAsksHeld(op.permissions, method)
	}
	v.methods = nil
	for _, m := range methodOrder {
		_, has := v.operations[m]
		switch {
		case m == http.MethodHead:
			has = has || v.operations[http.MethodGet] != nil
		case m == http.MethodOptions:
			has = true
		}
		if has && (limit == nil || slices.Contains(limit, m) || m == http.MethodHead || m == http.MethodOptions) {
			v.methods = append(v.methods, m)
		}
	}
	v.allow = []string{strings.Join(v.methods, ", ")}
}

// asFunction leaves HEAD to those views that name it, and sorts Allow.
func (v *view) asFunction() {
	v.methods = slices.DeleteFunc(v.methods, func(m string) bool { return m == http.MethodHead && v.operations[m] == nil })
	slices.Sort(v.methods)
	v.allow = []string{strings.Join(v.methods, ", ")}
}

// view compiles a plain View.
func (c *compiler) view(declared *View) *view {
	v := &view{
		api: c.api, name: declared.Name, description: declared.Doc, operations: map[string]*operation{}, errors: declared.Errors,
		undocumented:   declared.Undocumented,
		renderers:      orList(declared.Renderers, c.config.Renderers),
		parsers:        orList(declared.Parsers, c.config.Parsers),
		versioning:     orVersioning(declared.Versioning, c.config.Versioning),
		authenticators: orList(declared.Authenticators, c.config.Authenticators),
		permissions:    orList(declared.Permissions, c.config.Permissions),
		throttles:      c.throttles(declared.Throttles), throttleScope: declared.ThrottleScope,
	}
	for method, e := range declared.Methods {
		v.operations[method] = c.endpoint(v, method, e)
	}
	v.settle(nil)
	if declared.Function {
		v.asFunction()
	}
	return v
}

func (c *compiler) endpoint(v *view, method string, e Endpoint) *operation {
	op := &operation{
		method: method, handle: e.Handle, status: orNumber(e.Status, http.StatusOK), id: e.OperationID, tag: e.Tag,
		doc: orText(e.Doc, v.description), parameters: e.Parameters, statuses: e.Errors, authenticators: v.authenticators,
		permissions: v.permissions, throttles: v.throttles, parsers: v.parsers,
	}
	c.spanned(op, e.NonAtomicRequests)
	if e.Handle == nil {
		c.problem("view "+v.name, "%s has no Handle", method)
	}
	if e.Input != nil {
		op.input = c.formOf(e.Input)
	}
	if e.Output != nil {
		op.output = c.formOf(e.Output)
		op.array(e.Output)
	}
	return op
}

// array notes that the declared output is a plain array.
func (op *operation) array(output AnySerializer) {
	if _, ok := output.(arrayOf); ok {
		op.many, op.plain = true, true
	}
}

// finish makes the checks that need everything to be compiled.
func (c *compiler) finish() {
	c.checkHyperlinks()
	for _, v := range c.api.views {
		c.checkThrottles(v)
		c.checkPasswords(v)
		c.noteSessions(v)
	}
	for _, m := range c.config.Registry.Models() {
		_, mistakes := compileAnnotations(m)
		c.problems = append(c.problems, mistakes...)
	}
	seen := map[string]string{}
	for _, rt := range c.api.routes {
		if other, ok := seen[rt.echo]; ok && other != rt.name {
			c.problem("route "+rt.echo, "it is registered twice, as %s and as %s; give one another prefix", other, rt.name)
		}
		seen[rt.echo] = rt.name
	}
}

// everyAuthenticator are those of a view and of its operations.
func (v *view) everyAuthenticator() []Authenticator {
	lists := [][]Authenticator{v.authenticators}
	for _, op := range v.operations {
		lists = append(lists, op.authenticators)
	}
	return slices.Concat(lists...)
}

// noteSessions lets the API know of the first authenticator that has sessions.
func (c *compiler) noteSessions(v *view) {
	for _, a := range v.everyAuthenticator() {
		if sessions, ok := a.(*SessionAuthentication); ok && c.api.sessions == nil {
			c.api.sessions = sessions
		}
	}
}

// checkPasswords reports the first rate of wrong passwords that is none, of every operation of a view.
func (c *compiler) checkPasswords(v *view) {
	for _, a := range v.everyAuthenticator() {
		if basic, ok := a.(BasicAuthentication); ok && basic.check(c.config) != nil {
			c.problem("route "+v.route, "BasicAuthentication: %v", basic.check(c.config))
			return
		}
	}
}

// checkThrottles reports throttles without a rate, of every operation of a view.
func (c *compiler) checkThrottles(v *view) {
	lists := [][]Throttle{v.throttles}
	for _, op := range v.operations {
		lists = append(lists, op.throttles)
	}
	for _, list := range lists {
		if err := checkThrottles(c.config, list, v.throttleScope); err != nil {
			c.problem("route "+v.route, "%v", err)
		}
	}
}
