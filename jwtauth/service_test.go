package jwtauth_test

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// bench is a service on the tables of one database, with the account alice.
type bench struct {
	*jwtauth.Service
	db    *orm.DB
	users *identity.Store
	alice *identity.User
	at    time.Time
}

// each runs a test on both databases with rotation and blacklist, or as change wants it.
func each(t *testing.T, change func(*jwtauth.Config), test func(t *testing.T, b *bench)) {
	t.Helper()
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		identitytest.CreateTables(t, db.Gorm)
		b := &bench{db: db, users: identitytest.Store(db.Gorm), at: now}
		b.alice = identitytest.User(t, b.users, "alice", "right")
		c := jwtauth.Config{
			SigningKey: recorded(t).SigningKey, Rotate: true, BlacklistAfterRotation: true, UpdateLastLogin: true,
			Now: func() time.Time { return b.at },
		}
		if change != nil {
			change(&c)
		}
		s, err := jwtauth.New(c, db.Gorm, b.users)
		if err != nil {
			t.Fatal(err)
		}
		b.Service = s
		test(t, b)
	})
}

func (b *bench) count(t *testing.T, model any) int64 {
	t.Helper()
	var n int64
	if err := b.db.Gorm.Model(model).Count(&n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func (b *bench) login(t *testing.T) jwtauth.Pair {
	t.Helper()
	pair, err := b.Login(t.Context(), "alice", "right")
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// payload is the decoded middle of a token.
func payload(t *testing.T, raw string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLogin(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		pair := b.login(t)
		const head = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9." // {"alg":"HS256","typ":"JWT"}
		for raw, c := range map[string]struct {
			kind jwtauth.Kind
			life int64
		}{pair.Access: {jwtauth.Access, 300}, pair.Refresh: {jwtauth.Refresh, 86400}} {
			token, err := b.Parse(raw, c.kind)
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf(`{"token_type":"%s","exp":%d,"iat":%d,"jti":"%s","user_id":"%d"}`,
				c.kind, now.Unix()+c.life, now.Unix(), token.ID(), b.alice.ID)
			if got := payload(t, raw); got != want || !strings.HasPrefix(raw, head) {
				t.Errorf("claims %s\n  want %s", got, want)
			}
			if len(token.ID()) != 32 {
				t.Errorf("jti %q, want 32 digits", token.ID())
			}
		}
		var row jwtauth.OutstandingToken
		if err := b.db.Gorm.Take(&row).Error; err != nil {
			t.Fatal(err)
		}
		stored := now.Truncate(time.Microsecond)
		if row.Token != pair.Refresh || *row.UserID != b.alice.ID || !row.CreatedAt.Equal(stored) || row.ExpiresAt.Unix() != now.Unix()+86400 {
			t.Errorf("outstanding %+v, created %v, expires %v", row, row.CreatedAt, row.ExpiresAt)
		}
		if u, _ := b.users.ByID(t.Context(), b.alice.ID); u.LastLogin == nil {
			t.Error("last_login is not stored")
		}
		if _, err := b.Login(t.Context(), "alice", "wrong"); !errors.Is(err, identity.ErrCredentials) || b.count(t, &row) != 1 {
			t.Errorf("wrong password: %v", err)
		}
	})
}

func TestAuthenticate(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		pair := b.login(t)
		ctx, n := orm.CountStatements(t.Context())
		user, token, err := b.Authenticate(ctx, pair.Access)
		if err != nil || user.Username != "alice" || token.Kind() != jwtauth.Access || n.Load() != 1 {
			t.Errorf("Authenticate = %v, %v, %v after %d statements", user, token, err, n.Load())
		}
		if _, _, err := b.Authenticate(t.Context(), pair.Refresh); !errors.Is(err, jwtauth.ErrWrongType) {
			t.Errorf("with the refresh token: %v", err)
		}
		ghost := `{"token_type":"access","exp":4070908800,"jti":"a","user_id":%s}`
		for id, want := range map[string]error{
			`"999"`: jwtauth.ErrUserNotFound, `99999999999`: jwtauth.ErrUserNotFound, `-1`: jwtauth.ErrUserNotFound,
			`"x"`: jwtauth.ErrNoUserClaim, `[1]`: jwtauth.ErrNoUserClaim, `null`: jwtauth.ErrNoUserClaim, `"1 OR 1=1"`: jwtauth.ErrNoUserClaim, `1.5`: jwtauth.ErrNoUserClaim,
		} {
			if _, _, err := b.Authenticate(t.Context(), forge(t, fmt.Sprintf(ghost, id))); !errors.Is(err, want) {
				t.Errorf("user_id %s: %v, want %v", id, err, want)
			}
		}
		b.deactivate(t)
		if _, _, err := b.Authenticate(t.Context(), pair.Access); !errors.Is(err, jwtauth.ErrUserInactive) {
			t.Errorf("inactive: %v", err)
		}
		b.at = b.at.Add(5 * time.Minute)
		if _, _, err := b.Authenticate(t.Context(), pair.Access); !errors.Is(err, jwtauth.ErrExpired) {
			t.Errorf("after its life: %v", err)
		}
	})
}

