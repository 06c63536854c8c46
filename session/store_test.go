package session_test

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/session"
)

const secret = "a secret that is known to this test alone"

// clock is a time that tests can move.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

// each runs a test on empty tables of both databases.
func each(t *testing.T, test func(t *testing.T, db *orm.DB, st *session.Store, c *clock)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		c := &clock{time.Date(2026, 1, 2, 3, 4, 5, 678901000, time.UTC)}
		logger := slog.New(slog.NewTextHandler(io.Discard, nil))
		test(t, db, &session.Store{DB: db.Gorm, Secret: secret, Now: c.now, Logger: logger}, c)
	})
}

// commit stores a session and returns its cookie as text.
func commit(t *testing.T, st *session.Store, s *session.Session, sent bool) string {
	t.Helper()
	c, err := st.Commit(t.Context(), s, sent)
	if err != nil {
		t.Fatal(err)
	}
	if c == nil {
		return ""
	}
	return c.String()
}

func open(t *testing.T, st *session.Store, key string) *session.Session {
	t.Helper()
	s, err := st.Load(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func rows(t *testing.T, db *orm.DB) int64 {
	t.Helper()
	var n int64
	if err := db.Gorm.Model(&session.Row{}).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestCommitAndLoad(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		s := session.New()
		s.Set("cart", []any{"a", "b"})
		s.Set("n", 1)
		cookie := commit(t, st, s, false)
		want := "sessionid=" + s.Key() + "; Path=/; Expires=Fri, 16 Jan 2026 03:04:05 GMT; Max-Age=1209600; HttpOnly; SameSite=Lax"
		if cookie != want {
			t.Errorf("cookie %q\n  want %q", cookie, want)
		}
		if len(s.Key()) != 32 || strings.Trim(s.Key(), "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			t.Errorf("key %q, want 32 small letters and digits", s.Key())
		}
		got := open(t, st, s.Key())
		if diff := cmp.Diff(map[string]any{"cart": []any{"a", "b"}, "n": json.Number("1")}, got.Values()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		ctx, n := orm.CountStatements(t.Context())
		if cookie, err := st.Commit(ctx, got, true); cookie != nil || err != nil || n.Load() != 0 {
			t.Errorf("a session that was only read: cookie %v, %v, %d statements; want none", cookie, err, n.Load())
		}
		c.at = c.at.Add(session.DefaultAge - time.Second)
		got.Touch()
		commit(t, st, got, true)
		c.at = c.at.Add(session.DefaultAge - time.Second)
		if open(t, st, s.Key()).IsEmpty() {
			t.Error("a change did not prolong the session")
		}
		c.at = c.at.Add(2 * time.Second)
		if late := open(t, st, s.Key()); !late.IsEmpty() {
			t.Errorf("an expired session is there: %v", late.Values())
		}
	})
}

func TestStrangersCostNothing(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		ctx, n := orm.CountStatements(t.Context())
		for _, key := range []string{"", "short", "with\x00zero!", "\xff\xfe\xfd\xfc\xfb\xfa\xf9\xf8", strings.Repeat("x", 41)} {
			if s, err := st.Load(ctx, key); err != nil || !s.IsEmpty() || n.Load() != 0 {
				t.Errorf("%q: %v, %v after %d statements", key, s, err, n.Load())
			}
		}
		if c, err := st.Commit(ctx, session.New(), false); c != nil || err != nil || n.Load() != 0 || rows(t, db) != 0 {
			t.Errorf("an anonymous visitor: cookie %v, %v, %d statements", c, err, n.Load())
		}
		unknown := open(t, st, "nonsense")
		want := "sessionid=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; SameSite=Lax"
		if got := commit(t, st, unknown, true); got != want {
			t.Errorf("cookie for an unknown key %q\n want %q", got, want)
		}
	})
}

