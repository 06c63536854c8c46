package identity_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
)

// insert runs statements that must not fail.
func insert(t *testing.T, db *orm.DB, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := db.Gorm.Exec(s).Error; err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

func permissionFixture(t *testing.T, db *orm.DB) {
	t.Helper()
	insert(t, db,
		"INSERT INTO django_content_type (id, app_label, model) VALUES (1, 'catalog', 'tag'), (2, 'orders', 'order')",
		`INSERT INTO auth_permission (id, name, content_type_id, codename) VALUES
			(1, 'Can add tag', 1, 'add_tag'), (2, 'Can view tag', 1, 'view_tag'), (3, 'Can add order', 2, 'add_order'), (4, 'Can view order', 2, 'view_order')`,
		"INSERT INTO auth_group (id, name) VALUES (1, 'taggers'), (2, 'sellers'), (3, 'others')",
		"INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (1, 1), (1, 2), (2, 2), (3, 4)",
	)
}

func TestPermissions(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		permissionFixture(t, db)
		alice := identitytest.User(t, users, "alice", "")
		identitytest.User(t, users, "bob", "")
		insert(t, db,
			"INSERT INTO auth_user_groups (user_id, group_id) VALUES (1, 1), (1, 2), (2, 3)",
			"INSERT INTO auth_user_user_permissions (user_id, permission_id) VALUES (1, 3), (1, 1)",
		)
		ctx, n := orm.CountStatements(t.Context())
		set, err := users.Permissions(ctx, alice)
		if err != nil || n.Load() != 1 {
			t.Errorf("%d statements, %v; want 1", n.Load(), err)
		}
		if diff := cmp.Diff([]string{"catalog.add_tag", "catalog.view_tag", "orders.add_order"}, slices.Collect(set.Names())); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if !set.Has("catalog.add_tag") || set.Has("orders.view_order") || !set.HasModule("orders") || set.HasModule("order") {
			t.Error("Has or HasModule is wrong")
		}
		for name, want := range map[string]bool{"orders.add_order": true, "orders.view_order": false, "add_order": false, "": false} {
			if got, err := users.HasPerm(t.Context(), alice, name); got != want || err != nil {
				t.Errorf("HasPerm(%q) = %v, %v; want %v", name, got, err, want)
			}
		}
	})
}

func TestPermissionsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		permissionFixture(t, db)
		insert(t, db, `INSERT INTO auth_user (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
			VALUES (7, '', true, 'root', '', '', '', true, true, '2026-01-01'), (8, '', true, 'gone', '', '', '', true, false, '2026-01-01')`,
			"INSERT INTO auth_user_user_permissions (user_id, permission_id) VALUES (8, 1)")
		root, _ := users.ByID(t.Context(), 7)
		gone, _ := users.ByID(t.Context(), 8)
		cases := map[string]struct {
			user       *identity.User
			want       bool
			names      int
			statements int64
		}{
			"superuser": {root, true, 4, 1}, "inactive": {gone, false, 0, 0}, "nobody": {&identity.User{}, false, 0, 0}, "nil": {nil, false, 0, 0},
		}
		for name, c := range cases {
			ctx, n := orm.CountStatements(t.Context())
			set, err := users.Permissions(ctx, c.user)
			names := slices.Collect(set.Names())
			if err != nil || set.Has("any.thing") != c.want || set.HasModule("any") != c.want || len(names) != c.names || n.Load() != c.statements {
				t.Errorf("%s: all %v, names %v, %d statements, %v", name, set.Has("any.thing"), names, n.Load(), err)
			}
			if got, err := users.HasPerm(ctx, c.user, "any.thing"); got != c.want || err != nil || n.Load() != c.statements {
				t.Errorf("%s: HasPerm = %v, %v after %d statements", name, got, err, n.Load())
			}
		}
	})
}
