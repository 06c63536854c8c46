package identity_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// clock is a time that tests move on.
type clock struct{ nanoseconds atomic.Int64 }

func (c *clock) now() time.Time             { return time.Unix(1_800_000_000, c.nanoseconds.Load()) }
func (c *clock) pass(d time.Duration)       { c.nanoseconds.Add(int64(d)) }
func (c *clock) nearlyPass(d time.Duration) { c.pass(d - 1) }

const cachedFor = 800 * time.Millisecond

// remembering is a Store that remembers accounts, with alice in it.
type remembering struct {
	*identity.Store
	*clock
	db    *orm.DB
	alice *identity.User
}

func eachRemembering(t *testing.T, test func(t *testing.T, s *remembering)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		c := &clock{}
		users := identitytest.Store(db.Gorm)
		users.Now, users.CacheFor = c.now, cachedFor
		test(t, &remembering{users, c, db, identitytest.User(t, users, "alice", "")})
	})
}

var errRefused = errors.New("refused")

// active is a check of Account.
func active(user *identity.User) error {
	if !user.IsActive {
		return errRefused
	}
	return nil
}

// exec changes the database behind the Store's back.
func (s *remembering) exec(t *testing.T, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := s.db.Gorm.Exec(statement).Error; err != nil {
			t.Fatal(err)
		}
	}
}

// ask asks for alice and returns what was said, and how many statements it took.
func (s *remembering) ask(t *testing.T) (answer string, statements int64) {
	t.Helper()
	ctx, n := orm.CountStatements(t.Context())
	user, err := s.Account(ctx, s.alice.ID, active)
	if err != nil {
		return err.Error(), n.Load()
	}
	return user.Username, n.Load()
}

// may asks whether alice may add a product.
func (s *remembering) may(t *testing.T) (answer bool, statements int64) {
	t.Helper()
	ctx, n := orm.CountStatements(t.Context())
	set, err := s.RecentPermissions(ctx, s.alice)
	if err != nil {
		t.Fatal(err)
	}
	return set.Has("catalog.add_product"), n.Load()
}

func (s *remembering) wantAnswer(t *testing.T, when, want string, statements int64) {
	t.Helper()
	if got, n := s.ask(t); got != want || n != statements {
		t.Errorf("%s: got %q with %d statements, want %q with %d", when, got, n, want, statements)
	}
}

func (s *remembering) wantPermission(t *testing.T, when string, want bool, statements int64) {
	t.Helper()
	if got, n := s.may(t); got != want || n != statements {
		t.Errorf("%s: got %v with %d statements, want %v with %d", when, got, n, want, statements)
	}
}

const disableAlice = "UPDATE auth_user SET is_active = FALSE WHERE username = 'alice'"

// patient is a context that counts how often somebody would wait for its end.
type patient struct {
	context.Context
	asked int
}

func (p *patient) Done() <-chan struct{} {
	p.asked++
	return p.Context.Done()
}

// TestKnownAccountsAreNotWaitedFor: contexts make a channel, and those of requests a timer, when somebody waits for their end.
func TestKnownAccountsAreNotWaitedFor(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		s.ask(t)
		ctx := &patient{Context: t.Context()}
		if user, err := s.Account(ctx, s.alice.ID, active); err != nil || user.Username != "alice" || ctx.asked != 0 {
			t.Errorf("got %v, %v after %d times", user, err, ctx.asked)
		}
	})
}

// TestChangesElsewhereAreSeenInTime disables an account and takes a permission away as another replica does it.
func TestChangesElsewhereAreSeenInTime(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		s.exec(t, allow...)
		s.wantAnswer(t, "at first", "alice", 1)
		s.wantPermission(t, "at first", true, 1)
		s.wantAnswer(t, "again", "alice", 0)
		s.wantPermission(t, "again", true, 0)
		s.exec(t, disableAlice, "DELETE FROM auth_user_groups")
		s.nearlyPass(cachedFor)
		s.wantAnswer(t, "within the time", "alice", 0)
		s.wantPermission(t, "within the time", true, 0)
		s.pass(1)
		s.wantAnswer(t, "after it", "refused", 1)
		s.wantPermission(t, "after it", false, 1)
	})
}

