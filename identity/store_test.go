package identity_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// each runs a test on empty tables of both databases.
func each(t *testing.T, test func(t *testing.T, db *orm.DB, users *identity.Store)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		test(t, db, identitytest.Store(db.Gorm))
	})
}

func TestCreateUser(t *testing.T) {
	joined := time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		users.Now = func() time.Time { return joined.Add(999) } // nanoseconds are not stored
		made, err := users.CreateUser(t.Context(), identity.NewUser{
			Username: "ﬁn", Email: "Fin@EXAMPLE.org", Password: "secret", FirstName: "F", LastName: "N",
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := users.ByID(t.Context(), made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if !got.DateJoined.Equal(joined) || got.LastLogin != nil {
			t.Errorf("date_joined %v, last_login %v; want %v, nil", got.DateJoined, got.LastLogin, joined)
		}
		got.Password, got.DateJoined = "", time.Time{}
		want := &identity.User{ID: made.ID, Username: "fin", Email: "Fin@example.org", FirstName: "F", LastName: "N", IsActive: true}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

func TestCreateUserWithoutPasswordAndSuperuser(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		closed, err := users.CreateUser(t.Context(), identity.NewUser{Username: "closed", Inactive: true})
		if err != nil || closed.HasUsablePassword() || closed.IsActive || len(closed.Password) != 41 {
			t.Errorf("closed = %+v, %v", closed.Password, err)
		}
		root, err := users.CreateSuperuser(t.Context(), identity.NewUser{Username: "root", Password: "x"})
		if err != nil || !root.IsStaff || !root.IsSuperuser || !root.IsActive {
			t.Errorf("root = %v, %v", root, err)
		}
		if _, err := users.CreateUser(t.Context(), identity.NewUser{}); err == nil {
			t.Error("an account without a name was made")
		}
		_, err = users.CreateUser(t.Context(), identity.NewUser{Username: "root"})
		var taken *orm.ConstraintError
		if !errors.As(orm.Translate(err), &taken) || taken.Kind != orm.UniqueViolation {
			t.Errorf("second root: %v, want a unique violation", err)
		}
	})
}

func TestByUsername(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		alice := identitytest.User(t, users, "alice", "")
		if got, err := users.ByUsername(t.Context(), "alice"); err != nil || got.ID != alice.ID {
			t.Errorf("alice: %v, %v", got, err)
		}
		for _, name := range []string{"Alice", "", "nobody", "a\x00", "\xed\xa0\x80", "' OR 1=1 --", strings.Repeat("x", 100_000)} {
			if got, err := users.ByUsername(t.Context(), name); !errors.Is(err, identity.ErrNoUser) {
				t.Errorf("%.20q: %v, %v; want ErrNoUser", name, got, err)
			}
		}
		for _, id := range []int64{0, -1, alice.ID + 1, 1 << 31, 1 << 62} {
			if got, err := users.ByID(t.Context(), id); !errors.Is(err, identity.ErrNoUser) {
				t.Errorf("%d: %v, %v; want ErrNoUser", id, got, err)
			}
		}
	})
}

func TestAuthenticate(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		s := &spy{Hasher: identity.PBKDF2{Iterations: 10}}
		users.Passwords = &identity.Passwords{Hashers: []identity.Hasher{s}}
		alice := identitytest.User(t, users, "alice", "right")
		if _, err := users.CreateUser(t.Context(), identity.NewUser{Username: "carol", Password: "right", Inactive: true}); err != nil {
			t.Fatal(err)
		}
		if got, err := users.Authenticate(t.Context(), "alice", "right"); err != nil || got.ID != alice.ID {
			t.Errorf("right password: %v, %v", got, err)
		}
		s.hashed = 0
		for _, c := range [][2]string{{"alice", "wrong"}, {"carol", "right"}, {"nobody", "right"}, {"a\x00", "right"}} {
			if got, err := users.Authenticate(t.Context(), c[0], c[1]); !errors.Is(err, identity.ErrCredentials) {
				t.Errorf("%q, %q: %v, %v; want ErrCredentials", c[0], c[1], got, err)
			}
		}
		if s.hashed != 2 {
			t.Errorf("unknown names cost %d hashes, want one each: the time tells which names exist", s.hashed)
		}
	})
}

