package session_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/session"
)

// stored is a committed session with one value.
func stored(t *testing.T, st *session.Store) *session.Session {
	t.Helper()
	s := session.New()
	s.Set("a", "1")
	commit(t, st, s, false)
	return s
}

// TestDatabaseFails: every method says what it was doing.
func TestDatabaseFails(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "x")
		mine, fresh := stored(t, st), session.New()
		if err := st.Login(t.Context(), mine, alice); err != nil {
			t.Fatal(err)
		}
		commit(t, st, mine, true)
		fresh.Set("a", "1")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, c := range []struct {
			text string
			call func() error
		}{
			{"session: loading", func() error { _, err := st.Load(ctx, mine.Key()); return err }},
			{"session: creating", func() error { _, err := st.Commit(ctx, fresh, false); return err }},
			{"session: saving", func() error { mine.Touch(); _, err := st.Commit(ctx, mine, true); return err }},
			{"session: deleting", func() error { return st.Flush(ctx, open(t, st, mine.Key())) }},
			{"session: creating", func() error { return st.CycleKey(ctx, open(t, st, mine.Key())) }},
			{"session: creating", func() error { return st.KeepLogin(ctx, open(t, st, mine.Key()), alice) }},
			{"session: creating", func() error { return st.Login(ctx, session.New(), alice) }},
			{"session: deleting", func() error { return st.Logout(ctx, open(t, st, mine.Key())) }},
			{"session: clearing", func() error { _, err := st.ClearExpired(ctx); return err }},
			{"identity: loading a user", func() error { _, err := st.User(ctx, open(t, st, mine.Key()), users); return err }},
		} {
			if err := c.call(); !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), c.text) {
				t.Errorf("%s: %v", c.text, err)
			}
		}
		if u, err := st.User(t.Context(), open(t, st, mine.Key()), users); err != nil || u == nil || rows(t, db) != 1 {
			t.Errorf("after all that: %v, %v, %d rows; want alice and one row", u, err, rows(t, db))
		}
	})
}

func TestValuesThatAreNoJSON(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		bad, mine := session.New(), stored(t, st)
		bad.Set("f", func() {})
		mine.Set("f", func() {})
		for name, s := range map[string]*session.Session{"a new one": bad, "a stored one": mine} {
			if _, err := st.Commit(t.Context(), s, true); err == nil || !strings.HasPrefix(err.Error(), "session: writing the values") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := st.CycleKey(t.Context(), mine); err == nil {
			t.Error("CycleKey stored a function")
		}
		if rows(t, db) != 1 {
			t.Errorf("%d rows, want the one from before", rows(t, db))
		}
	})
}

func TestForgedRowsAreReported(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		var log bytes.Buffer
		st.Logger = slog.New(slog.NewTextHandler(&log, nil))
		for _, data := range []string{"", "forged", "a:b:c", "e30:1sDCAC:x"} {
			row := session.Row{SessionKey: "forgedforged", SessionData: data, ExpireDate: c.at.Add(time.Hour)}
			if err := db.Gorm.Save(&row).Error; err != nil {
				t.Fatal(err)
			}
			log.Reset()
			s := open(t, st, "forgedforged")
			if len(s.Values()) != 0 || !strings.Contains(log.String(), "level=WARN") || strings.Contains(log.String(), "forgedforged") {
				t.Errorf("%q: values %v, log %s", data, s.Values(), &log)
			}
		}
	})
}

func TestStoreInATransaction(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		mine, undo := stored(t, st), errors.New("undo")
		err := db.Gorm.Transaction(func(tx *gorm.DB) error {
			within := st.With(tx)
			s, err := within.Load(t.Context(), mine.Key())
			if err != nil || s.Text("a") != "1" {
				t.Errorf("within: %v, %v", s.Values(), err)
			}
			if err := within.CycleKey(t.Context(), s); err != nil {
				return err
			}
			if s.Key() == mine.Key() {
				t.Error("the key was not changed")
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if open(t, st, mine.Key()).Text("a") != "1" || rows(t, db) != 1 {
			t.Errorf("%d rows after the transaction was undone, want the old one", rows(t, db))
		}
	})
}

// TestLoginsAtOnce: each of several logins from one visitor's session has a key of its own, and the visitor's is worth
// nothing afterwards.
func TestLoginsAtOnce(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "x")
		visitor := stored(t, st)
		const logins = 8
		sessions := make([]*session.Session, logins)
		for i := range sessions {
			sessions[i] = open(t, st, visitor.Key())
		}
		var wait sync.WaitGroup
		for _, s := range sessions {
			wait.Go(func() {
				if err := st.Login(t.Context(), s, alice); err != nil {
					t.Error(err)
					return
				}
				if _, err := st.Commit(t.Context(), s, true); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		keys := map[string]bool{visitor.Key(): true}
		for _, s := range sessions {
			if keys[s.Key()] {
				t.Errorf("the key %q is there twice", s.Key())
			}
			keys[s.Key()] = true
			if u, err := st.User(t.Context(), open(t, st, s.Key()), users); err != nil || u == nil || u.ID != alice.ID {
				t.Errorf("User = %v, %v; want alice", u, err)
			}
		}
		if !open(t, st, visitor.Key()).IsEmpty() || rows(t, db) != logins {
			t.Errorf("%d rows, want %d and the visitor's gone", rows(t, db), logins)
		}
	})
}

// TestLogoutWins: a request that runs while its session is logged out elsewhere does not bring the session back.
func TestLogoutWins(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "x")
		s := session.New()
		if err := st.Login(t.Context(), s, alice); err != nil {
			t.Fatal(err)
		}
		commit(t, st, s, false)
		others := make([]*session.Session, 12)
		for i := range others {
			others[i] = open(t, st, s.Key())
		}
		var wait sync.WaitGroup
		for i, other := range others {
			wait.Go(func() {
				if i == 5 {
					if err := st.Logout(t.Context(), other); err != nil {
						t.Error(err)
					}
					return
				}
				other.Set("n", i)
				if _, err := st.Commit(t.Context(), other, true); err != nil && !errors.Is(err, session.ErrGone) {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		if rows(t, db) != 0 {
			t.Errorf("%d rows after the logout, want none", rows(t, db))
		}
	})
}

// TestUserOfAGoneRow: a login with an older secret is renewed under a new key also when another request did so before.
func TestUserOfAGoneRow(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "x")
		s := session.New()
		if err := st.Login(t.Context(), s, alice); err != nil {
			t.Fatal(err)
		}
		commit(t, st, s, false)
		newer := *st
		newer.Secret, newer.Fallbacks = "another secret", []string{"unknown", secret}
		first, second := open(t, &newer, s.Key()), open(t, &newer, s.Key())
		for _, renewed := range []*session.Session{first, second} {
			if u, err := newer.User(t.Context(), renewed, users); err != nil || u == nil || renewed.Key() == s.Key() {
				t.Errorf("User = %v, %v, key kept %v", u, err, renewed.Key() == s.Key())
			}
		}
		if first.Key() == second.Key() || !open(t, &newer, s.Key()).IsEmpty() {
			t.Errorf("keys %q and %q, or the old one lives", first.Key(), second.Key())
		}
	})
}