// TestAccountWithPermissions loads both by one statement, and what was loaded without permissions once more.
func TestAccountWithPermissions(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		s.exec(t, allow...)
		both := func(users *identity.Store) (what string, statements int64) {
			ctx, n := orm.CountStatements(t.Context())
			user, held, err := users.AccountWithPermissions(ctx, s.alice.ID, active)
			switch {
			case err != nil:
				what = err.Error()
			case held == nil:
				what = user.Username + " without any"
			default:
				what = fmt.Sprint(user.Username, " ", slices.Collect(held.Names()), held.Has("catalog.add_product"))
			}
			return what, n.Load()
		}
		want := func(when string, users *identity.Store, what string, statements int64) {
			t.Helper()
			if got, n := both(users); got != what || n != statements {
				t.Errorf("%s: got %q with %d statements, want %q with %d", when, got, n, what, statements)
			}
		}
		s.wantAnswer(t, "by itself", "alice", 1)
		want("after the account", s.Store, "alice [catalog.add_product] true", 1)
		want("again", s.Store, "alice [catalog.add_product] true", 0)
		s.wantAnswer(t, "by itself, again", "alice", 0)
		s.exec(t, "DELETE FROM auth_user_groups")
		want("within the time", s.Store, "alice [catalog.add_product] true", 0)
		want("in a transaction", s.With(s.db.Gorm), "alice [] false", 1)
		s.pass(cachedFor)
		want("after it", s.Store, "alice [] false", 1)
		s.exec(t, "UPDATE auth_user SET is_superuser = TRUE")
		s.pass(cachedFor)
		want("a superuser", s.Store, "alice without any", 1)
		s.exec(t, disableAlice)
		s.pass(cachedFor)
		want("inactive", s.Store, "refused", 1)
		s.exec(t, "DELETE FROM auth_user")
		s.pass(cachedFor)
		want("deleted", s.Store, identity.ErrNoUser.Error(), 1)
	})
}

// allow gives alice the permission to add products, by a group.
var allow = []string{
	"INSERT INTO django_content_type (id, app_label, model) VALUES (1, 'catalog', 'product')",
	"INSERT INTO auth_permission (id, name, content_type_id, codename) VALUES (1, 'Can add product', 1, 'add_product')",
	"INSERT INTO auth_group (id, name) VALUES (1, 'office')",
	"INSERT INTO auth_group_permissions (group_id, permission_id) VALUES (1, 1)",
	"INSERT INTO auth_user_groups (user_id, group_id) SELECT id, 1 FROM auth_user",
}

// TestTheTimeBeginsBeforeTheStatement: what was changed while a slow answer was on its way is not seen for longer.
func TestTheTimeBeginsBeforeTheStatement(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		_, err := s.Account(t.Context(), s.alice.ID, func(*identity.User) error { s.nearlyPass(cachedFor); return nil })
		if err != nil {
			t.Fatal(err)
		}
		s.wantAnswer(t, "within the time", "alice", 0)
		s.exec(t, disableAlice)
		s.pass(1)
		s.wantAnswer(t, "after it", "refused", 1)
	})
}

func TestRefusalsAreNeverOutOfDate(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		s.exec(t, disableAlice)
		s.wantAnswer(t, "disabled", "refused", 1)
		s.exec(t, "UPDATE auth_user SET is_active = TRUE")
		s.wantAnswer(t, "enabled elsewhere", "alice", 1)
		s.wantAnswer(t, "again", "alice", 0)
		s.exec(t, "DELETE FROM auth_user")
		s.pass(cachedFor)
		s.wantAnswer(t, "deleted", identity.ErrNoUser.Error(), 1)
		s.wantAnswer(t, "deleted, again", identity.ErrNoUser.Error(), 1)
	})
}

// TestOwnChangesAreSeenAtOnce: everything in this process that stores an account or a permission lets it be loaded again.
func TestOwnChangesAreSeenAtOnce(t *testing.T) {
	disabled := identity.User{}
	for name, change := range map[string]struct {
		do    func(ctx context.Context, s *remembering) error
		users int64 // statements of the next look-ups
	}{
		"password":    {func(ctx context.Context, s *remembering) error { return s.SetPassword(ctx, s.alice, "new") }, 1},
		"no password": {func(ctx context.Context, s *remembering) error { return s.SetUnusablePassword(ctx, s.alice) }, 1},
		"login":       {func(ctx context.Context, s *remembering) error { return s.UpdateLastLogin(ctx, s.alice) }, 1},
		"account":     {func(_ context.Context, s *remembering) error { s.Changed(s.db.Gorm, s.alice); return nil }, 1},
		"group":       {func(_ context.Context, s *remembering) error { s.Changed(s.db.Gorm, &identity.Group{}); return nil }, 1},
		"permission": {func(_ context.Context, s *remembering) error {
			s.Changed(s.db.Gorm, &identity.Permission{})
			return nil
		}, 1},
		"all": {func(_ context.Context, s *remembering) error { s.ForgetAll(); return nil }, 1},
		"another account": {func(_ context.Context, s *remembering) error {
			s.Changed(s.db.Gorm, &identity.User{ID: 77})
			return nil
		}, 0},
		"something else":   {func(_ context.Context, s *remembering) error { s.Changed(s.db.Gorm, &disabled.ID); return nil }, 0},
		"in a transaction": {inTransaction(nil), 1},
		"undone":           {inTransaction(errRefused), 0},
	} {
		t.Run(name, func(t *testing.T) {
			eachRemembering(t, func(t *testing.T, s *remembering) {
				s.ask(t)
				s.may(t)
				if err := change.do(t.Context(), s); err != nil && !errors.Is(err, errRefused) {
					t.Fatal(err)
				}
				s.wantAnswer(t, "account", "alice", change.users)
				s.wantPermission(t, "permissions", false, change.users)
			})
		})
	}
}