func (b *bench) deactivate(t *testing.T) {
	t.Helper()
	if err := b.db.Gorm.Model(b.alice).UpdateColumn("is_active", false).Error; err != nil {
		t.Fatal(err)
	}
}

func TestRefreshRotates(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		first := b.login(t)
		b.at = b.at.Add(time.Hour)
		second, err := b.Refresh(t.Context(), first.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		token, err := b.Parse(second.Refresh, jwtauth.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf(`{"token_type":"refresh","exp":%d,"iat":%d,"jti":"%s","user_id":"%d"}`,
			b.at.Unix()+86400, b.at.Unix(), token.ID(), b.alice.ID)
		if got := payload(t, second.Refresh); got != want {
			t.Errorf("claims %s\n  want %s", got, want)
		}
		if _, err := b.Refresh(t.Context(), first.Refresh); !errors.Is(err, jwtauth.ErrBlacklisted) {
			t.Errorf("the old token again: %v, want %v", err, jwtauth.ErrBlacklisted)
		}
		if _, _, err := b.Authenticate(t.Context(), second.Access); err != nil {
			t.Errorf("the new access token: %v", err)
		}
		if _, err := b.Refresh(t.Context(), second.Refresh); err != nil {
			t.Errorf("the new refresh token: %v", err)
		}
		if got, want := b.count(t, &jwtauth.OutstandingToken{}), int64(3); got != want {
			t.Errorf("%d outstanding tokens, want %d", got, want)
		}
		if got, want := b.count(t, &jwtauth.BlacklistedToken{}), int64(2); got != want {
			t.Errorf("%d blacklisted tokens, want %d", got, want)
		}
	})
}

func TestRefreshKeepsFurtherClaims(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		raw := forge(t, `{"shop":"é<","exp":4070908800,"token_type":"refresh","user_id":1,"jti":"own","iat":5,"more":{"a":[1.50]}}`)
		pair, err := b.Refresh(t.Context(), raw)
		if err != nil {
			t.Fatal(err)
		}
		access, err := b.Parse(pair.Access, jwtauth.Access)
		if err != nil {
			t.Fatal(err)
		}
		next, err := b.Parse(pair.Refresh, jwtauth.Refresh)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := fmt.Sprint(access.Claims.Names()), "[token_type exp iat jti shop user_id more]"; got != want {
			t.Errorf("access claims %s, want %s", got, want)
		}
		if got, want := fmt.Sprint(next.Claims.Names()), "[shop exp token_type user_id jti iat more]"; got != want {
			t.Errorf("refresh claims %s, want %s", got, want)
		}
		if access.Claims.Text("shop") != "é<" || next.ID() == "own" || !strings.Contains(payload(t, pair.Refresh), `"more":{"a":[1.50]}`) {
			t.Errorf("claims changed: %s", payload(t, pair.Refresh))
		}
	})
}

