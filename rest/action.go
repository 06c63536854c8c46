package rest

import (
	"fmt"
	"net/http"
	"reflect"

	"gorm.io/gorm"
)

// Action is a further operation of a resource (the @action decorator).
type Action[M any] struct {
	Name    string   // "set_password"; also the action's name in ActionPermissions, Serializers and r.Action
	Path    string   // part of the address, default Name; may hold {name} or {name:regex} parts
	URLName string   // route name, default Name with "-" for "_"
	Methods []string // default: what the handler is for, GET or POST
	Doc     string   // default: the viewset's
	Handle  Handler[M]
	// NonAtomicRequests leaves it to the handler to use Request.Atomic (non_atomic_requests): what it writes elsewhere stays
	// whatever it returns.
	NonAtomicRequests bool
	// Also maps further methods of the same address to handlers (action.mapping).
	Also map[string]Handler[M]

	// The rules of this action. Nil means the viewset's for it; an empty, non-nil slice means none.
	Serializer     Serializable[M]
	Permissions    []Permission // ViewSet.ActionPermissions come before them
	Authenticators []Authenticator
	Throttles      []Throttle
	Pagination     Pagination
	FilterBackends []FilterBackend
	Parsers        []Parser
}

// Handler is what an action does. It is made by Change, OnObject, OnCollection, Receive, Listing … from a function whose type
// says the rest: on one object or on the collection, what comes in and what goes out.
type Handler[M any] struct {
	detail     bool
	method     string
	status     int
	many       bool   // answers a list of the resource's objects, paginated
	self       bool   // answers with the resource's serializer
	bulk       [2]int // takes and answers a list of so many of the resource's objects; zero for one object
	input      AnySerializer
	output     AnySerializer
	parameters []Parameter
	statuses   []int
	run        func(rs *resource, r *Request) (*Response, error)
}

// With documents further query parameters of the handler.
func (h Handler[M]) With(parameters ...Parameter) Handler[M] {
	h.parameters = append(h.parameters[:len(h.parameters):len(h.parameters)], parameters...)
	return h
}

// Fails documents further statuses that the handler answers.
func (h Handler[M]) Fails(statuses ...int) Handler[M] {
	h.statuses = append(h.statuses[:len(h.statuses):len(h.statuses)], statuses...)
	return h
}

// Change is a POST on one object: it is loaded with its row locked, changed by fn, saved and answered, all in one
// transaction. fn returns an error (Conflict, Invalid …) to refuse.
func Change[M any](fn func(r *Request, m *M) error) Handler[M] {
	return Handler[M]{detail: true, method: http.MethodPost, self: true, run: func(rs *resource, r *Request) (*Response, error) {
		var m reflect.Value
		err := r.last(func() (err error) {
			if m, err = rs.getLocked(r); err != nil {
				return err
			}
			if err = fn(r, m.Interface().(*M)); err != nil {
				return err
			}
			if err = r.Save(m.Interface()); err != nil {
				return err
			}
			return rs.complete(r, m)
		})
		if err != nil {
			return nil, constraintError(rs.serializer, err)
		}
		return rs.answer(r, http.StatusOK, m)
	}}
}

// OnObject is any operation on one object; output documents the answer (nil for none or for a free form).
func OnObject[M any](method string, output AnySerializer, fn func(r *Request, m *M) (*Response, error)) Handler[M] {
	return Handler[M]{detail: true, method: method, output: output, run: func(rs *resource, r *Request) (*Response, error) {
		m, err := rs.get(r)
		if err != nil {
			return nil, err
		}
		return fn(r, m.Interface().(*M))
	}}
}

// OnCollection is any operation on the collection; output documents the answer (nil for none or for a free form).
func OnCollection[M any](method string, output AnySerializer, fn func(r *Request) (*Response, error)) Handler[M] {
	return Handler[M]{method: method, output: output, run: func(_ *resource, r *Request) (*Response, error) { return fn(r) }}
}