// inTransaction stores a password in a transaction, in which the account is asked for by another request before its end.
func inTransaction(end error) func(ctx context.Context, s *remembering) error {
	return func(ctx context.Context, s *remembering) error {
		return orm.Atomic(ctx, s.db.Gorm, func(tx *gorm.DB) error {
			inside := s.With(tx)
			before, err := inside.Account(ctx, s.alice.ID, active)
			if err != nil {
				return err
			}
			if err := inside.SetPassword(ctx, s.alice, "new"); err != nil {
				return err
			}
			after, err := inside.Account(ctx, s.alice.ID, active)
			if err != nil || after.Password == before.Password {
				return fmt.Errorf("the transaction does not see what it wrote: %w", err)
			}
			if outside, err := s.Account(ctx, s.alice.ID, active); err != nil || outside.Password != before.Password {
				return fmt.Errorf("others see what is not committed: %w", err)
			}
			return end
		})
	}
}

func TestAccountIsTheCallersOwn(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		if err := s.UpdateLastLogin(t.Context(), s.alice); err != nil {
			t.Fatal(err)
		}
		for range 3 { // the one who loaded it, and others
			user, err := s.Account(t.Context(), s.alice.ID, func(user *identity.User) error { user.Email = "mine"; return nil })
			if err != nil || user.Email != "" || user.LastLogin.Year() < 2000 {
				t.Fatalf("changed by others: %q, %v, %v", user.Email, user.LastLogin, err)
			}
			user.IsSuperuser, user.Email, *user.LastLogin = true, "mine", time.Time{}
		}
	})
}

// TestAccountsShareALookUp lets many requests of one account come while the first statement is on its way.
func TestAccountsShareALookUp(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		ctx, n := orm.CountStatements(t.Context())
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if user, err := s.Account(ctx, s.alice.ID, active); err != nil || user.Username != "alice" {
					t.Errorf("got %v, %v", user, err)
				}
			})
		}
		all.Wait()
		if n.Load() != 1 {
			t.Errorf("%d statements, want 1", n.Load())
		}
	})
}

// TestWhoGoesAwayTakesNobodyAlong ends the context of the request whose statement others wait for.
func TestWhoGoesAwayTakesNobodyAlong(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		ended, end := context.WithCancel(t.Context())
		end()
		for range 2 {
			if _, err := s.Account(ended, s.alice.ID, active); !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
		}
		s.wantAnswer(t, "somebody else", "alice", 1)
	})
}

func TestNothingIsRememberedByDefault(t *testing.T) {
	for _, life := range []time.Duration{0, -1} {
		eachRemembering(t, func(t *testing.T, s *remembering) {
			s.Store = &identity.Store{DB: s.db.Gorm, Now: s.now, CacheFor: life}
			for range 2 {
				s.wantAnswer(t, "account", "alice", 1)
				s.wantPermission(t, "permissions", false, 1)
			}
			if s.Cached() {
				t.Error("it says that it remembers")
			}
			s.ForgetAll()
			s.Changed(s.db.Gorm, s.alice)
		})
	}
}

// TestWhatASuperuserMayIsNotRemembered, as it would outlive the account's own flag.
func TestWhatASuperuserMayIsNotRemembered(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		s.alice.IsSuperuser = true
		s.wantPermission(t, "a superuser", true, 1)
		s.alice.IsSuperuser = false
		s.wantPermission(t, "not any more", false, 1)
	})
}

// TestManyAccountsAreRenewedTogether: while many accounts send requests, one statement brings those that came up to date before
// they are too old; what was forgotten meanwhile is not brought back.
func TestManyAccountsAreRenewedTogether(t *testing.T) {
	eachRemembering(t, func(t *testing.T, s *remembering) {
		ids := []int64{s.alice.ID}
		for i := range 30 {
			ids = append(ids, identitytest.User(t, s.Store, fmt.Sprintf("user%d", i), "").ID)
		}
		ask := func(ctx context.Context, ids ...int64) (refused int) {
			for _, id := range ids {
				var err error
				if id%2 == 0 {
					_, _, err = s.AccountWithPermissions(ctx, id, active)
				} else {
					_, err = s.Account(ctx, id, active)
				}
				if err != nil {
					refused++
				}
			}
			return refused
		}
		renew := func() { // all were asked for, and are in their last third
			t.Helper()
			s.pass(cachedFor * 3 / 8)
			ask(t.Context(), ids...)
			s.pass(cachedFor * 3 / 8)
			ask(t.Context(), ids[0])
			for deadline := time.Now().Add(10 * time.Second); s.Renewing(); time.Sleep(time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("the renewal does not end")
				}
			}
		}
		ask(t.Context(), ids...)
		ctx, count := orm.CountStatements(t.Context())
		for range 5 {
			renew()
			if refused := ask(ctx, ids...); refused > 0 || count.Load() > 0 {
				t.Fatalf("%d are refused, %d were looked up alone", refused, count.Load())
			}
		}
		s.exec(t, "UPDATE auth_user SET is_active = false")
		renew()
		if refused := ask(t.Context(), ids...); refused != len(ids) {
			t.Errorf("%d of %d disabled accounts are refused", refused, len(ids))
		}
	})
}