func TestRefreshOfOthers(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		refresh := func(claims string) string {
			return forge(t, `{"token_type":"refresh","exp":4070908800,"jti":"`+claims+`}`)
		}
		for name, c := range map[string]struct {
			raw  string
			want error
		}{
			"gone user":    {refresh(`a","user_id":"999"`), jwtauth.ErrNoActiveAccount},
			"odd user":     {refresh(`b","user_id":["1"]`), jwtauth.ErrNoUserClaim},
			"nobody":       {refresh(`c"`), nil},
			"without jti":  {forge(t, `{"token_type":"refresh","exp":4070908800}`), jwtauth.ErrNoID},
			"zero in jti":  {refresh(`\u0000"`), jwtauth.ErrInvalid},
			"long jti":     {refresh(strings.Repeat("j", 256) + `"`), jwtauth.ErrInvalid},
			"access token": {b.login(t).Access, jwtauth.ErrWrongType},
		} {
			if _, err := b.Refresh(t.Context(), c.raw); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		pair := b.login(t)
		b.deactivate(t)
		if _, err := b.Refresh(t.Context(), pair.Refresh); !errors.Is(err, jwtauth.ErrNoActiveAccount) {
			t.Errorf("inactive: %v", err)
		}
	})
}

func TestRefreshWithoutRotation(t *testing.T) {
	each(t, func(c *jwtauth.Config) { c.Rotate, c.BlacklistAfterRotation = false, false }, func(t *testing.T, b *bench) {
		pair := b.login(t)
		for range 2 {
			got, err := b.Refresh(t.Context(), pair.Refresh)
			if err != nil || got.Refresh != "" || got.Access == "" {
				t.Errorf("Refresh = %v, %v; want an access token alone", got, err)
			}
		}
		if n := b.count(t, &jwtauth.OutstandingToken{}); n != 1 {
			t.Errorf("%d outstanding tokens, want 1", n)
		}
	})
}

// TestRefreshAtOnce: a refresh token is worth one pair, however many ask for it in the same moment.
func TestRefreshAtOnce(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		unknown := forge(t, `{"token_type":"refresh","exp":4070908800,"jti":"unknown","user_id":"1"}`)
		for _, raw := range []string{b.login(t).Refresh, unknown} {
			var wait sync.WaitGroup
			var won, lost atomic.Int64
			for range 16 {
				wait.Go(func() {
					switch _, err := b.Refresh(t.Context(), raw); {
					case err == nil:
						won.Add(1)
					case errors.Is(err, jwtauth.ErrBlacklisted):
						lost.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wait.Wait()
			if won.Load() != 1 || lost.Load() != 15 {
				t.Errorf("%d succeeded, %d were refused; want 1 and 15", won.Load(), lost.Load())
			}
		}
		if got, want := b.count(t, &jwtauth.OutstandingToken{}), int64(4); got != want {
			t.Errorf("%d outstanding tokens, want %d: losers leave nothing", got, want)
		}
	})
}

func TestVerifyAndBlacklist(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		pair := b.login(t)
		for _, raw := range []string{pair.Access, pair.Refresh, recorded(t).JWT["no-type"].Token, recorded(t).JWT["sliding"].Token} {
			if err := b.Verify(t.Context(), raw); err != nil {
				t.Errorf("%s: %v", payload(t, raw), err)
			}
		}
		for name, want := range map[string]error{
			"no-jti": jwtauth.ErrNoID, "no-exp": jwtauth.ErrNoExpiry, "tampered": jwtauth.ErrInvalid, "alice-expired": jwtauth.ErrExpired,
		} {
			if err := b.Verify(t.Context(), recorded(t).JWT[name].Token); !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		if err := b.Blacklist(t.Context(), pair.Access); !errors.Is(err, jwtauth.ErrWrongType) {
			t.Errorf("blacklisting an access token: %v", err)
		}
		if err := b.Blacklist(t.Context(), pair.Refresh); err != nil {
			t.Fatal(err)
		}
		for what, err := range map[string]error{
			"Verify": b.Verify(t.Context(), pair.Refresh), "Blacklist": b.Blacklist(t.Context(), pair.Refresh),
			"Refresh": func() error { _, err := b.Refresh(t.Context(), pair.Refresh); return err }(),
		} {
			if !errors.Is(err, jwtauth.ErrBlacklisted) {
				t.Errorf("%s of a blacklisted token: %v", what, err)
			}
		}
	})
}

func TestBlacklistUnknownToken(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		for user, known := range map[string]bool{`"1"`: true, `"999"`: false, `99999999999`: false, `"x"`: false} {
			raw := forge(t, `{"token_type":"refresh","exp":4070908800,"jti":"of `+strings.Trim(user, `"`)+`","user_id":`+user+`}`)
			if err := b.Blacklist(t.Context(), raw); err != nil {
				t.Fatal(err)
			}
			var row jwtauth.OutstandingToken
			if err := b.db.Gorm.Order("id DESC").Take(&row).Error; err != nil {
				t.Fatal(err)
			}
			if row.Token != raw || (row.UserID != nil) != known || row.ExpiresAt.Unix() != 4070908800 {
				t.Errorf("user %s: stored %v with user %v, expires %v", user, row, row.UserID, row.ExpiresAt)
			}
		}
	})
}

