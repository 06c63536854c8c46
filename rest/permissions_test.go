package rest

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// onlyTea is a permission that asks the query.
var onlyTea = WithMessage(PermissionFunc(func(r *Request) (bool, error) { return r.Query("drink") == "tea", nil }),
	"Only tea is served here.", "tea_only")

// note is a model whose objects belong to somebody.
type note struct{ Owner int64 }

var ownNote = ObjectPermission(func(r *Request, n *note) (bool, error) { return n.Owner == r.User().ID, nil })

func TestPermissions(t *testing.T) {
	never := PermissionFunc(func(*Request) (bool, error) { return false, nil })
	for _, c := range []struct {
		name           string
		permissions    []Permission
		get, tea, post [4]int // the status for nobody, alice, clerk (staff) and admin; tea is GET with ?drink=tea
	}{
		{"allow any", []Permission{AllowAny}, everybody(200), everybody(200), everybody(200)},
		{"no permissions", nil, everybody(200), everybody(200), everybody(200)},
		{"authenticated", []Permission{IsAuthenticated}, [4]int{401, 200, 200, 200}, [4]int{401, 200, 200, 200}, [4]int{401, 200, 200, 200}},
		{"admin", []Permission{IsAdmin}, [4]int{401, 403, 200, 200}, [4]int{401, 403, 200, 200}, [4]int{401, 403, 200, 200}},
		{"or read only", []Permission{IsAuthenticatedOrReadOnly}, everybody(200), everybody(200), [4]int{401, 200, 200, 200}},
		{"never", []Permission{never}, [4]int{401, 403, 403, 403}, [4]int{401, 403, 403, 403}, [4]int{401, 403, 403, 403}},
		{"unknown rule", []Permission{Rule(99)}, [4]int{401, 403, 403, 403}, [4]int{401, 403, 403, 403}, [4]int{401, 403, 403, 403}},
		{"and", []Permission{AllOf(IsAuthenticated, onlyTea)}, [4]int{401, 403, 403, 403}, [4]int{401, 200, 200, 200}, [4]int{401, 403, 403, 403}},
		{"or", []Permission{AnyOf(IsAdmin, onlyTea)}, [4]int{401, 403, 200, 200}, everybody(200), [4]int{401, 403, 200, 200}},
		{"not", []Permission{Not(IsAuthenticated)}, [4]int{200, 403, 403, 403}, [4]int{200, 403, 403, 403}, [4]int{200, 403, 403, 403}},
		{"list", []Permission{IsAuthenticated, IsAdmin}, [4]int{401, 403, 200, 200}, [4]int{401, 403, 200, 200}, [4]int{401, 403, 200, 200}},
		{
			"complex",
			[]Permission{AnyOf(IsAdmin, AllOf(IsAuthenticated, Not(onlyTea)))},
			[4]int{401, 200, 200, 200},
			[4]int{401, 403, 200, 200},
			[4]int{401, 200, 200, 200},
		},
		{"nothing of none", []Permission{AnyOf()}, [4]int{401, 403, 403, 403}, [4]int{401, 403, 403, 403}, [4]int{401, 403, 403, 403}},
		{"all of none", []Permission{AllOf()}, everybody(200), everybody(200), everybody(200)},
	} {
		s := newSite(Config{})
		s.mount("/", everyMethod(echoMethod), func(v *view) {
			v.authenticators, v.permissions = []Authenticator{bearer}, c.permissions
		})
		for i, name := range []string{"", "alice", "clerk", "admin"} {
			for _, q := range []struct {
				method, target string
				want           int
			}{{"GET", "/", c.get[i]}, {"GET", "/?drink=tea", c.tea[i]}, {"POST", "/", c.post[i]}} {
				var headers []string
				if name != "" {
					headers = []string{"X-User", name}
				}
				if a := s.ask(q.method, q.target, "", headers...); a.status != q.want {
					t.Errorf("%s: %s %s as %q: got %d, want %d", c.name, q.method, q.target, name, a.status, q.want)
				}
			}
		}
	}
}

func everybody(status int) [4]int { return [4]int{status, status, status, status} }

