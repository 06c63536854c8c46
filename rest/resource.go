package rest

import (
	"net/http"
	"reflect"
	"strings"
	"unsafe"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// AnyViewSet is a *ViewSet of any model.
type AnyViewSet interface {
	resource() *resourceSpec
}

// resourceSpec is a ViewSet without its type parameter.
type resourceSpec struct {
	model       reflect.Type
	serializer  AnySerializer
	serializers map[string]AnySerializer
	chooser     func(r *Request) AnySerializer
	alternates  []AnySerializer
	perform     map[string]func(r *Request, m any) error // "create", "update", "destroy"
	actions     []actionSpec
	declared    *viewSetOptions
}

// actionSpec is an Action without its type parameter.
type actionSpec struct {
	name, path, urlName, doc string
	handlers                 map[string]handlerSpec // by method
	serializer               AnySerializer
	permissions              []Permission
	authenticators           []Authenticator
	throttles                []Throttle
	pagination               Pagination
	backends                 []FilterBackend
	parsers                  []Parser
	detail                   bool
	nonAtomic                bool
}

// handlerSpec is a Handler without its type parameter.
type handlerSpec = Handler[struct{}]

func (vs *ViewSet[M]) resource() *resourceSpec {
	sp := &resourceSpec{
		model: reflect.TypeFor[M](), declared: vs.options(), serializers: map[string]AnySerializer{},
		perform: map[string]func(*Request, any) error{},
	}
	if vs.Serializer != nil {
		sp.serializer = vs.Serializer
	}
	for name, s := range vs.Serializers {
		sp.serializers[name] = s
	}
	for _, s := range vs.Alternates {
		sp.alternates = append(sp.alternates, s)
	}
	if vs.SerializerFor != nil {
		sp.chooser = func(r *Request) AnySerializer { return vs.SerializerFor(r) }
	}
	for name, hook := range map[string]func(*Request, *M) error{
		"create": vs.PerformCreate, "update": vs.PerformUpdate, "destroy": vs.PerformDestroy,
	} {
		if hook != nil {
			sp.perform[name] = func(r *Request, m any) error { return hook(r, m.(*M)) }
		}
	}
	for _, a := range vs.Actions {
		sp.actions = append(sp.actions, a.spec())
	}
	return sp
}

func (a Action[M]) spec() actionSpec {
	sp := actionSpec{
		name: a.Name, path: a.Path, urlName: a.URLName, doc: a.Doc, detail: a.Handle.detail, nonAtomic: a.NonAtomicRequests,
		permissions: a.Permissions, authenticators: a.Authenticators, throttles: a.Throttles, pagination: a.Pagination,
		backends: a.FilterBackends, parsers: a.Parsers, handlers: map[string]handlerSpec{},
	}
	if a.Serializer != nil {
		sp.serializer = a.Serializer
	}
	methods := a.Methods
	if len(methods) == 0 {
		methods = []string{a.Handle.method}
	}
	for _, m := range methods {
		sp.handlers[m] = handlerSpec(a.Handle)
	}
	for m, h := range a.Also {
		sp.handlers[m] = handlerSpec(h)
		sp.detail = sp.detail || h.detail
	}
	if sp.path == "" {
		sp.path = a.Name
	}
	if sp.urlName == "" {
		sp.urlName = strings.ReplaceAll(a.Name, "_", "-")
	}
	return sp
}

// resource is a compiled ViewSet: what its operations share.
type resource struct {
	api         *API
	model       *orm.Model
	serializer  *serializer
	serializers map[string]*serializer // by action
	alternates  []*serializer          // that chooser may return besides
	chooser     func(r *Request) AnySerializer
	plans       map[*serializer]*loadPlan
	details     map[*loadPlan]string // the statement of the row that lookup names
	perform     map[string]func(r *Request, m any) error
	options     *viewSetOptions
	lookup      *orm.Field
	lookupParam string
	filters     *filterSet
	search      *search
	ordering    *ordering
	d           dialect
}

// chosen is the serializer of this request and what it needs loaded. Forms of other models, which are for the bodies of
// actions, are passed over.
func (rs *resource) chosen(r *Request) (*serializer, *loadPlan) {
	s := rs.serializer
	if rs.chooser != nil {
		if declared := rs.chooser(r); declared != nil {
			if c := r.api.serializers[declared.key()]; rs.plans[c] != nil {
				return c, rs.plans[c]
			}
		}
	}
	if own := rs.serializers[r.Action()]; rs.plans[own] != nil {
		s = own
	}
	return s, rs.plans[s]
}

// base is the query of all rows that exist for this request; nil for every row of the table.
func (rs *resource) base(r *Request) *gorm.DB {
	if rs.options.querySet == nil {
		return nil
	}
	return rs.options.querySet(r, r.modelDB(rs.model))
}

// modelDB is a GORM session for rows of a model.
func (r *Request) modelDB(m *orm.Model) *gorm.DB {
	return r.DB().Model(reflect.New(m.Type).Interface())
}

// filtered is a query over base with the filter backends of the operation applied (filter_queryset). A single row that is
// looked for needs no order.
func (rs *resource) filtered(r *Request, base *gorm.DB, single bool) (*Query, error) {
	q := newQuery(r, rs.model, base)
	backends := r.api.config.FilterBackends
	if r.operation != nil {
		backends = r.operation.backends
	}
	ordered := single
	for _, b := range backends {
		switch b {
		case FieldFilters:
			if err := rs.filters.apply(r, q); err != nil {
				return nil, err
			}
		case SearchFilter:
			if err := rs.search.apply(r, q); err != nil {
				return nil, q.instead(err)
			}
		case OrderingFilter:
			if !single {
				rs.ordering.apply(r, q)
				ordered = true
			}
		}
	}
	if !ordered && !q.chosen {
		q.orderBy(rs.ordering.fallback, rs.ordering.tie)
	}
	return q, nil
}

// get loads the object that the address names and checks the permissions for it (get_object).
func (rs *resource) get(r *Request) (reflect.Value, error) {
	_, m, err := rs.find(r, false)
	return m, err
}

// getLocked is get with the row locked until the transaction ends.
func (rs *resource) getLocked(r *Request) (reflect.Value, error) {
	_, m, err := rs.find(r, true)
	return m, err
}

func (rs *resource) find(r *Request, locked bool) (*Query, reflect.Value, error) {
	q, err := rs.filtered(r, rs.base(r), true)
	if err != nil {
		return nil, reflect.Value{}, err
	}
	key, err := lookupKey(rs.lookup.Kind, r.Param(rs.lookupParam))
	if err != nil {
		return nil, reflect.Value{}, q.instead(ErrNotFound)
	}
	_, q.plan = rs.chosen(r)
	if text := rs.details[q.plan]; text != "" && q.isPlain() && !locked {
		q.fixed, q.fixedArgs = text, []any{key}
	} else {
		q.whereSQL(fragment{sql: quote(rs.model.Table) + "." + quote(rs.lookup.Column) + " = ?", args: []any{key}})
	}
	q.limit, q.order, q.locked = 1, nil, locked
	if rs.lookup.PrimaryKey {
		q.key = key
	}
	rows, err := q.load()
	if err != nil {
		return nil, reflect.Value{}, err
	}
	if rows.Len() == 0 {
		return nil, reflect.Value{}, noMatch(rs.model)
	}
	m := rows.Index(0)
	if r.Method() != http.MethodGet && r.Method() != http.MethodHead {
		r.loaded(m)
		q.plan.remember(r, m)
	}
	return q, m, r.checkObjectPermissions(r.permissions(), m.Interface())
}

// remember notes that the related objects of m stand as they are stored, for hooks that change and save them too.
func (p *loadPlan) remember(r *Request, m reflect.Value) {
	for _, j := range p.joins {
		if o := m.Elem().FieldByIndex(j.index); !o.IsNil() {
			r.loaded(o)
			j.plan.remember(r, o)
		}
	}
	for _, many := range p.many {
		list := m.Elem().FieldByIndex(many.index)
		for i := 0; list.Type().Elem().Kind() == reflect.Pointer && i < list.Len(); i++ {
			r.loaded(list.Index(i))
			many.plan.remember(r, list.Index(i))
		}
	}
}

// complete loads what is missing: to-one objects that are nil or another than the key says, to-many lists that are nil.
func (p *loadPlan) complete(r *Request, rows reflect.Value) error {
	for _, j := range p.joins {
		if err := j.complete(r, rows); err != nil {
			return err
		}
	}
	l := newLoading(r)
	for _, m := range p.many {
		lacking := m.lacking(r, pointersOf(rows))
		if len(lacking) == 0 {
			continue
		}
		if err := r.settle(); err != nil {
			return err
		}
		l.deal(m, lacking)
	}
	err := l.dealOut(l.dealings[:l.dealt])
	l.release(false)
	return err
}

// lacking are the rows whose list has to be loaded.
func (m *manyPlan) lacking(r *Request, rows []unsafe.Pointer) (lacking []unsafe.Pointer) {
	for _, row := range rows {
		if (*sliceHeader)(m.list.at(row)).data == nil && !m.restore(r, row) {
			lacking = append(lacking, row)
		}
	}
	return lacking
}

// complete loads the objects of one to-one relation for all rows that lack them.
func (j *joinPlan) complete(r *Request, rows reflect.Value) error {
	near := r.Registry().Model(rows.Type().Elem().Elem()).ByColumn(j.hop.near)
	if near == nil {
		return nil
	}
	if near.PrimaryKey {
		if err := r.settle(); err != nil {
			return err
		}
	}
	byKey := map[any][]reflect.Value{}
	var keys []any
	for i := range rows.Len() {
		row := rows.Index(i).Elem()
		key := keyValue(row.FieldByIndex(near.Index))
		if key == nil || j.holds(row, key) {
			continue
		}
		if byKey[key] == nil {
			keys = append(keys, key)
		}
		byKey[key] = append(byKey[key], row)
	}
	if len(keys) > 0 {
		q := newQuery(r, j.plan.model, nil)
		q.plan = j.plan
		far := j.plan.model.ByColumn(j.hop.far)
		q.whereSQL(fragment{sql: quote(j.plan.model.Table) + "." + quote(far.Column) + " IN ?", args: []any{keys}})
		found, err := q.load()
		if err != nil {
			return err
		}
		for i := range found.Len() {
			for _, row := range byKey[keyValue(found.Index(i).Elem().FieldByIndex(far.Index))] {
				row.FieldByIndex(j.index).Set(found.Index(i))
			}
		}
	}
	if len(j.plan.joins)+len(j.plan.many) == 0 {
		return nil
	}
	return j.plan.complete(r, j.objects(rows))
}

// objects are the joined objects of rows.
func (j *joinPlan) objects(rows reflect.Value) reflect.Value {
	out := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(j.plan.model.Type)), 0, rows.Len())
	for i := range rows.Len() {
		if o := rows.Index(i).Elem().FieldByIndex(j.index); !o.IsNil() {
			out = reflect.Append(out, o)
		}
	}
	return out
}

// holds tells whether the row has the object of the key already.
func (j *joinPlan) holds(row reflect.Value, key any) bool {
	o := row.FieldByIndex(j.index)
	if o.IsNil() {
		return false
	}
	far := j.plan.model.ByColumn(j.hop.far)
	return far != nil && keyValue(o.Elem().FieldByIndex(far.Index)) == key
}

func keyValue(v reflect.Value) any {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	return v.Interface()
}

// location is the header of a new object whose form has a field "url" (CreateModelMixin.get_success_headers).
func (s *serializer) location(r *Request, m reflect.Value) http.Header {
	f := s.field("url")
	if f == nil {
		return nil
	}
	at := f.attr.at(m.UnsafePointer())
	if at == nil {
		return nil
	}
	text, err := ParseRendered(Rendered(f.enc(&encoding{r}, nil, at)))
	if address, ok := text.(string); ok && err == nil {
		return http.Header{"Location": {address}}
	}
	return nil
}