func TestRevoke(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		other := identitytest.User(t, b.users, "other", "")
		first, second := b.login(t), b.login(t)
		kept, err := b.Issue(t.Context(), other)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []int64{2, 0} {
			if n, err := b.Revoke(t.Context(), b.alice.ID); n != want || err != nil {
				t.Errorf("Revoke = %d, %v; want %d", n, err, want)
			}
		}
		for _, raw := range []string{first.Refresh, second.Refresh} {
			if _, err := b.Refresh(t.Context(), raw); !errors.Is(err, jwtauth.ErrBlacklisted) {
				t.Errorf("a revoked token: %v", err)
			}
		}
		if _, err := b.Refresh(t.Context(), kept.Refresh); err != nil {
			t.Errorf("the token of another user: %v", err)
		}
	})
}

func TestRevokeOnPasswordChange(t *testing.T) {
	each(t, func(c *jwtauth.Config) { c.RevokeOnPasswordChange = true }, func(t *testing.T, b *bench) {
		pair := b.login(t)
		if _, _, err := b.Authenticate(t.Context(), pair.Access); err != nil {
			t.Fatal(err)
		}
		if err := b.users.SetPassword(t.Context(), b.alice, "new"); err != nil {
			t.Fatal(err)
		}
		if _, _, err := b.Authenticate(t.Context(), pair.Access); !errors.Is(err, jwtauth.ErrPasswordChanged) {
			t.Errorf("access: %v", err)
		}
		if _, err := b.Refresh(t.Context(), pair.Refresh); !errors.Is(err, jwtauth.ErrPasswordChanged) {
			t.Errorf("refresh: %v", err)
		}
	})
}

func TestFlushExpired(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		old := b.login(t)
		if err := b.Blacklist(t.Context(), old.Refresh); err != nil {
			t.Fatal(err)
		}
		b.login(t)
		b.at = b.at.Add(12 * time.Hour)
		fresh := b.login(t)
		b.at = b.at.Add(12 * time.Hour)
		if n, err := b.FlushExpired(t.Context()); n != 2 || err != nil {
			t.Errorf("FlushExpired = %d, %v; want 2", n, err)
		}
		if n := b.count(t, &jwtauth.BlacklistedToken{}); n != 0 {
			t.Errorf("%d blacklisted tokens are left", n)
		}
		if _, err := b.Refresh(t.Context(), fresh.Refresh); err != nil {
			t.Errorf("a live token: %v", err)
		}
	})
}

// TestLivesAreExact: a token lives as long as it should, also when the seconds change while it is made.
func TestLivesAreExact(t *testing.T) {
	lives := func(t *testing.T, what string, pair jwtauth.Pair) {
		t.Helper()
		for raw, want := range map[string]float64{pair.Access: 300, pair.Refresh: 86400} {
			var claims struct{ Exp, Iat float64 }
			if err := json.Unmarshal([]byte(payload(t, raw)), &claims); err != nil {
				t.Fatal(err)
			}
			if got := claims.Exp - claims.Iat; got != want {
				t.Errorf("%s: a life of %v s, want %v", what, got, want)
			}
		}
	}
	var clock atomic.Int64
	slow := func(c *jwtauth.Config) {
		c.AccessLifetime, c.RefreshLifetime = 5*time.Minute, 24*time.Hour
		c.Now = func() time.Time { return now.Add(time.Duration(clock.Add(1)) * 400 * time.Millisecond) }
	}
	each(t, slow, func(t *testing.T, b *bench) {
		pair := b.login(t)
		for range 5 { // the readings of the clock fall on other parts of a second each time
			lives(t, "issued", b.login(t))
			next, err := b.Refresh(t.Context(), pair.Refresh)
			if err != nil {
				t.Fatal(err)
			}
			lives(t, "refreshed", next)
			pair = next
			clock.Add(1)
		}
	})
}
