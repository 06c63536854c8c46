package kitchen

import (
	"net/http"
	"strings"

	"github.com/quintet-go/quintet/rest"
)

// tea lets in who asks for tea.
var tea = rest.WithMessage(rest.PermissionFunc(func(r *rest.Request) (bool, error) {
	return r.Query("drink") == "tea", nil
}), "Only tea is served here.", "tea_only")

// never lets nobody in.
var never = rest.PermissionFunc(func(*rest.Request) (bool, error) { return false, nil })

// guarded are the permissions of perm/{name}/.
var guarded = []struct {
	name        string
	permissions []rest.Permission
}{
	{"allow-any", []rest.Permission{rest.AllowAny}},
	{"is-authenticated", []rest.Permission{rest.IsAuthenticated}},
	{"is-admin", []rest.Permission{rest.IsAdmin}},
	{"auth-or-readonly", []rest.Permission{rest.IsAuthenticatedOrReadOnly}},
	{"never", []rest.Permission{never}},
	{"custom-message", []rest.Permission{tea}},
	{"and", []rest.Permission{rest.AllOf(rest.IsAuthenticated, tea)}},
	{"or", []rest.Permission{rest.AnyOf(rest.IsAdmin, tea)}},
	{"not", []rest.Permission{rest.Not(rest.IsAuthenticated)}},
	{"list", []rest.Permission{rest.IsAuthenticated, rest.IsAdmin}},
	{"complex", []rest.Permission{rest.AnyOf(rest.IsAdmin, rest.AllOf(rest.IsAuthenticated, rest.Not(tea)))}},
}

// ownNote lets everybody read public notes and only the owner do more.
var ownNote = rest.ObjectPermission(func(r *rest.Request, n *Note) (bool, error) {
	own := r.User().IsAuthenticated() && n.OwnerID == r.User().ID
	reading := r.Method() == http.MethodGet || r.Method() == http.MethodHead || r.Method() == http.MethodOptions
	return own || reading && n.Public, nil
})

// permissions serves perm/.
func (k *Kitchen) permissions(g *rest.Group) {
	echo := func(r *rest.Request) (*rest.Response, error) {
		return rest.OK(rest.Obj("method", r.Method(), "user", username(r))), nil
	}
	for _, p := range guarded {
		title := "Permission"
		for word := range strings.SplitSeq(p.name, "-") {
			title += " " + strings.ToUpper(word[:1]) + word[1:]
		}
		v := view(title, "Permissions: "+p.name+".", echo,
			http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete)
		v.Permissions = p.permissions
		g.Handle("perm/"+p.name+"/", v, "")
	}
}

// guardedResources serves the resources under perm/.
func (k *Kitchen) guardedResources(g *rest.Group) {
	g.Register("perm/items-model", viewset(rest.ViewSet[Item]{
		Name: "Item Model Perm", Serializer: itemForm, Permissions: []rest.Permission{rest.ModelPermissions},
	}), "item-model")
	g.Register("perm/items-anon", viewset(rest.ViewSet[Item]{
		Name: "Item Anon Perm", Serializer: itemForm, Permissions: []rest.Permission{rest.ModelPermissionsOrAnonReadOnly},
	}), "item-anon")
	g.Register("perm/notes", viewset(rest.ViewSet[Note]{
		Doc: "Notes: anyone reads public ones, only the owner changes one.", Serializer: noteForm,
		Permissions:   []rest.Permission{rest.IsAuthenticatedOrReadOnly, ownNote},
		PerformCreate: func(r *rest.Request, n *Note) error { n.OwnerID, n.Owner = r.User().ID, r.User(); return r.Save(n) },
	}), "note")
}

// noteData is a note.
type noteData struct {
	ID     int64  `json:"id"`
	Owner  string `json:"owner" rest:"slug=Username,readonly"`
	Text   string `json:"text"`
	Public bool   `json:"public"`
}

var noteForm = &rest.ModelSerializer[Note, noteData]{}
