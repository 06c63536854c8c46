package identity

import (
	"context"
	"math"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// cache holds the accounts that sent requests a moment ago, and what they may do.
type cache struct {
	users       *recent[User]
	permissions *recent[Permissions]
}

func newCache(life time.Duration, now func() time.Time) *cache {
	return &cache{users: newRecent[User](life, now), permissions: newRecent[Permissions](life, now)}
}

// Account returns the account with that id when check takes it. check may be asked about an account as it was up to CacheFor
// ago; when it refuses that one, it is asked again about the one that is stored now, and its error is returned with that
// one. So a refusal is never out of date, while an account that was changed elsewhere may pass until CacheFor is over.
// The User is the caller's own. It returns [ErrNoUser] when there is none; inside a transaction nothing is out of date.
func (s *Store) Account(ctx context.Context, id int64, check func(*User) error) (*User, error) {
	s.fill.Do(s.defaults)
	if s.cache == nil || s.bound {
		user, err := s.ByID(ctx, id)
		if err != nil {
			return nil, err
		}
		return user, check(user)
	}
	if id <= 0 || id > math.MaxInt32 {
		return nil, ErrNoUser
	}
	user, err := s.cache.users.get(ctx, id, func(ctx context.Context) (User, error) {
		user, err := s.ByID(ctx, id)
		if err != nil {
			return User{}, err
		}
		return *user, nil
	}, func(user User) error { return check(&user) })
	if err != nil && user.ID == 0 {
		return nil, err
	}
	if user.LastLogin != nil {
		at := *user.LastLogin
		user.LastLogin = &at
	}
	return &user, err
}

// Cached tells whether what [Store.Account] returns may be out of date.
func (s *Store) Cached() bool {
	s.fill.Do(s.defaults)
	return s.cache != nil && !s.bound
}

// RecentPermissions is [Store.Permissions] as of now or of up to CacheFor ago.
func (s *Store) RecentPermissions(ctx context.Context, user *User) (Permissions, error) {
	if !s.Cached() || !user.IsAuthenticated() || !user.IsActive || user.IsSuperuser { // what follows from user must not outlive it
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
