package rest

import (
	"maps"
	"net/http"
	"slices"

	"github.com/quintet-go/quintet/orm"
)

// failures are the statuses of refusals that an operation may answer.
func (d *documentation) failures(rt *route, op *operation) []int {
	v := rt.view
	list := slices.Clone(op.statuses)
	add := func(status int, may bool) {
		if may {
			list = append(list, status)
		}
	}
	takesBody := op.input != nil || op.bulk
	add(http.StatusBadRequest, takesBody || op.filtered || len(op.parameters) > 0)
	add(http.StatusUnauthorized, d.api.mayBe401(op))
	add(http.StatusForbidden, d.api.mayBe403(op))
	add(http.StatusNotFound, len(rt.parts) > 0 || op.isPaged() || v.versioning != nil)
	add(http.StatusNotAcceptable, true)
	add(http.StatusConflict, op.action == "destroy" && isProtected(v.resource.model))
	add(http.StatusRequestEntityTooLarge, takesBody)
	add(http.StatusUnsupportedMediaType, takesBody)
	add(http.StatusTooManyRequests, isThrottled(op.throttles, v.throttleScope))
	add(http.StatusServiceUnavailable, true)
	return list
}

// isProtected tells whether rows of other models may stand against the deletion of one.
func isProtected(m *orm.Model) bool {
	return slices.ContainsFunc(m.Reverses, func(r *orm.Reverse) bool {
		return r.Field.OnDelete == orm.Protect || r.Field.OnDelete == orm.Restrict
	})
}

func isThrottled(throttles []Throttle, scope string) bool {
	return slices.ContainsFunc(throttles, func(t Throttle) bool {
		_, scoped := t.(ScopedThrottle)
		return !scoped || scope != ""
	})
}

// failure is the answer of a refusal. Most are the same everywhere and refer to the shared ones.
func (d *documentation) failure(v *view, op *operation, status int) *Object {
	d.errorComponent()
	switch {
	case status == http.StatusBadRequest:
		return Obj("description", statusText(status), "content", contentOf(v.renderers, d.badRequest(op)))
	case sharedAnswer[status] != "" && len(v.renderers) == 1 && v.renderers[0].MediaType() == "application/json":
		d.shared[status] = true
		return Obj("$ref", "#/components/responses/"+sharedAnswer[status])
	}
	return answerObject(status, contentOf(v.renderers, reference("Error")))
}

// sharedAnswer names the refusals in components/responses.
var sharedAnswer = map[int]string{
	http.StatusUnauthorized: "Unauthorized", http.StatusForbidden: "Forbidden", http.StatusNotFound: "NotFound",
	http.StatusNotAcceptable: "NotAcceptable", http.StatusConflict: "Conflict",
	http.StatusRequestEntityTooLarge: "ContentTooLarge", http.StatusUnsupportedMediaType: "UnsupportedMediaType",
	http.StatusTooManyRequests: "TooManyRequests", http.StatusServiceUnavailable: "ServiceUnavailable",
}

// sharedAnswers are components/responses.
func (d *documentation) sharedAnswers() *Object {
	o := &Object{}
	for _, status := range slices.Sorted(maps.Keys(d.shared)) {
		o.Set(sharedAnswer[status], answerObject(status, contentOf([]Renderer{JSONRenderer{}}, reference("Error"))))
	}
	return o
}

// failureTexts explain the refusals.
var failureTexts = map[int]string{
	http.StatusUnauthorized:          "No valid credentials were sent.",
	http.StatusForbidden:             "The caller is not allowed to do this.",
	http.StatusNotFound:              "There is no such object, page or format.",
	http.StatusNotAcceptable:         "No media type that the client accepts is offered.",
	http.StatusConflict:              "The state of the object, or what refers to it, forbids this.",
	http.StatusRequestEntityTooLarge: "The body is too large.",
	http.StatusUnsupportedMediaType:  "No parser takes a body of this media type.",
	http.StatusTooManyRequests:       "The caller asks too often.",
	http.StatusServiceUnavailable:    "Something that the server needs is away for the moment.",
}

func answerObject(status int, content *Object) *Object {
	o := Obj("description", orText(failureTexts[status], statusText(status)))
	switch status {
	case http.StatusUnauthorized:
		o.Set("headers", header("WWW-Authenticate", "How to authenticate.", "string"))
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		o.Set("headers", header("Retry-After", "Seconds to wait before the next attempt.", "integer"))
	}
	o.Set("content", content)
	return o
}

func header(name, text, kind string) *Object {
	return Obj(name, Obj("description", text, "schema", Obj("type", kind)))
}

// errorComponent makes Error, the form of all refusals but those of single fields.
func (d *documentation) errorComponent() {
	d.components["Error"] = Obj(
		"type", "object",
		"properties", Obj(
			"detail", Obj("type", "string", "description", "What is wrong, for people."),
			"code", Obj("type", "string", "description", "What is wrong, for programs, where it is told."),
		),
		"required", []any{"detail"},
	)
}

// badRequest is the form of a 400: messages by field, an Error for a body that cannot be read, a list of messages for what is
// wrong with the request as a whole.
func (d *documentation) badRequest(op *operation) *Object {
	d.messageComponents()
	forms := []any{d.refusalOf(op), reference("Error"), reference("FieldErrors")}
	if op.bulk || op.mayBulk {
		forms = append([]any{Obj("type", "array", "items", d.refusalOf(op))}, forms...)
	}
	return Obj("anyOf", forms)
}

// refusalOf is the form of the messages about the fields of an operation's input.
func (d *documentation) refusalOf(op *operation) *Object {
	if op.input == nil {
		return reference("ValidationError")
	}
	return d.refusal(op.input)
}

// messageComponents make the forms of messages that no serializer names: lists, nested to any depth, by field.
func (d *documentation) messageComponents() {
	byField := reference("ValidationError")
	d.components["ErrorMessages"] = Obj("anyOf", []any{
		Obj("type", "array", "items", Obj("anyOf", []any{Obj("type", "string"), byField})), byField,
	})
	d.components["FieldErrors"] = Obj("type", "array", "items", Obj("type", "string"))
	d.components["ValidationError"] = Obj("type", "object", "additionalProperties", reference("ErrorMessages"))
}

// refusal is the component of the messages about a serializer's fields.
func (d *documentation) refusal(s *serializer) *Object {
	if s.name == "" {
		return reference("ValidationError")
	}
	name, isNew := d.claim(componentName(s.name, refusals), componentKey{structKey: keyOf(s), dir: refusals})
	if isNew {
		d.components[name] = &Object{}
		d.components[name] = d.fieldMessages(s)
	}
	return reference(name)
}

func (d *documentation) fieldMessages(s *serializer) *Object {
	properties := &Object{}
	for _, f := range s.fieldsOf(sends) {
		switch {
		case f.nested != nil && !f.many:
			properties.Set(f.name, Obj("anyOf", []any{reference("FieldErrors"), d.refusal(f.nested)}))
		case f.nested != nil || f.child != nil && f.related == nil:
			properties.Set(f.name, reference("ErrorMessages"))
		default:
			properties.Set(f.name, reference("FieldErrors"))
		}
	}
	properties.Set(nonFieldErrors, reference("FieldErrors"))
	return Obj("type", "object", "properties", properties)
}