func TestRefusalTexts(t *testing.T) {
	const notAuthenticated = `{"detail":"Authentication credentials were not provided."}`
	const denied = `{"detail":"You do not have permission to perform this action."}`
	for _, c := range []struct {
		name           string
		permission     Permission
		authenticators []Authenticator
		user           string
		status         int
		body           string
	}{
		{"own text", onlyTea, []Authenticator{bearer}, "alice", 403, `{"detail":"Only tea is served here."}`},
		{"own text is not for nobody", onlyTea, []Authenticator{bearer}, "", 401, notAuthenticated},
		{"own text without authenticators", onlyTea, nil, "", 403, `{"detail":"Only tea is served here."}`},
		{"default text", IsAdmin, []Authenticator{bearer}, "alice", 403, denied},
		{"no challenge", IsAdmin, []Authenticator{headerAuth("")}, "", 403, notAuthenticated},
		{"combined", AllOf(onlyTea, AllowAny), []Authenticator{bearer}, "alice", 403, denied},
		{"negated", Not(WithMessage(AllowAny, "x", "y")), []Authenticator{bearer}, "alice", 403, denied},
		{"only a code", WithMessage(IsAdmin, "", "staff_only"), []Authenticator{bearer}, "alice", 403, denied},
		{"an error of its own", PermissionFunc(func(*Request) (bool, error) { return true, Conflict("Not now.") }), nil, "", 409, `{"detail":"Not now."}`},
		{"a failure", PermissionFunc(func(*Request) (bool, error) { return true, errors.New("x") }), nil, "", 500, `{"detail":"A server error occurred."}`},
	} {
		s := newSite(Config{})
		s.mount("/", everyMethod(echoMethod), func(v *view) {
			v.authenticators, v.permissions = c.authenticators, []Permission{c.permission}
		})
		var headers []string
		if c.user != "" {
			headers = []string{"X-User", c.user}
		}
		s.ask("GET", "/", "", headers...).is(t, c.name, c.status, c.body)
	}
}

func TestRefusalCode(t *testing.T) {
	r := &Request{view: &view{}}
	var e *Error
	if err := r.checkPermissions([]Permission{WithMessage(IsAdmin, "", "staff_only")}); !errors.As(err, &e) || e.Code != "staff_only" {
		t.Errorf("got %v, want the code staff_only", err)
	}
	if ErrDenied.Code != "permission_denied" {
		t.Error("the shared error was changed")
	}
}

func TestObjectPermissions(t *testing.T) {
	fails := PermissionFunc(func(*Request) (bool, error) { return false, errors.New("asked too much") })
	for _, c := range []struct {
		name       string
		permission Permission
		mine       error // for an object of the caller
		other      error // for an object of somebody else
	}{
		{"rules permit all", IsAdmin, nil, nil},
		{"functions permit all", fails, nil, nil},
		{"owner", ownNote, nil, ErrDenied},
		{"message", WithMessage(ownNote, "Yours only.", ""), nil, ErrDenied},
		{"all of", AllOf(AllowAny, ownNote), nil, ErrDenied},
		{"all of stops", AllOf(ownNote, HasPermission("x.y")), nil, ErrDenied},
		{"any of asks the request too", AnyOf(IsAdmin, ownNote), nil, ErrDenied},
		{"any of asks the object too", AnyOf(ownNote, IsAuthenticated), nil, nil},
		{"any of stops at the first", AnyOf(AllowAny, fails), nil, nil},
		{"not of an owner", Not(ownNote), ErrDenied, nil},
		{"not of a rule refuses every object", Not(IsAdmin), ErrDenied, ErrDenied},
	} {
		r := &Request{view: &view{}, user: people["alice"], authenticated: true}
		for object, want := range map[*note]error{{Owner: 4}: c.mine, {Owner: 5}: c.other} {
			if got := r.checkObjectPermissions([]Permission{c.permission}, object); !errors.Is(got, want) {
				t.Errorf("%s, owner %d: got %v, want %v", c.name, object.Owner, got, want)
			}
		}
	}
	r := &Request{view: &view{}, user: people["alice"]}
	if _, err := ownNote.HasObjectPermission(r, &struct{}{}); err == nil || !strings.Contains(err.Error(), "note") {
		t.Errorf("an object of another model: got error %v", err)
	}
}

// holding gives the user of r a set of permissions without asking the database.
func holding(t *testing.T, r *Request, names ...string) {
	t.Helper()
	r.held = held{r.User().ID, setOf(names)}
}

// setOf is a permissionSet of names.
type setOf []string

func (s setOf) Has(name string) bool { return slices.Contains(s, name) }

func productView() *view {
	return &view{name: "Products", resource: &resource{model: &orm.Model{Meta: orm.Meta{App: "catalog", Name: "product"}}}}
}

