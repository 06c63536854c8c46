package session_test

import (
	"testing"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/session"
)

// TestRememberedAccountsEndNoSession: another replica gives alice a new password and keeps the session of the browser that
// asked for it. A replica that remembers her with the old one must not end that session, and must end her others in time.
func TestRememberedAccountsEndNoSession(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		elsewhere := identitytest.Store(db.Gorm)
		here := identitytest.Store(db.Gorm)
		here.Now, here.CacheFor = c.now, time.Second/2
		alice := identitytest.User(t, elsewhere, "alice", "old")
		begin := func() *session.Session {
			s := session.New()
			if err := st.Login(t.Context(), s, alice); err != nil {
				t.Fatal(err)
			}
			commit(t, st, s, false)
			return s
		}
		kept, other := begin(), begin()
		who := func(key string) string { return userOf(t, st, key, here) }
		if got := who(kept.Key()); got != "alice" {
			t.Fatalf("at first: %q", got)
		}
		if err := elsewhere.SetPassword(t.Context(), alice, "new"); err != nil {
			t.Fatal(err)
		}
		if err := st.KeepLogin(t.Context(), kept, alice); err != nil {
			t.Fatal(err)
		}
		commit(t, st, kept, true)
		if got := who(other.Key()); got != "alice" {
			t.Errorf("the other session within the time: %q", got)
		}
		if got := who(kept.Key()); got != "alice" {
			t.Errorf("the kept session: %q", got)
		}
		c.at = c.at.Add(time.Second / 2)
		if got := who(other.Key()); got != "" {
			t.Errorf("the other session after the time: %q", got)
		}
		if got := who(kept.Key()); got != "alice" {
			t.Errorf("the kept session after the time: %q", got)
		}
	})
}

// userOf is the name of who is logged in by the session of that key.
func userOf(t *testing.T, st *session.Store, key string, users *identity.Store) string {
	t.Helper()
	user, err := st.User(t.Context(), open(t, st, key), users)
	if err != nil {
		t.Fatal(err)
	}
	if user == nil {
		return ""
	}
	return user.Username
}
