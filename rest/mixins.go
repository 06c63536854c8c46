package rest

import (
	"errors"
	"net/http"
	"reflect"
	"unsafe"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// standardActions are the five (six with the partial one) actions of a ModelViewSet in the order of their methods.
var standardActions = []struct {
	name, method string
	detail       bool
	run          func(rs *resource, r *Request) (*Response, error)
}{
	{"list", http.MethodGet, false, (*resource).list},
	{"create", http.MethodPost, false, (*resource).create},
	{"retrieve", http.MethodGet, true, (*resource).retrieve},
	{"update", http.MethodPut, true, (*resource).update},
	{"partial_update", http.MethodPatch, true, (*resource).update},
	{"destroy", http.MethodDelete, true, (*resource).destroy},
}

// list answers the filtered rows, page by page (ListModelMixin).
func (rs *resource) list(r *Request) (*Response, error) { return rs.page(r, rs.base(r)) }

// page answers the rows of base: filtered, ordered, cut into a page.
func (rs *resource) page(r *Request, base *gorm.DB) (*Response, error) {
	q, err := rs.filtered(r, base, false)
	if err != nil {
		return nil, err
	}
	return rs.pageQuery(r, q, r.operation.pagination)
}

// pageOf answers the rows of base without the request's filters.
func (rs *resource) pageOf(r *Request, base *gorm.DB, p Pagination) (*Response, error) {
	q := newQuery(r, rs.model, base)
	q.orderBy(rs.ordering.fallback, rs.ordering.tie)
	return rs.pageQuery(r, q, p)
}

func (rs *resource) pageQuery(r *Request, q *Query, p Pagination) (*Response, error) {
	var s *serializer
	s, q.plan = rs.chosen(r)
	page := &Page{}
	var err error
	if p == nil {
		page.Rows, err = q.load()
	} else {
		page, err = p.page(r, q)
	}
	if err != nil {
		return nil, err
	}
	text := append(r.buffer(), page.Head...)
	text = s.appendRows(&encoding{r}, text, page.Rows)
	text = append(text, page.Tail...)
	r.keep(text)
	q.loading().release(s.transient)
	return OK(Rendered(text)), nil
}

// retrieve answers one object (RetrieveModelMixin).
func (rs *resource) retrieve(r *Request) (*Response, error) {
	q, m, err := rs.find(r, false)
	if err != nil {
		return nil, err
	}
	s, _ := rs.chosen(r)
	text := s.appendModel(&encoding{r}, r.buffer(), m.UnsafePointer())
	r.keep(text)
	q.loading().release(s.transient && !asksObjects(r.permissions()))
	return OK(Rendered(text)), nil
}

// create makes an object, or several of a list when the resource allows it (CreateModelMixin).
func (rs *resource) create(r *Request) (*Response, error) {
	if many := rs.options.createMany; many != nil {
		return rs.createList(r, many.rules())
	}
	if rs.options.bulkCreate {
		data, err := r.Data()
		if err != nil {
			return nil, err
		}
		if _, ok := data.([]any); ok {
			return rs.createList(r, anyList)
		}
	}
	s, _ := rs.chosen(r)
	var m reflect.Value
	err := r.locking(s, func() error {
		st, err := r.bodyInput(s, nil, false)
		if err == nil {
			m, err = rs.insert(r, st, rs.perform["create"])
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return rs.answer(r, http.StatusCreated, m)
}

// locking runs fn, which reads a body and stores what it says: in a transaction where the serializer locks what a body names.
func (r *Request) locking(s *serializer, fn func() error) error {
	if s.locks {
		return constraintError(s, r.last(fn))
	}
	return fn()
}

// storing runs fn, which stores what a body said and is the last that the request does with the database.
func (r *Request) storing(s *serializer, fn func() error) error {
	return constraintError(s, r.last(fn))
}

// insert stores what the input says in a transaction; perform stands in the place of saving.
func (rs *resource) insert(r *Request, st *inputState, perform func(r *Request, m any) error) (m reflect.Value, err error) {
	err = r.storing(st.s, func() (err error) {
		if m, err = rs.insertOne(r, st, perform); err != nil {
			return err
		}
		return rs.complete(r, m)
	})
	return m, err
}

func (rs *resource) insertOne(r *Request, st *inputState, perform func(r *Request, m any) error) (reflect.Value, error) {
	m, err := rs.build(r, st)
	if err != nil {
		return m, err
	}
	if perform == nil {
		return m, r.QueueSave(m.Interface())
	}
	return m, perform(r, m.Interface())
}

// build makes the new object of an input: by the serializer's Create, or from the defaults and what was sent.
func (rs *resource) build(r *Request, st *inputState) (reflect.Value, error) {
	if st.s.spec.create != nil {
		made, err := st.s.spec.create(r, st)
		return reflect.ValueOf(made), err
	}
	m := reflect.New(rs.model.Type)
	rs.model.ApplyDefaults(m.Interface())
	return m, st.apply(r, m.Interface())
}

// createList makes all objects of an array or none.
func (rs *resource) createList(r *Request, rules listRules) (*Response, error) {
	s, plan := rs.chosen(r)
	rows := reflect.MakeSlice(reflect.SliceOf(reflect.PointerTo(rs.model.Type)), 0, 0)
	err := r.locking(s, func() error {
		states, err := r.bodyInputs(s, rules)
		if err != nil {
			return err
		}
		return r.storing(s, func() error {
			for _, st := range states {
				m, err := rs.insertOne(r, st, rs.perform["create"])
				if err != nil {
					return err
				}
				rows = reflect.Append(rows, m)
			}
			return plan.complete(r, rows)
		})
	})
	if err != nil {
		return nil, err
	}
	text := s.appendRows(&encoding{r}, r.buffer(), rows)
	r.keep(text)
	return Created(Rendered(text)), nil
}

// update changes an object; with PATCH what was not sent stays (UpdateModelMixin).
func (rs *resource) update(r *Request) (*Response, error) {
	m, err := rs.get(r)
	if err != nil {
		return nil, err
	}
	return rs.change(r, m, r.Method() == http.MethodPatch)
}

// change validates the body against a loaded object and stores the differences.
func (rs *resource) change(r *Request, m reflect.Value, partial bool) (*Response, error) {
	s, _ := rs.chosen(r)
	err := r.locking(s, func() error {
		st, err := r.bodyInput(s, m.Interface(), partial)
		if err != nil {
			return err
		}
		return r.storing(s, func() error {
			if err := rs.store(r, st, m.Interface()); err != nil {
				return err
			}
			return rs.complete(r, m)
		})
	})
	if err != nil {
		return nil, err
	}
	return rs.answer(r, http.StatusOK, m)
}

func (rs *resource) store(r *Request, st *inputState, m any) error {
	apply := st.apply
	if update := st.s.spec.update; update != nil {
		apply = func(r *Request, m any) error { return update(r, m, st) }
	}
	if err := apply(r, m); err != nil {
		return err
	}
	if perform := rs.perform["update"]; perform != nil {
		return perform(r, m)
	}
	return r.Save(m)
}

// destroy removes an object (DestroyModelMixin).
func (rs *resource) destroy(r *Request) (*Response, error) {
	m, err := rs.get(r)
	if err != nil {
		return nil, err
	}
	err = r.last(func() error {
		if perform := rs.perform["destroy"]; perform != nil {
			return perform(r, m.Interface())
		}
		return r.Delete(m.Interface())
	})
	var c *orm.ConstraintError
	if errors.As(orm.Translate(err), &c) && c.Kind == orm.ForeignKeyViolation { // of a table that is no model, or in a race
		return nil, ErrProtected.WithCause(err)
	}
	if err != nil {
		return nil, err
	}
	return NoContent(), nil
}

// complete loads everything of an object that the answer shows and that is not there yet. What writes does so in its
// transaction: an answer that cannot be given leaves nothing behind.
func (rs *resource) complete(r *Request, m reflect.Value) error {
	_, plan := rs.chosen(r)
	one := []unsafe.Pointer{m.UnsafePointer()}
	return plan.complete(r, reflect.NewAt(plan.listType, unsafe.Pointer(&one)).Elem())
}