func TestForgedRowIsEmpty(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		data, err := session.Codec{Secret: "other"}.Encode(map[string]any{"a": "b"}, c.at)
		if err != nil {
			t.Fatal(err)
		}
		row := session.Row{SessionKey: "forgedforged", SessionData: data, ExpireDate: c.at.Add(time.Hour)}
		if err := db.Gorm.Create(&row).Error; err != nil {
			t.Fatal(err)
		}
		s := open(t, st, "forgedforged")
		if len(s.Values()) != 0 || s.Key() != "forgedforged" {
			t.Errorf("values %v, key %q", s.Values(), s.Key())
		}
	})
}

func TestGone(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		s := session.New()
		s.Set("a", 1)
		commit(t, st, s, false)
		here, there := open(t, st, s.Key()), open(t, st, s.Key())
		if err := st.Flush(t.Context(), there); err != nil {
			t.Fatal(err)
		}
		here.Set("a", 2)
		if _, err := st.Commit(t.Context(), here, true); !errors.Is(err, session.ErrGone) {
			t.Errorf("saving a deleted session: %v, want ErrGone", err)
		}
		if rows(t, db) != 0 {
			t.Error("a deleted session came back")
		}
	})
}

func TestAges(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		short, browser := session.New(), session.New()
		short.SetAge(time.Hour)
		browser.SetAge(0)
		if got := commit(t, st, short, false); !strings.Contains(got, "Max-Age=3600;") {
			t.Errorf("an hour: %q", got)
		}
		if got := commit(t, st, browser, false); strings.Contains(got, "Max-Age") || strings.Contains(got, "Expires") {
			t.Errorf("while the browser is open: %q", got)
		}
		c.at = c.at.Add(time.Hour + time.Second)
		if !open(t, st, short.Key()).IsEmpty() || open(t, st, browser.Key()).IsEmpty() {
			t.Error("the row of the short session lives, or that of the other one does not")
		}
		if n, err := st.ClearExpired(t.Context()); n != 1 || err != nil || rows(t, db) != 1 {
			t.Errorf("ClearExpired = %d, %v; %d rows left", n, err, rows(t, db))
		}
	})
}

func TestLogin(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		users := identitytest.Store(db.Gorm)
		alice, bob := identitytest.User(t, users, "alice", "x"), identitytest.User(t, users, "bob", "x")
		who := func(s *session.Session) string {
			u, err := st.User(t.Context(), s, users)
			if err != nil {
				t.Fatal(err)
			}
			if u == nil {
				return ""
			}
			return u.Username
		}
		login := func(s *session.Session, u *identity.User) {
			if err := st.Login(t.Context(), s, u); err != nil {
				t.Fatal(err)
			}
		}
		s := session.New()
		s.Set("cart", "full")
		commit(t, st, s, false)
		anonymous := s.Key()
		login(s, alice)
		if commit(t, st, s, true) == "" || s.Key() == anonymous || s.Text("cart") != "full" {
			t.Errorf("login: key %q, cart %q; want another key and the cart kept", s.Key(), s.Text("cart"))
		}
		if rows(t, db) != 1 || who(open(t, st, s.Key())) != "alice" {
			t.Errorf("%d rows, user %q; want 1, alice", rows(t, db), who(open(t, st, s.Key())))
		}
		first := s.Key()
		login(s, alice)
		commit(t, st, s, true)
		if s.Key() != first || s.Text("cart") != "full" {
			t.Error("a second login of the same user changed the session")
		}
		login(s, bob)
		commit(t, st, s, true)
		if s.Key() == first || s.Text("cart") != "" || who(s) != "bob" {
			t.Errorf("login of another user: key kept %v, cart %q, user %q", s.Key() == first, s.Text("cart"), who(s))
		}
		if err := st.Logout(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		if got := commit(t, st, s, true); !strings.Contains(got, "Max-Age=0") || rows(t, db) != 0 || who(s) != "" {
			t.Errorf("logout: cookie %q, %d rows, user %q", got, rows(t, db), who(s))
		}
	})
}

