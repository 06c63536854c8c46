package viewsets

import (
	"net/http"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/internal/auth"
	"github.com/quintet-go/quintet/internal/serializers"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/rest"
)

// Users are the accounts: anybody may make one, users see their own, the staff all. A new password ends the tokens and
// the browser sessions of its user, but for the session that asked for it.
func Users(tokens *jwtauth.Service, browser *rest.SessionAuthentication) *rest.ViewSet[identity.User] {
	passwords := passwords{tokens, browser}
	staffOrSelf := []rest.Permission{rest.AnyOf(rest.IsAdmin, auth.Self)}
	users := []rest.Permission{rest.IsAuthenticated}
	return &rest.ViewSet[identity.User]{
		Doc:           "Accounts.",
		Serializer:    serializers.User,
		Alternates:    []rest.Serializable[identity.User]{serializers.UserAdmin},
		SerializerFor: userForm,
		Serializers:   map[string]rest.Serializable[identity.User]{"me": serializers.User},
		Order:         []string{"id"},
		Permissions:   []rest.Permission{rest.IsAdmin},
		ActionPermissions: map[string][]rest.Permission{
			"create": {rest.AllowAny}, "retrieve": staffOrSelf, "update": staffOrSelf, "partial_update": staffOrSelf,
			"destroy": {rest.IsAdmin, rest.ModelPermissions}, "me": users, "set_password": users,
		},
		Filters: rest.Filters{
			rest.By("is_active"), rest.By("is_staff"), rest.By("username", "exact", "icontains"),
			rest.By("groups__name"), rest.By("date_joined", "gte", "lte"),
		},
		PerformUpdate: passwords.saveUser,
		Search:        []string{"=username", "email", "first_name", "last_name"},
		Ordering:      []string{"id", "username", "email", "date_joined"},
		Actions: []rest.Action[identity.User]{
			{
				Name: "me", Doc: "The caller's own account.", Methods: []string{http.MethodGet, http.MethodPatch},
				Handle: rest.Mine(func(r *rest.Request) (*identity.User, error) { return r.User(), nil }),
			},
			{
				Name: "set_password", Path: "set-password", Doc: "Change the caller's password.",
				Handle: rest.Submit[identity.User](serializers.SetPassword, rest.Nothing, passwords.set),
			},
		},
	}
}

// userForm gives the staff the form with which everything can be changed, but not for their own account at me/.
func userForm(r *rest.Request) rest.Serializable[identity.User] {
	if r.User().IsStaff && r.Action() != "me" {
		return serializers.UserAdmin
	}
	return serializers.User
}

// passwords changes passwords, and ends what was begun with the old ones.
type passwords struct {
	tokens  *jwtauth.Service
	browser *rest.SessionAuthentication
}

// set is the change of one's own password.
func (p passwords) set(r *rest.Request, in *rest.Input[serializers.SetPasswordData]) (*rest.NoData, error) {
	if err := r.Users().With(r.DB()).SetPassword(r.Context(), r.User(), in.Data.NewPassword); err != nil {
		return nil, err
	}
	return nil, p.changed(r, r.User())
}

// saveUser stores a changed account.
func (p passwords) saveUser(r *rest.Request, user *identity.User) error {
	before, err := r.Users().With(r.DB()).ByID(r.Context(), user.ID)
	if err != nil {
		return err
	}
	if err := r.Save(user); err != nil || user.Password == before.Password {
		return err
	}
	return p.changed(r, user)
}

// changed revokes the refresh tokens of a user with a new password and keeps the session of the request, when it is that
// user's. The other sessions have ended: each holds a trace of the password that it began with.
func (p passwords) changed(r *rest.Request, user *identity.User) error {
	if _, err := p.tokens.With(r.DB()).Revoke(r.Context(), user.ID); err != nil {
		return err
	}
	if user.ID != r.User().ID {
		return nil
	}
	return p.browser.KeepLogin(r, user)
}

// Groups share permissions among users.
func Groups() *rest.ViewSet[identity.Group] {
	return &rest.ViewSet[identity.Group]{
		Doc:         "Groups (staff).",
		Serializer:  serializers.Group,
		Order:       []string{"id"},
		Permissions: []rest.Permission{rest.IsAdmin, rest.ModelPermissions},
		Filters:     rest.Filters{rest.By("name")},
		Search:      []string{"name"},
		Ordering:    []string{"id", "name"},
	}
}

// Permissions are what users may be allowed to do; they come from the models.
func Permissions() *rest.ViewSet[identity.Permission] {
	return &rest.ViewSet[identity.Permission]{
		Doc:         "Permissions (staff).",
		Serializer:  serializers.Permission,
		Only:        rest.ReadOnly,
		Order:       []string{"content_type__app_label", "content_type__model", "codename"},
		Permissions: []rest.Permission{rest.IsAdmin},
		Pagination:  rest.LimitOffset{Default: 25, Max: 200},
		Filters:     rest.Filters{rest.By("codename", "exact", "startswith"), rest.By("content_type__app_label")},
		Search:      []string{"name", "codename"},
		Ordering:    []string{"id", "codename"},
	}
}
