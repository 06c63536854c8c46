package rest_test

import (
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
	"github.com/quintet-go/quintet/session"
)

// byNumber takes the id of an active user from the header X-User, as of a moment ago.
type byNumber struct{}

var errNobody = errors.New("inactive")

func (byNumber) Authenticate(r *rest.Request) (*identity.User, any, error) {
	id, _ := strconv.ParseInt(r.HTTP().Header.Get("X-User"), 10, 64)
	if id == 0 {
		return nil, nil, nil
	}
	user, err := r.Users().Account(r.Context(), id, func(user *identity.User) error {
		if !user.IsActive {
			return errNobody
		}
		return nil
	})
	if errors.Is(err, errNobody) || errors.Is(err, identity.ErrNoUser) {
		return nil, nil, rest.AuthFailed("Nobody.")
	}
	return user, nil, err
}

func (byNumber) Challenge(*rest.Request) string { return "Number" }

// office serves accounts and groups, and remembers them until the clock, which stands still, is moved on.
type office struct {
	db    *orm.DB
	users *identity.Store
	at    time.Time
	*resttest.Client
}

type accountData struct {
	ID       int64   `json:"id" rest:"readonly"`
	Username string  `json:"username"`
	Email    string  `json:"email" rest:"optional"`
	IsActive bool    `json:"is_active" rest:"optional"`
	Groups   []int64 `json:"groups" rest:"optional"`
}

type groupData struct {
	ID          int64   `json:"id" rest:"readonly"`
	Name        string  `json:"name"`
	Permissions []int64 `json:"permissions"`
}

func eachOffice(t *testing.T, test func(t *testing.T, o *office)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		registry := resttest.Registry(t, &identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{}, &session.Row{})
		o := &office{db: db, users: identitytest.Store(db.Gorm), at: time.Unix(1_800_000_000, 0)}
		o.users.Now, o.users.CacheFor = func() time.Time { return o.at }, 500*time.Millisecond
		config := resttest.Config(t, db, registry)
		config.Users, config.Authenticators = o.users, []rest.Authenticator{byNumber{}}
		router := rest.NewRouter(config)
		router.Group("/").
			Register("users", &rest.ViewSet[identity.User]{
				Serializer: &rest.ModelSerializer[identity.User, accountData]{},
				Actions: []rest.Action[identity.User]{{
					Name: "me", Methods: []string{http.MethodGet, http.MethodPatch},
					Handle: rest.Mine(func(r *rest.Request) (*identity.User, error) { return r.User(), nil }),
				}},
			}).
			Register("groups", &rest.ViewSet[identity.Group]{Serializer: &rest.ModelSerializer[identity.Group, groupData]{}}).
			Handle("may/", getOnly(func(r *rest.Request) (*rest.Response, error) {
				held, err := r.HasPerm("catalog.add_product")
				return rest.OK(held), err
			}), "")
		o.Client = resttest.NewClient(t, resttest.Serve(t, router))
		for _, name := range []string{"boss", "alice"} {
			identitytest.User(t, o.users, name, "")
		}
		o.exec(t, "INSERT INTO django_content_type (id, app_label, model) VALUES (1, 'catalog', 'product')",
			"INSERT INTO auth_permission (id, name, content_type_id, codename) VALUES (1, 'Can add product', 1, 'add_product')",
			"INSERT INTO auth_group (id, name) VALUES (1, 'sellers')")
		test(t, o)
	})
}

func (o *office) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := o.db.Gorm.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// boss and alice are clients of their own.
func (o *office) boss() *resttest.Client  { return o.With("X-User", "1") }
func (o *office) alice() *resttest.Client { return o.With("X-User", "2") }

func (o *office) want(t *testing.T, when string, got *resttest.Answer, want string) {
	t.Helper()
	if got.String() != want {
		t.Errorf("%s: got %s, want %s", when, got, want)
	}
}

// TestChangesThroughTheAPIAreSeenAtOnce: what one request stores about accounts, the next one obeys, whatever is remembered.
func TestChangesThroughTheAPIAreSeenAtOnce(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		const nobody = `401 {"detail":"Nobody."}`
		o.want(t, "at first", o.alice().Get("/may/"), "200 false")
		o.want(t, "a group without rights", o.boss().Patch("/users/2/", `{"groups":[1]}`), `200 {"id":2,"username":"alice","email":"","is_active":true,"groups":[1]}`)
		o.want(t, "in a group", o.alice().Get("/may/"), "200 false")
		o.boss().Patch("/groups/1/", `{"permissions":[1]}`)
		o.want(t, "the group got a permission", o.alice().Get("/may/"), "200 true")
		o.boss().Delete("/groups/1/")
		o.want(t, "the group is gone", o.alice().Get("/may/"), "200 false")
		o.boss().Patch("/users/2/", `{"is_active":false}`)
		o.want(t, "disabled", o.alice().Get("/may/"), nobody)
		o.boss().Patch("/users/2/", `{"is_active":true}`)
		o.want(t, "enabled", o.alice().Get("/may/"), "200 false")
		o.boss().Delete("/users/2/")
		o.want(t, "deleted", o.alice().Get("/may/"), nobody)
	})
}

// TestOneselfIsUpToDate: another replica changes an account that this one remembers; its owner sees and changes what is stored.
func TestOneselfIsUpToDate(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		mail := func(address string) string {
			return `200 {"id":2,"username":"alice","email":"` + address + `","is_active":true,"groups":[]}`
		}
		o.want(t, "at first", o.alice().Get("/users/me/"), mail(""))
		o.exec(t, "UPDATE auth_user SET email = 'new@example.org' WHERE id = 2")
		o.want(t, "changed elsewhere", o.alice().Get("/users/me/"), mail("new@example.org"))
		o.exec(t, "UPDATE auth_user SET email = 'newer@example.org' WHERE id = 2")
		o.want(t, "changed back", o.alice().Patch("/users/me/", `{"email":"new@example.org"}`), mail("new@example.org"))
		o.want(t, "stored", o.boss().Get("/users/2/"), mail("new@example.org"))
		o.alice().Get("/may/")
		o.exec(t, "DELETE FROM auth_user WHERE id = 2")
		o.want(t, "deleted elsewhere", o.alice().Get("/users/me/"), `404 {"detail":"Not found."}`)
	})
}

// TestRequestsOfOneAccountAskOnce counts the statements of authentication and permissions together.
func TestRequestsOfOneAccountAskOnce(t *testing.T) {
	eachOffice(t, func(t *testing.T, o *office) {
		count := func(when string, want int64) {
			t.Helper()
			answer := o.alice().Get("/may/")
			if o.want(t, when, answer, "200 false"); answer.Statements != want {
				t.Errorf("%s: %d statements, want %d", when, answer.Statements, want)
			}
		}
		count("the first", 2)
		count("the second", 0)
		o.at = o.at.Add(500 * time.Millisecond)
		count("after the time", 2)
	})
}
