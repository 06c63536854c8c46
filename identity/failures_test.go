package identity_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
)

// TestDatabaseAway: every method fails, and says what it was doing.
func TestDatabaseAway(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		registry, err := orm.NewRegistry(&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{})
		if err != nil {
			t.Fatal(err)
		}
		alice := identitytest.User(t, users, "alice", "right")
		outdated := *alice
		if outdated.Password, err = (identity.PBKDF2{Iterations: 9}).Hash("right"); err != nil {
			t.Fatal(err)
		}
		db.Close()
		ctx := t.Context()
		for doing, call := range map[string]func() error{
			"loading a user":                         func() error { _, err := users.ByID(ctx, alice.ID); return err },
			"loading a user (by name)":               func() error { _, err := users.ByUsername(ctx, "alice"); return err },
			"loading a user (login)":                 func() error { _, err := users.Authenticate(ctx, "alice", "right"); return err },
			"renewing a password hash":               func() error { _, err := users.CheckPassword(ctx, &outdated, "right"); return err },
			"storing password of a user":             func() error { return users.SetPassword(ctx, alice, "new") },
			"storing password of a user (none)":      func() error { return users.SetUnusablePassword(ctx, alice) },
			"storing last_login of a user":           func() error { return users.UpdateLastLogin(ctx, alice) },
			`storing the new user "bob"`:             func() error { _, err := users.CreateUser(ctx, identity.NewUser{Username: "bob"}); return err },
			"loading permissions":                    func() error { _, err := users.Permissions(ctx, alice); return err },
			"loading permissions (one)":              func() error { _, err := users.HasPerm(ctx, alice, "a.b"); return err },
			"loading a token":                        func() error { _, err := users.TokenByKey(ctx, "key"); return err },
			"loading a token (of a user)":            func() error { _, err := users.TokenOf(ctx, alice); return err },
			"deleting a token":                       func() error { return users.DeleteToken(ctx, alice) },
			"storing the permissions of the models:": func() error { return users.EnsurePermissions(ctx, registry) },
		} {
			text, _, _ := strings.Cut(doing, " (")
			err := call()
			if err == nil || !strings.HasPrefix(err.Error(), "identity: "+text) {
				t.Errorf("%s: %v", doing, err)
			}
		}
	})
}

// TestEndedContext: what a client that went away asked for is not done.
func TestEndedContext(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		alice := identitytest.User(t, users, "alice", "right")
		before := alice.Password
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for name, call := range map[string]func() error{
			"Authenticate":             func() error { _, err := users.Authenticate(ctx, "alice", "right"); return err },
			"Authenticate of a nobody": func() error { _, err := users.Authenticate(ctx, "a\x00", "right"); return err },
			"CheckPassword":            func() error { _, err := users.CheckPassword(ctx, alice, "right"); return err },
			"HashPassword":             func() error { return users.HashPassword(ctx, alice, "new") },
			"SetPassword":              func() error { return users.SetPassword(ctx, alice, "new") },
			"CreateUser": func() error {
				_, err := users.CreateUser(ctx, identity.NewUser{Username: "bob", Password: "x"})
				return err
			},
		} {
			if err := call(); !errors.Is(err, context.Canceled) || errors.Is(err, identity.ErrCredentials) {
				t.Errorf("%s: %v, want context.Canceled", name, err)
			}
		}
		if alice.Password != before {
			t.Error("the hash was changed")
		}
		if _, err := users.ByUsername(t.Context(), "bob"); !errors.Is(err, identity.ErrNoUser) {
			t.Errorf("bob: %v, want ErrNoUser", err)
		}
	})
}

// TestStoreInATransaction: what was done on the transaction's store goes with it.
func TestStoreInATransaction(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		bare := &identity.Store{DB: db.Gorm, Passwords: identitytest.Passwords(), Now: func() time.Time { return at }}
		undo := errors.New("undo")
		err := db.Gorm.Transaction(func(tx *gorm.DB) error {
			within := bare.With(tx)
			bob, err := within.CreateUser(t.Context(), identity.NewUser{Username: "bob", Password: "secret pass"})
			if err != nil {
				return err
			}
			if !bob.DateJoined.Equal(at) || within.Passwords != bare.Passwords {
				t.Errorf("joined %v, passwords shared %v", bob.DateJoined, within.Passwords == bare.Passwords)
			}
			if err := within.ValidatePassword("short", bob); err == nil {
				t.Error("the default policy is not asked")
			}
			if _, err := within.Authenticate(t.Context(), "bob", "secret pass"); err != nil {
				t.Errorf("bob is not there within: %v", err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if _, err := users.ByUsername(t.Context(), "bob"); !errors.Is(err, identity.ErrNoUser) {
			t.Errorf("bob after the transaction: %v, want ErrNoUser", err)
		}
	})
}

func TestEnsurePermissionsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, users *identity.Store) {
		registry, err := orm.NewRegistry(&identity.Permission{}, &identity.Group{}, &identity.User{}, &identity.ContentType{}, &identity.Token{})
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		for range 6 {
			wait.Go(func() {
				if err := users.EnsurePermissions(t.Context(), registry); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		var types, permissions, names int64
		db.Gorm.Model(&identity.ContentType{}).Count(&types)
		db.Gorm.Model(&identity.Permission{}).Count(&permissions)
		db.Gorm.Model(&identity.Permission{}).Distinct("content_type_id", "codename").Count(&names)
		if types != 6 || permissions != 24 || names != 24 {
			t.Errorf("%d content types, %d permissions, %d different; want 6, 24, 24", types, permissions, names)
		}
	})
}

// gauge notes how many calls run at once.
type gauge struct {
	identity.Hasher
	now, most atomic.Int64
}

func (g *gauge) Hash(password string) (string, error) {
	n := g.now.Add(1)
	defer g.now.Add(-1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); most = g.most.Load() {
	}
	time.Sleep(time.Millisecond)
	return g.Hasher.Hash(password)
}

func TestSlotsAreKeptAndGivenBack(t *testing.T) {
	g := &gauge{Hasher: identity.PBKDF2{Iterations: 1}}
	passwords := &identity.Passwords{Hashers: []identity.Hasher{g}, Parallel: 3}
	var wait sync.WaitGroup
	var done, gaveUp atomic.Int64
	for i := range 60 {
		ctx, cancel := t.Context(), func() {}
		if i%2 == 1 {
			ctx, cancel = context.WithTimeout(ctx, time.Duration(i)*100*time.Microsecond)
		}
		wait.Go(func() {
			defer cancel()
			switch _, err := passwords.Hash(ctx, "x"); {
			case err == nil:
				done.Add(1)
			case errors.Is(err, context.DeadlineExceeded) && strings.HasPrefix(err.Error(), "identity: waiting for a free slot"):
				gaveUp.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wait.Wait()
	if g.most.Load() > 3 || done.Load() < 30 || done.Load()+gaveUp.Load() != 60 {
		t.Errorf("%d at once, %d done, %d gave up; want at most 3 at once and the 30 that may wait done", g.most.Load(), done.Load(), gaveUp.Load())
	}
	for range 3 { // all slots are free again
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := passwords.Hash(ctx, "x"); err != nil {
			t.Error(err)
		}
		cancel()
	}
}
