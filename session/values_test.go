package session_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/session"
)

func TestValuesOfASession(t *testing.T) {
	s := session.New()
	if s.Modified() || !s.IsEmpty() || s.Key() != "" || s.Values() != nil {
		t.Errorf("a new session: modified %v, empty %v, key %q", s.Modified(), s.IsEmpty(), s.Key())
	}
	s.Delete("nothing")
	if s.Modified() {
		t.Error("deleting what is not there counts as a change")
	}
	s.Set("text", "x")
	s.Set("number", 5)
	if v, ok := s.Get("number"); v != 5 || !ok || s.Text("number") != "" || s.Text("text") != "x" || s.Text("none") != "" || s.IsEmpty() {
		t.Errorf("number %v, %v; text %q", v, ok, s.Text("text"))
	}
	s.Values()["text"] = "changed in a copy"
	s.Delete("number")
	if _, ok := s.Get("number"); ok || s.Text("text") != "x" || !s.Modified() {
		t.Errorf("after Delete: %v", s.Values())
	}
}

func TestChangesAreStored(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, _ *clock) {
		for name, c := range map[string]struct {
			change func(*session.Session)
			stored map[string]any
		}{
			"set":    {func(s *session.Session) { s.Set("b", "2") }, map[string]any{"a": "1", "b": "2"}},
			"delete": {func(s *session.Session) { s.Delete("a") }, map[string]any{}},
			"touch":  {func(s *session.Session) { s.Touch() }, map[string]any{"a": "1"}},
		} {
			s := session.New()
			s.Set("a", "1")
			commit(t, st, s, false)
			s = open(t, st, s.Key())
			c.change(s)
			if commit(t, st, s, true) == "" || s.Modified() {
				t.Errorf("%s: no cookie for a longer life, or still modified", name)
			}
			if diff := cmp.Diff(c.stored, open(t, st, s.Key()).Values()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestRowIsNotPrinted(t *testing.T) {
	row := session.Row{SessionKey: "secretkey", SessionData: "secretdata"}
	var out bytes.Buffer
	fmt.Fprintf(&out, "%v %+v %#v %v %#v", row, row, row, &row, []session.Row{row})
	slog.New(slog.NewTextHandler(&out, nil)).Info("seen", "row", row, "pointer", &row)
	text, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	if strings.Contains(out.String(), "secret") {
		t.Errorf("printed: %s", &out)
	}
}

func TestAgesThatOthersWrote(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		st.Age = time.Hour
		for name, tt := range map[string]struct {
			expiry any // the value _session_expiry
			maxAge int // of the cookie; 0 for none
			age    time.Duration
		}{
			"none":               {nil, 3600, time.Hour},
			"seconds":            {json.Number("90"), 90, 90 * time.Second},
			"negative":           {json.Number("-5"), 3600, time.Hour},
			"a fraction":         {json.Number("1.5"), 3600, time.Hour},
			"no number":          {"soon", 3600, time.Hour},
			"a moment":           {"2026-01-02T03:05:05.678901+00:00", 60, time.Minute},
			"a moment elsewhere": {"2026-01-02T05:05:05.678901+02:00", 60, time.Minute},
			"browser":            {json.Number("0"), 0, time.Hour},
		} {
			s := session.New()
			s.Set("a", 1)
			if tt.expiry != nil {
				s.Set("_session_expiry", tt.expiry)
			}
			cookie, err := st.Commit(t.Context(), s, false)
			if err != nil || cookie.MaxAge != tt.maxAge || cookie.Expires.IsZero() != (tt.maxAge == 0) {
				t.Errorf("%s: cookie %v, %v; want Max-Age %d", name, cookie, err, tt.maxAge)
			}
			var row session.Row
			if err := db.Gorm.Take(&row, "session_key = ?", s.Key()).Error; err != nil {
				t.Fatal(err)
			}
			if got := row.ExpireDate.Sub(c.at); got != tt.age {
				t.Errorf("%s: the row lives for %v, want %v", name, got, tt.age)
			}
		}
	})
}

// TestEndOfLife: at the very moment of its end a session is over; ClearExpired takes it one moment later, as Django does.
func TestEndOfLife(t *testing.T) {
	each(t, func(t *testing.T, db *orm.DB, st *session.Store, c *clock) {
		s := session.New()
		s.SetAge(time.Minute)
		commit(t, st, s, false)
		start := c.at
		for _, tt := range []struct {
			after   time.Duration
			lives   bool
			cleared int64
		}{
			{time.Minute - time.Microsecond, true, 0}, {time.Minute, false, 0}, {time.Minute + time.Microsecond, false, 1},
		} {
			c.at = start.Add(tt.after)
			if got := open(t, st, s.Key()); got.IsEmpty() == tt.lives {
				t.Errorf("after %v: empty %v", tt.after, got.IsEmpty())
			}
			if n, err := st.ClearExpired(t.Context()); n != tt.cleared || err != nil {
				t.Errorf("after %v: %d cleared, %v; want %d", tt.after, n, err, tt.cleared)
			}
		}
	})
}

func TestCookieSettings(t *testing.T) {
	each(t, func(t *testing.T, _ *orm.DB, st *session.Store, _ *clock) {
		st.CookieName, st.CookieDomain, st.CookiePath, st.Secure = "shop", "shop.example", "/shop", true
		s := session.New()
		s.Set("a", 1)
		got, err := st.Commit(t.Context(), s, false)
		if err != nil {
			t.Fatal(err)
		}
		if got.Name != "shop" || got.Domain != "shop.example" || got.Path != "/shop" || !got.Secure || !got.HttpOnly || got.SameSite != http.SameSiteLaxMode {
			t.Errorf("cookie %v", got)
		}
		if gone := commit(t, st, session.New(), true); gone != "shop=; Path=/shop; Domain=shop.example; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; SameSite=Lax" {
			t.Errorf("removal %q", gone)
		}
	})
}