func TestModelPermissions(t *testing.T) {
	own := ModelPermissionMap{Methods: map[string][]string{"GET": {"view"}, "POST": {"add", "catalog.publish"}}}
	for _, c := range []struct {
		permission Permission
		method     string
		user       string
		held       string
		want       string // "yes", "no" or the status of an error
	}{
		{ModelPermissions, "GET", "alice", "", "yes"},
		{ModelPermissions, "HEAD", "alice", "", "yes"},
		{ModelPermissions, "OPTIONS", "alice", "", "yes"},
		{ModelPermissions, "GET", "", "", "no"},
		{ModelPermissions, "POST", "alice", "", "no"},
		{ModelPermissions, "POST", "alice", "catalog.add_product", "yes"},
		{ModelPermissions, "POST", "alice", "orders.add_product", "no"},
		{ModelPermissions, "PUT", "alice", "catalog.add_product", "no"},
		{ModelPermissions, "PUT", "alice", "catalog.change_product", "yes"},
		{ModelPermissions, "PATCH", "alice", "catalog.change_product", "yes"},
		{ModelPermissions, "DELETE", "alice", "catalog.change_product", "no"},
		{ModelPermissions, "DELETE", "alice", "catalog.delete_product", "yes"},
		{ModelPermissions, "DELETE", "clerk", "", "no"},
		{ModelPermissions, "DELETE", "admin", "", "yes"},
		{ModelPermissions, "TRACE", "admin", "", "405"},
		{ModelPermissionsOrAnonReadOnly, "GET", "", "", "yes"},
		{ModelPermissionsOrAnonReadOnly, "POST", "", "", "no"},
		{ModelPermissionsOrAnonReadOnly, "POST", "alice", "catalog.add_product", "yes"},
		{own, "GET", "alice", "", "no"},
		{own, "GET", "alice", "catalog.view_product", "yes"},
		{own, "POST", "alice", "catalog.add_product", "no"},
		{own, "POST", "alice", "catalog.add_product catalog.publish", "yes"},
		{own, "PUT", "alice", "", "405"},
		{HasPermission("catalog.change_product"), "GET", "alice", "", "no"},
		{HasPermission("catalog.change_product"), "GET", "alice", "catalog.change_product", "yes"},
		{HasPermission("catalog.change_product"), "GET", "", "catalog.change_product", "no"},
	} {
		r := &Request{http: &http.Request{Method: c.method}, view: productView(), user: people[c.user]}
		holding(t, r, strings.Fields(c.held)...)
		ok, err := c.permission.HasPermission(r)
		got := map[bool]string{true: "yes", false: "no"}[ok]
		if e := new(Error); errors.As(err, &e) {
			got = fmt.Sprint(e.Status)
		}
		if got != c.want {
			t.Errorf("%v: %s as %q holding %q: got %s, want %s", c.permission, c.method, c.user, c.held, got, c.want)
		}
	}
}

func TestModelPermissionsWithoutModel(t *testing.T) {
	r := &Request{http: &http.Request{Method: "GET"}, view: &view{name: "Health"}, user: people["admin"]}
	if ok, err := ModelPermissions.HasPermission(r); ok || err == nil || !strings.Contains(err.Error(), `"Health"`) {
		t.Errorf("got %v, %v, want an error that names the view", ok, err)
	}
	r.view.isRoot = true
	if ok, err := ModelPermissions.HasPermission(r); !ok || err != nil {
		t.Errorf("the root: got %v, %v, want permission", ok, err)
	}
}

func TestInactiveUsersHoldNothing(t *testing.T) {
	r := &Request{view: productView(), user: &identity.User{ID: 6, IsSuperuser: true}}
	holding(t, r, "catalog.add_product")
	if ok, err := r.HasPerm("catalog.add_product"); ok || err != nil {
		t.Errorf("got %v, %v", ok, err)
	}
}

func TestPermissionsOfEachObject(t *testing.T) {
	for _, c := range []struct {
		method string
		held   string // on the object
		want   string
	}{
		{"GET", "", "404"},
		{"GET", "catalog.view_product", "yes"},
		{"PUT", "", "404"},
		{"PUT", "catalog.view_product", "no"},
		{"PUT", "catalog.change_product", "yes"},
		{"DELETE", "catalog.view_product", "yes"}, // nothing is demanded of it
	} {
		asked := false
		p := ObjectPermissions(
			ModelPermissionMap{Methods: map[string][]string{"GET": {"view"}, "PUT": {"change"}, "DELETE": nil}},
			func(_ *Request, names []string, _ any) (bool, error) {
				asked = true
				return len(names) == 1 && strings.Contains(c.held, names[0]), nil
			})
		r := &Request{http: &http.Request{Method: c.method}, view: productView(), user: people["alice"]}
		ok, err := p.HasObjectPermission(r, &note{})
		got := map[bool]string{true: "yes", false: "no"}[ok]
		if errors.Is(err, ErrNotFound) {
			got = "404"
		}
		if got != c.want || asked == (c.method == "DELETE") {
			t.Errorf("%s holding %q: got %s (asked: %v), want %s", c.method, c.held, got, asked, c.want)
		}
	}
}

func TestRuleNames(t *testing.T) {
	if got := fmt.Sprint(ModelPermissionsOrAnonReadOnly, AllowAny, Rule(0)); got != "ModelPermissionsOrAnonReadOnly AllowAny Rule(0)" {
		t.Errorf("got %s", got)
	}
}
