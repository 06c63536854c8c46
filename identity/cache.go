package identity

import (
	"context"
	"encoding/json"
	"errors"
	"math"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// cache holds the accounts that sent requests a moment ago, and what they may do.
type cache struct {
	users       *recent[account]
	permissions *recent[Permissions]
}

// account is a user with its stored permissions, nil where they were not asked for or do not decide.
type account struct {
	User
	permissions *Permissions
}

func (s *Store) newCache() *cache {
	c := &cache{users: newRecent[account](s.CacheFor, s.Now), permissions: newRecent[Permissions](s.CacheFor, s.Now)}
	c.users.renew = s.renewAccounts
	return c
}

// renewAccounts loads accounts as they are now, with their permissions where those were loaded before.
func (s *Store) renewAccounts(ctx context.Context, old map[int64]account) (map[int64]account, error) {
	var plain, permitted []int64
	for id, a := range old {
		if a.permissions == nil && a.dependsOnPermissions() {
			plain = append(plain, id)
		} else {
			permitted = append(permitted, id)
		}
	}
	found := make(map[int64]account, len(old))
	var b orm.Batch
	s.queueAccounts(&b, plain, false, found)
	s.queueAccounts(&b, permitted, true, found)
	return found, s.send(ctx, &b)
}

// queueAccounts adds the look-up of accounts to a batch.
func (s *Store) queueAccounts(b *orm.Batch, ids []int64, permitted bool, found map[int64]account) {
	if len(ids) == 0 {
		return
	}
	b.Query(accountStatements[accountQuestion{s.DB.Name(), permitted, true}], []any{idList(ids)}, func(rows *orm.Rows) error {
		for rows.Next() {
			a, err := s.readAccount(rows, permitted)
			if err != nil {
				return err
			}
			found[a.ID] = a
		}
		return nil
	})
}

// idList is a list of ids as both databases read it: as JSON.
func idList(ids []int64) string {
	text, _ := json.Marshal(ids) // which fails for no number
	return string(text)
}

// Account returns the account with that id when check takes it. check may be asked about an account as it was up to CacheFor
// ago; when it refuses that one, it is asked again about the one that is stored now, and its error is returned with that
// one. So a refusal is never out of date, while an account that was changed elsewhere may pass until CacheFor is over.
// The User is the caller's own. It returns [ErrNoUser] when there is none; inside a transaction nothing is out of date.
func (s *Store) Account(ctx context.Context, id int64, check func(*User) error) (*User, error) {
	found, err := s.account(ctx, id, s.byID, func(found *account) error { return check(&found.User) })
	return found.own(), err
}

// AccountWithPermissions is [Store.Account] together with what [Store.RecentPermissions] gives for it, by one statement. The
// permissions are nil for superusers and inactive accounts, for whom no stored ones decide.
func (s *Store) AccountWithPermissions(ctx context.Context, id int64, check func(*User) error) (*User, *Permissions, error) {
	found, err := s.account(ctx, id, s.byIDWithPermissions, func(found *account) error {
		if found.permissions == nil && found.dependsOnPermissions() {
			return errNotAsked
		}
		return check(&found.User)
	})
	if errors.Is(err, errNotAsked) { // by whom this call waited for
		if found, err = s.byIDWithPermissions(ctx, id); err == nil {
			err = check(&found.User)
		}
	}
	return found.own(), found.permissions, err
}

// errNotAsked refuses an account whose permissions were not loaded with it.
var errNotAsked = errors.New("identity: the permissions were not asked for")

// dependsOnPermissions tells whether stored permissions decide what the user may do.
func (u *User) dependsOnPermissions() bool { return u.IsActive && !u.IsSuperuser }

// account finds an account that check takes, or else the one that is stored with the error of check.
func (s *Store) account(
	ctx context.Context, id int64, load func(context.Context, int64) (account, error), check func(*account) error,
) (account, error) {
	if id <= 0 || id > math.MaxInt32 { // more than the column holds is an error in PostgreSQL
		return account{}, ErrNoUser
	}
	if !s.Cached() {
		found, err := load(ctx, id)
		if err != nil {
			return account{}, err
		}
		return found, check(&found)
	}
	return s.cache.users.get(ctx, id, func(ctx context.Context) (account, error) { return load(ctx, id) },
		func(found account) error { return check(&found) })
}

func (s *Store) byID(ctx context.Context, id int64) (account, error) {
	user, err := s.ByID(ctx, id)
	if err != nil {
		return account{}, err
	}
	return account{User: *user}, nil
}

// own is the caller's own copy of the user, nil for none.
func (a account) own() *User {
	if a.ID == 0 {
		return nil
	}
	if a.LastLogin != nil {
		at := *a.LastLogin
		a.LastLogin = &at
	}
	return &a.User
}

// Cached tells whether what [Store.Account] returns may be out of date.
func (s *Store) Cached() bool {
	s.fill.Do(s.defaults)
	return s.cache != nil && !s.bound
}

// RecentPermissions is [Store.Permissions] as of now or of up to CacheFor ago.
func (s *Store) RecentPermissions(ctx context.Context, user *User) (Permissions, error) {
	if !s.Cached() || !user.IsAuthenticated() || !user.dependsOnPermissions() { // what follows from user must not outlive it
		return s.Permissions(ctx, user)
	}
	return s.cache.permissions.get(ctx, user.ID, func(ctx context.Context) (Permissions, error) {
		return s.Permissions(ctx, user)
	}, func(Permissions) error { return nil })
}

// Changed tells the Store that object, a pointer to a model, was written or deleted in tx, a *gorm.DB, by others than the
// Store's own methods: what it concerns is loaded anew once tx is committed. Models that say nothing of accounts and their
// permissions are passed over.
func (s *Store) Changed(tx *gorm.DB, object any) {
	switch o := object.(type) {
	case *User:
		s.With(tx).forget(o.ID)
	case *Group, *Permission, *ContentType:
		s.With(tx).ForgetAll()
	}
}

// forget drops an account once the transaction of the Store is committed.
func (s *Store) forget(id int64) {
	s.fill.Do(s.defaults)
	if s.cache == nil {
		return
	}
	orm.OnCommit(s.DB, func() {
		s.cache.users.forget(id)
		s.cache.permissions.forget(id)
	})
}

// ForgetAll lets [Store.Account] and [Store.RecentPermissions] ask the database again, once the transaction of the Store is
// committed: after a change of many accounts at once.
func (s *Store) ForgetAll() {
	s.fill.Do(s.defaults)
	if s.cache == nil {
		return
	}
	orm.OnCommit(s.DB, func() {
		s.cache.users.forgetAll()
		s.cache.permissions.forgetAll()
	})
}
