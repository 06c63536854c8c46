package rest

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// storedPermissions gives alice (user 1) change_product through a group and add_product herself.
var storedPermissions = []string{
	"INSERT INTO django_content_type (id, app_label, model) VALUES (1, 'catalog', 'product')",
	`INSERT INTO auth_permission (id, name, content_type_id, codename) VALUES
		(1, 'Can add product', 1, 'add_product'), (2, 'Can change product', 1, 'change_product'), (3, 'Can delete product', 1, 'delete_product')`,
	"INSERT INTO auth_group (id, name) VALUES (1, 'editors')",
	"INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (1, 2)",
	"INSERT INTO auth_user_groups (user_id, group_id) VALUES (1, 1)",
	"INSERT INTO auth_user_user_permissions (user_id, permission_id) VALUES (1, 1)",
}

func TestStoredPermissions(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "")
		for _, statement := range storedPermissions {
			if err := db.Gorm.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range []struct {
			method, user string
			held         bool
			statements   int64
		}{
			{http.MethodGet, "alice", true, 0},
			{http.MethodPost, "alice", true, 1},
			{http.MethodPut, "alice", true, 1},
			{http.MethodDelete, "alice", false, 1},
			{http.MethodPost, "nobody", false, 0},
			{http.MethodDelete, "root", true, 0},
		} {
			ctx, n := orm.CountStatements(t.Context())
			req, _ := http.NewRequestWithContext(ctx, c.method, "/", nil)
			r := &Request{http: req, view: productView(), api: &API{config: Config{Users: users}}, authenticated: true}
			switch c.user {
			case "alice":
				r.user = alice
			case "root":
				root := *alice
				root.IsSuperuser = true
				r.user = &root
			}
			for range 3 {
				if ok, err := AllOf(ModelPermissions, ModelPermissions).HasPermission(r); ok != c.held || err != nil {
					t.Errorf("%s as %s: got %v, %v, want %v", c.method, c.user, ok, err, c.held)
				}
			}
			if got := fmt.Sprint(n.Load()); got != fmt.Sprint(c.statements) {
				t.Errorf("%s as %s: %s statements, want %d", c.method, c.user, got, c.statements)
			}
		}
	})
}
