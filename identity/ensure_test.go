package identity_test

import (
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

func TestEnsurePermissions(t *testing.T) {
	registry, err := orm.NewRegistry(
		&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{})
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		insert(t, db,
			"INSERT INTO django_content_type (id, app_label, model) VALUES (50, 'auth', 'group'), (51, 'old', 'model')",
			"INSERT INTO auth_permission (id, name, content_type_id, codename) VALUES (70, 'My own name', 50, 'add_group'), (71, 'Kept', 51, 'x')",
		)
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				if err := users.EnsurePermissions(t.Context(), registry); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		var names []string
		err := db.Gorm.Raw(`SELECT ct.app_label || '.' || ct.model || ' ' || p.codename || ': ' || p.name FROM auth_permission p
			JOIN django_content_type ct ON ct.id = p.content_type_id WHERE ct.model IN ('group', 'contenttype', 'model') ORDER BY 1`).Scan(&names).Error
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"auth.group add_group: My own name", "auth.group change_group: Can change group", "auth.group delete_group: Can delete group",
			"auth.group view_group: Can view group",
			"contenttypes.contenttype add_contenttype: Can add content type", "contenttypes.contenttype change_contenttype: Can change content type",
			"contenttypes.contenttype delete_contenttype: Can delete content type", "contenttypes.contenttype view_contenttype: Can view content type",
			"old.model x: Kept",
		}
		if diff := cmp.Diff(want, names); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		ctx, n := orm.CountStatements(t.Context())
		if err := users.EnsurePermissions(ctx, registry); err != nil || n.Load() != 2 {
			t.Errorf("a second time: %d statements, %v; want 2", n.Load(), err)
		}
	})
}