func TestHashIsRenewed(t *testing.T) {
	old, err := identity.PBKDF2{Digest: identity.SHA1, Iterations: 5}.Hash("right")
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		alice := identitytest.User(t, users, "alice", "")
		set := func(encoded string) {
			if err := db.Gorm.Exec("UPDATE auth_user SET password = ? WHERE id = ?", encoded, alice.ID).Error; err != nil {
				t.Fatal(err)
			}
		}
		stored := func() string {
			u, err := users.ByID(t.Context(), alice.ID)
			if err != nil {
				t.Fatal(err)
			}
			return u.Password
		}
		set(old)
		if _, err := users.Authenticate(t.Context(), "alice", "wrong"); err == nil || stored() != old {
			t.Errorf("a wrong password changed the hash: %v", err)
		}
		user, err := users.Authenticate(t.Context(), "alice", "right")
		if err != nil {
			t.Fatal(err)
		}
		renewed := stored()
		if !strings.HasPrefix(renewed, "pbkdf2_sha256$10$") || user.Password != renewed {
			t.Errorf("the stored hash is %q, the user's %q; want the preferred one", renewed, user.Password)
		}
		if _, err := users.Authenticate(t.Context(), "alice", "right"); err != nil || stored() != renewed {
			t.Errorf("a current hash was changed: %v", err)
		}
		// Somebody else changes the password while this check runs: the change stays.
		user.Password = old
		if ok, err := users.CheckPassword(t.Context(), user, "right"); !ok || err != nil || stored() != renewed {
			t.Errorf("CheckPassword = %v, %v; the stored hash is changed: %v", ok, err, stored() != renewed)
		}
	})
}

func TestSetPasswordAndLastLogin(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		alice := identitytest.User(t, users, "alice", "old")
		other := identitytest.User(t, users, "other", "old")
		if err := users.SetPassword(t.Context(), alice, "new"); err != nil {
			t.Fatal(err)
		}
		if err := users.UpdateLastLogin(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		got, err := users.Authenticate(t.Context(), "alice", "new")
		if err != nil || got.LastLogin == nil || !got.LastLogin.Equal(*alice.LastLogin) {
			t.Errorf("after SetPassword and UpdateLastLogin: %v, %v", got, err)
		}
		if kept, err := users.Authenticate(t.Context(), "other", "old"); err != nil || kept.LastLogin != nil {
			t.Errorf("another account changed too: %v, %v", kept, err)
		}
		if err := users.SetUnusablePassword(t.Context(), other); err != nil {
			t.Fatal(err)
		}
		if _, err := users.Authenticate(t.Context(), "other", other.Password); !errors.Is(err, identity.ErrCredentials) {
			t.Errorf("an unusable password opens the account: %v", err)
		}
		if err := users.SetPassword(t.Context(), &identity.User{ID: 99}, "x"); !errors.Is(err, identity.ErrNoUser) {
			t.Errorf("nobody's password: %v, want ErrNoUser", err)
		}
	})
}

func TestTokens(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		alice := identitytest.User(t, users, "alice", "")
		identitytest.User(t, users, "bob", "")
		first, err := users.TokenOf(t.Context(), alice)
		if err != nil {
			t.Fatal(err)
		}
		again, err := users.TokenOf(t.Context(), alice)
		if err != nil || again.Key != first.Key || len(first.Key) != 40 {
			t.Errorf("second call: %v, %v; want the same 40 digits", again, err)
		}
		got, err := users.TokenByKey(t.Context(), first.Key)
		if err != nil || got.User == nil || got.User.Username != "alice" || got.Created.IsZero() {
			t.Errorf("TokenByKey = %v, %v", got, err)
		}
		for _, key := range []string{"", "x", "\x00", "\xff"} {
			if _, err := users.TokenByKey(t.Context(), key); !errors.Is(err, identity.ErrNoToken) {
				t.Errorf("%q: %v, want ErrNoToken", key, err)
			}
		}
		if err := users.DeleteToken(t.Context(), alice); err != nil {
			t.Fatal(err)
		}
		if _, err := users.TokenByKey(t.Context(), first.Key); !errors.Is(err, identity.ErrNoToken) {
			t.Errorf("after DeleteToken: %v, want ErrNoToken", err)
		}
	})
}

func TestTokenOfAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		alice := identitytest.User(t, users, "alice", "")
		keys := make([]string, 8)
		var wait sync.WaitGroup
		for i := range keys {
			wait.Go(func() {
				token, err := users.TokenOf(t.Context(), alice)
				if err != nil {
					t.Error(err)
					return
				}
				keys[i] = token.Key
			})
		}
		wait.Wait()
		for _, key := range keys {
			if key != keys[0] {
				t.Errorf("keys %v: want one", keys)
			}
		}
	})
}
