package rest

import (
	"net/http"
	"slices"
)

// scheme is a security scheme of the document.
type scheme struct {
	name   string
	object map[string]any
}

// csrfScheme is the name of the header that a browser's session needs besides.
const csrfScheme = "csrfToken"

// security is what an operation demands: one of its schemes; nothing where nobody is asked; a further empty demand where
// credentials may be left out.
func (d *documentation) security(v *view, op *operation) []any {
	list := []any{}
	for _, a := range op.authenticators {
		described, ok := a.(SecurityScheme)
		if !ok {
			continue
		}
		name, object := described.SecurityScheme()
		d.addScheme(name, object)
		demand := Obj(name, []any{})
		if _, isSession := a.(*SessionAuthentication); isSession && !isSafe(op.method) {
			d.addScheme(csrfScheme, map[string]any{"type": "apiKey", "in": "header", "name": "X-CSRFToken"})
			demand.Set(csrfScheme, []any{})
		}
		list = append(list, demand)
	}
	if len(list) > 0 && v.isOpen(op) {
		list = append(list, &Object{})
	}
	return list
}

func (d *documentation) addScheme(name string, object map[string]any) {
	if !slices.ContainsFunc(d.schemes, func(s scheme) bool { return s.name == name }) {
		d.schemes = append(d.schemes, scheme{name, object})
	}
}

// isOpen tells whether nobody in particular may use an operation, as far as the framework's own permissions tell. Others are
// taken to demand somebody.
func (v *view) isOpen(op *operation) bool {
	return !slices.ContainsFunc(op.permissions, func(p Permission) bool { return !admitsAnybody(p, op.method) })
}

func admitsAnybody(p Permission, method string) bool {
	switch p := p.(type) {
	case Rule:
		return p == AllowAny || isSafe(method) && (p == IsAuthenticatedOrReadOnly || p == ModelPermissionsOrAnonReadOnly)
	case ModelPermissionMap:
		return p.AnonReadOnly && len(p.demands(method)) == 0
	case objectPermissions:
		return admitsAnybody(p.ModelPermissionMap, method)
	case anyOf:
		return slices.ContainsFunc(p, func(one Permission) bool { return admitsAnybody(one, method) })
	case allOf:
		return !slices.ContainsFunc(p, func(one Permission) bool { return !admitsAnybody(one, method) })
	case withMessage:
		return admitsAnybody(p.Permission, method)
	}
	return asksOnlyObjects(p)
}

// asksOnlyObjects tells whether a permission lets every request pass and looks at single objects only.
func asksOnlyObjects(p Permission) bool {
	_, only := p.(interface{ asksOnlyObjects() })
	return only
}

func (f objectRule[M]) asksOnlyObjects() {}

// demands are the words of the permissions of a method.
func (p ModelPermissionMap) demands(method string) []string {
	if p.Methods == nil {
		return modelPermissions[method]
	}
	return p.Methods[method]
}

// mayBe401 tells whether wrong or missing credentials are answered 401: where the first authenticator has a challenge.
func (a *API) mayBe401(op *operation) bool {
	return len(op.authenticators) > 0 && a.challenge(op) != ""
}

// challenge is the WWW-Authenticate of an operation's refusals.
func (a *API) challenge(op *operation) (text string) {
	defer func() {
		if recover() != nil {
			text = "unknown" // it depends on the request, so there is one
		}
	}()
	request, err := http.NewRequest(op.method, "/", http.NoBody)
	if err != nil {
		return ""
	}
	return op.authenticators[0].Challenge(&Request{api: a, http: request, operation: op})
}

// mayBe403 tells whether somebody who is known, or whose credentials have no challenge, may be refused.
func (a *API) mayBe403(op *operation) bool {
	if len(op.authenticators) == 0 {
		return slices.ContainsFunc(op.permissions, func(p Permission) bool { return !admitsAnybody(p, op.method) || mayRefuseUsers(p, op.method) })
	}
	if a.challenge(op) == "" {
		return true
	}
	hasSession := slices.ContainsFunc(op.authenticators, func(a Authenticator) bool {
		_, is := a.(*SessionAuthentication)
		return is
	})
	return hasSession && !isSafe(op.method) || slices.ContainsFunc(op.permissions, func(p Permission) bool { return mayRefuseUsers(p, op.method) })
}

// mayRefuseUsers tells whether a permission may refuse somebody who is logged in.
func mayRefuseUsers(p Permission, method string) bool {
	switch p := p.(type) {
	case Rule:
		return p == IsAdmin || (p == ModelPermissions || p == ModelPermissionsOrAnonReadOnly) && len(modelPermissions[method]) > 0
	case ModelPermissionMap:
		return len(p.demands(method)) > 0
	}
	return true
}