// Receive is a POST on one object with a form as its body; fn answers with a form of its own. It runs in a transaction
// with the object's row locked.
func Receive[M, D, Out any](input *Serializer[D], output *Serializer[Out], fn func(r *Request, m *M, in *Input[D]) (*Out, error)) Handler[M] {
	return Handler[M]{detail: true, method: http.MethodPost, input: input, output: output, run: func(rs *resource, r *Request) (*Response, error) {
		m, err := rs.get(r)
		if err != nil {
			return nil, err
		}
		in, err := Read(r, input)
		if err != nil {
			return nil, err
		}
		var out *Out
		err = r.last(func() (err error) {
			if m, err = rs.getLocked(r); err == nil {
				out, err = fn(r, m.Interface().(*M), in)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		return formAnswer(r, http.StatusOK, output, out)
	}}
}

// Submit is a POST on the collection with a form as its body, in a transaction; a nil answer of fn is 204.
func Submit[M, D, Out any](input *Serializer[D], output *Serializer[Out], fn func(r *Request, in *Input[D]) (*Out, error)) Handler[M] {
	h := Handler[M]{method: http.MethodPost, input: input, run: func(_ *resource, r *Request) (*Response, error) {
		in, err := Read(r, input)
		if err != nil {
			return nil, err
		}
		var out *Out
		if err := r.last(func() (err error) { out, err = fn(r, in); return err }); err != nil {
			return nil, err
		}
		if out == nil {
			return NoContent(), nil
		}
		return formAnswer(r, http.StatusOK, output, out)
	}}
	if output != nil {
		h.output = output
	} else {
		h.status = http.StatusNoContent
	}
	return h
}

// Listing is a GET of a page of the resource's objects: the filtered list, narrowed by fn.
func Listing[M any](fn func(r *Request, q *gorm.DB) (*gorm.DB, error)) Handler[M] {
	return Handler[M]{method: http.MethodGet, self: true, many: true, run: func(rs *resource, r *Request) (*Response, error) {
		base := rs.base(r)
		if base == nil {
			base = r.modelDB(rs.model)
		}
		base, err := fn(r, base)
		if err != nil {
			return nil, err
		}
		return rs.page(r, base)
	}}
}

// Children is a GET of a page of another model's objects that belong to one object: fn narrows the children's query. They
// are not filtered by query parameters.
func Children[M, C any](s Serializable[C], fn func(r *Request, m *M, q *gorm.DB) *gorm.DB) Handler[M] {
	return Handler[M]{detail: true, method: http.MethodGet, many: true, output: s, run: func(rs *resource, r *Request) (*Response, error) {
		m, err := rs.get(r)
		if err != nil {
			return nil, err
		}
		child, err := r.childResource(s)
		if err != nil {
			return nil, err
		}
		base := fn(r, m.Interface().(*M), r.DB().Model(new(C)))
		return child.pageOf(r, base, r.operation.pagination)
	}}
}

// Add is a POST that creates an object of another model for one object: fn sets what the body does not say, before saving.
func Add[M, C any](s Serializable[C], fn func(r *Request, m *M, c *C) error) Handler[M] {
	return Handler[M]{detail: true, method: http.MethodPost, status: http.StatusCreated, input: s, output: s, run: func(rs *resource, r *Request) (*Response, error) {
		m, err := rs.get(r)
		if err != nil {
			return nil, err
		}
		child, err := r.childResource(s)
		if err != nil {
			return nil, err
		}
		var made reflect.Value
		err = r.locking(child.serializer, func() error {
			st, err := r.bodyInput(child.serializer, nil, false)
			if err != nil {
				return err
			}
			made, err = child.insert(r, st, func(r *Request, made any) error {
				c := made.(*C)
				if err := fn(r, m.Interface().(*M), c); err != nil {
					return err
				}
				return r.QueueSave(c)
			})
			return err
		})
		if err != nil {
			return nil, err
		}
		return child.answer(r, http.StatusCreated, made)
	}}
}

// Bulk is a POST of an array of between min and max objects, all created or none.
func Bulk[M any](minimum, maximum int) Handler[M] {
	return Handler[M]{method: http.MethodPost, status: http.StatusCreated, self: true, bulk: [2]int{minimum, maximum}, run: func(rs *resource, r *Request) (*Response, error) {
		return rs.createList(r, listRules{allowEmpty: false, minLength: minimum, maxLength: maximum})
	}}
}

// Mine is GET and PATCH of one object that fn finds without an address: the caller's own account. Use it with Methods
// GET and PATCH.
func Mine[M any](fn func(r *Request) (*M, error)) Handler[M] {
	return Handler[M]{method: http.MethodGet, self: true, run: func(rs *resource, r *Request) (*Response, error) {
		found, err := fn(r)
		if err == nil {
			err = r.upToDate(found)
		}
		if err != nil {
			return nil, err
		}
		m := reflect.ValueOf(found)
		if err := rs.complete(r, m); err != nil {
			return nil, err
		}
		if r.Method() != http.MethodPatch {
			return rs.answer(r, http.StatusOK, m)
		}
		r.loaded(m)
		return rs.change(r, m, true)
	}}
}

// answer renders one object, which is complete, by the serializer of the request.
func (rs *resource) answer(r *Request, status int, m reflect.Value) (*Response, error) {
	s, _ := rs.chosen(r)
	text := s.appendModel(&encoding{r}, r.buffer(), m.UnsafePointer())
	r.keep(text)
	resp := &Response{Status: status, Data: Rendered(text)}
	if status == http.StatusCreated {
		resp.Header = s.location(r, m)
	}
	return resp, nil
}

// childResource is the compiled form of a serializer that an action uses for another model.
func (r *Request) childResource(s AnySerializer) (*resource, error) {
	c, err := r.compiled(s)
	if err != nil {
		return nil, err
	}
	if rs := r.api.children[c]; rs != nil {
		return rs, nil
	}
	return nil, fmt.Errorf("the serializer %s has no model", c.name)
}
