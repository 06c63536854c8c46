package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/quintet-go/quintet/orm"
)

// Permissions is a set of permissions by full name: "catalog.add_product".
type Permissions struct {
	names map[string]struct{}
	all   bool
}

// Has tells whether the set holds the permission.
func (p Permissions) Has(name string) bool {
	_, ok := p.names[name]
	return p.all || ok
}

// HasModule tells whether the set holds any permission of an app.
func (p Permissions) HasModule(app string) bool {
	if p.all {
		return true
	}
	for name := range p.names {
		if label, _, _ := strings.Cut(name, "."); label == app {
			return true
		}
	}
	return false
}

// Names are the stored permissions of the set in alphabetical order; a superuser has others beside them.
func (p Permissions) Names() iter.Seq[string] {
	return slices.Values(slices.Sorted(maps.Keys(p.names)))
}

// permissionsOfUser begins with what the user was granted: as a condition on auth_permission, SQLite would look for it once for
// each permission that exists where the user is a column of the statement around.
const permissionsOfUser = `SELECT ct.app_label || '.' || p.codename AS name
FROM (SELECT up.permission_id AS id FROM auth_user_user_permissions up WHERE up.user_id = %[1]s
UNION SELECT gp.permission_id FROM auth_group_permissions gp
JOIN auth_user_groups ug ON ug.group_id = gp.group_id WHERE ug.user_id = %[1]s) AS granted
JOIN auth_permission p ON p.id = granted.id JOIN django_content_type ct ON ct.id = p.content_type_id`

const everyPermission = `SELECT ct.app_label || '.' || p.codename FROM auth_permission p
JOIN django_content_type ct ON ct.id = p.content_type_id`

// Permissions loads what user may do, own permissions and those of the groups, with one statement. A superuser has all
// permissions, stored or not; somebody who is inactive or not logged in has none, which takes no statement.
func (s *Store) Permissions(ctx context.Context, user *User) (Permissions, error) {
	if !user.IsAuthenticated() || !user.IsActive {
		return Permissions{}, nil
	}
	query, args := everyPermission, []any(nil)
	if !user.IsSuperuser {
		query, args = fmt.Sprintf(permissionsOfUser, placeholder(s.DB)), []any{user.ID}
	}
	set := Permissions{names: make(map[string]struct{}), all: user.IsSuperuser}
	b := orm.Batch{ReadOnly: true, Shared: true}
	b.Query(query, args, func(rows *orm.Rows) error {
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				return err
			}
			set.names[name] = struct{}{}
		}
		return nil
	})
	if err := s.send(ctx, &b); err != nil {
		return Permissions{}, fmt.Errorf("identity: loading permissions: %w", err)
	}
	return set, nil
}

// byIDWithPermissions loads an account and, where they decide, its stored permissions.
func (s *Store) byIDWithPermissions(ctx context.Context, id int64) (account, error) {
	var found account
	b := orm.Batch{ReadOnly: true, Shared: true}
	b.Query(accountStatements[accountQuestion{s.DB.Name(), true, false}], []any{id}, func(rows *orm.Rows) (err error) {
		if !rows.Next() {
			return ErrNoUser
		}
		found, err = s.readAccount(rows, true)
		return err
	})
	err := s.send(ctx, &b)
	if err != nil && !errors.Is(err, ErrNoUser) {
		return account{}, fmt.Errorf("identity: loading a user with permissions: %w", err)
	}
	return found, err
}

// readAccount reads a row of one of accountStatements.
func (s *Store) readAccount(rows *orm.Rows, permitted bool) (a account, err error) {
	var list []byte
	to := a.variables()
	if permitted {
		to = append(to, &list)
	}
	if err = rows.Scan(to...); err == nil && permitted && a.dependsOnPermissions() {
		a.permissions, err = s.sets.of(list)
	}
	return a, err
}

// accountQuestion is what is asked about accounts: one by its id, or several by a JSON array of theirs; permitted adds the list
// of permissions as JSON, made by a function of the database.
type accountQuestion struct {
	database           string
	permitted, several bool
}

// accountStatements are the statements of all questions.
var accountStatements = func() map[accountQuestion]string {
	all := make(map[accountQuestion]string)
	for _, permitted := range []bool{false, true} {
		all[accountQuestion{orm.Postgres, permitted, false}] = selectAccount(permitted, "CAST(json_agg(name) AS text)", "= $1")
		all[accountQuestion{orm.Postgres, permitted, true}] = selectAccount(permitted, "CAST(json_agg(name) AS text)",
			"IN (SELECT CAST(value AS integer) FROM json_array_elements_text(CAST($1 AS json)))")
		all[accountQuestion{orm.SQLite, permitted, false}] = selectAccount(permitted, "json_group_array(name)", "= ?1")
		all[accountQuestion{orm.SQLite, permitted, true}] = selectAccount(permitted, "json_group_array(name)", "IN (SELECT value FROM json_each(?1))")
	}
	return all
}()

func selectAccount(permitted bool, asJSON, condition string) string {
	columns := userColumns
	if permitted {
		columns += ", CASE WHEN is_active AND NOT is_superuser THEN (SELECT " + asJSON + " FROM (" +
			fmt.Sprintf(permissionsOfUser, "auth_user.id") + ") AS held) END"
	}
	return "SELECT " + columns + " FROM auth_user WHERE id " + condition
}

// permissionSets remembers sets of permissions by their list: most accounts hold one of a few. It is safe for concurrent use.
type permissionSets struct {
	mu     sync.Mutex
	byList map[string]*Permissions
}

// mostSets bounds how many are remembered.
const mostSets = 256

// of is the set of a JSON array of names; no list is an empty one. It is shared.
func (sets *permissionSets) of(list []byte) (*Permissions, error) {
	sets.mu.Lock()
	defer sets.mu.Unlock()
	if known := sets.byList[string(list)]; known != nil {
		return known, nil
	}
	var names []string
	if len(list) > 0 {
		if err := json.Unmarshal(list, &names); err != nil {
			return nil, err
		}
	}
	set := &Permissions{names: make(map[string]struct{}, len(names))}
	for _, name := range names {
		set.names[name] = struct{}{}
	}
	if sets.byList == nil || len(sets.byList) >= mostSets {
		sets.byList = make(map[string]*Permissions)
	}
	sets.byList[string(list)] = set
	return set, nil
}

// HasPerm tells whether user holds the permission, "catalog.add_product". An active superuser holds every one, without a
// statement. For several questions about one user ask [Store.Permissions] once.
func (s *Store) HasPerm(ctx context.Context, user *User, name string) (bool, error) {
	if user.IsAuthenticated() && user.IsActive && user.IsSuperuser {
		return true, nil
	}
	set, err := s.Permissions(ctx, user)
	return set.Has(name), err
}