func TestPasswordChangeEndsSessions(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "x")
		here, there := session.New(), session.New()
		for _, s := range []*session.Session{here, there} {
			if err := st.Login(t.Context(), s, alice); err != nil {
				t.Fatal(err)
			}
			commit(t, st, s, false)
		}
		if err := users.SetPassword(t.Context(), alice, "y"); err != nil {
			t.Fatal(err)
		}
		old := here.Key()
		if err := st.KeepLogin(t.Context(), here, alice); err != nil {
			t.Fatal(err)
		}
		if commit(t, st, here, true) == "" || here.Key() == old {
			t.Error("KeepLogin sends no new key")
		}
		if u, err := st.User(t.Context(), open(t, st, here.Key()), users); err != nil || u == nil {
			t.Errorf("the session that changed the password: %v, %v; want alice", u, err)
		}
		other := open(t, st, there.Key())
		if u, err := st.User(t.Context(), other, users); err != nil || u != nil || !other.IsEmpty() || rows(t, db) != 1 {
			t.Errorf("another session of alice: %v, %v, %d rows; want nobody and the row gone", u, err, rows(t, db))
		}
	})
}

func TestUserOfOtherSessions(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		users := identitytest.Store(db.Gorm)
		alice := identitytest.User(t, users, "alice", "x")
		old := *st
		old.Secret = "the secret before this one"
		s := session.New()
		if err := old.Login(t.Context(), s, alice); err != nil {
			t.Fatal(err)
		}
		commit(t, &old, s, false)
		st.Fallbacks = []string{old.Secret}
		renewed := open(t, st, s.Key())
		if u, err := st.User(t.Context(), renewed, users); err != nil || u == nil || renewed.Key() == s.Key() {
			t.Errorf("a login with an older secret: %v, %v, key kept %v", u, err, renewed.Key() == s.Key())
		}
		st.Fallbacks = nil
		if u, _ := st.User(t.Context(), open(t, st, renewed.Key()), users); u == nil {
			t.Error("the login was not renewed with the present secret")
		}
		insert := func(change map[string]any) *session.Session {
			values := renewed.Values()
			for name, v := range change {
				values[name] = v
			}
			s := session.New()
			for name, v := range values {
				s.Set(name, v)
			}
			return s
		}
		for name, change := range map[string]map[string]any{
			"no such user": {"_auth_user_id": "99"}, "other backend": {"_auth_user_backend": "x.Y"}, "id is no number": {"_auth_user_id": "x"},
			"no hash": {"_auth_user_hash": nil}, "wrong hash": {"_auth_user_hash": "00"}, "id too large": {"_auth_user_id": "9999999999999"},
		} {
			if u, err := st.User(t.Context(), insert(change), users); u != nil || err != nil {
				t.Errorf("%s: %v, %v; want nobody", name, u, err)
			}
		}
		if err := db.Gorm.Model(alice).UpdateColumn("is_active", false).Error; err != nil {
			t.Fatal(err)
		}
		if u, err := st.User(t.Context(), insert(nil), users); u != nil || err != nil {
			t.Errorf("inactive: %v, %v; want nobody", u, err)
		}
	})
}

// TestRecordedLogin: the hash that the reference left in a session belongs to the password it was made with.
func TestRecordedLogin(t *testing.T) {
	var recorded recordedSessions
	load(t, "sessions.json", &recorded)
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		st.Secret = recorded.SecretKey
		users := identitytest.Store(db.Gorm)
		const password = "pbkdf2_sha256$1000000$saltadmin0000001$o8g5Tb3MTPFfr5i69v88kvf3zpd0D1ilkc0UlfOuYNU="
		admin := identity.User{ID: 1, Username: "admin", Password: password, IsActive: true, DateJoined: c.at}
		if err := db.Gorm.Create(&admin).Error; err != nil {
			t.Fatal(err)
		}
		r := recorded.Sessions["admin"]
		row := session.Row{SessionKey: r.SessionID, SessionData: r.SessionData, ExpireDate: c.at.Add(time.Hour)}
		if err := db.Gorm.Create(&row).Error; err != nil {
			t.Fatal(err)
		}
		if u, err := st.User(t.Context(), open(t, st, r.SessionID), users); err != nil || u == nil || u.Username != "admin" {
			t.Errorf("User = %v, %v; want admin", u, err)
		}
	})
}
