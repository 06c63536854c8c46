package jwtauth_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/jwtauth"
)

// TestDatabaseFails: every method says what it was doing, and a failure is never a refusal.
func TestDatabaseFails(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		pair := b.login(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for _, c := range []struct {
			text string
			call func() error
		}{
			{"identity: ", func() error { _, err := b.Login(ctx, "alice", "right"); return err }},
			{"jwtauth: noting a refresh token", func() error { _, err := b.Issue(ctx, b.alice); return err }},
			{"identity: loading a user", func() error { _, _, err := b.Authenticate(ctx, pair.Access); return err }},
			{"jwtauth: asking the blacklist", func() error { _, err := b.Refresh(ctx, pair.Refresh); return err }},
			{"jwtauth: asking the blacklist", func() error { return b.Verify(ctx, pair.Refresh) }},
			{"", func() error { return b.Blacklist(ctx, pair.Refresh) }},
			{"jwtauth: revoking the tokens of a user", func() error { _, err := b.Revoke(ctx, b.alice.ID); return err }},
			{"jwtauth: forgetting expired tokens", func() error { _, err := b.FlushExpired(ctx); return err }},
		} {
			err := c.call()
			if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), c.text) || errors.As(err, new(*jwtauth.Error)) {
				t.Errorf("%s…: %v", c.text, err)
			}
		}
		if _, err := b.Refresh(t.Context(), pair.Refresh); err != nil {
			t.Errorf("the token is lost by failures: %v", err)
		}
	})
}

// TestLifetimes: a token is good up to the second before its exp, plus leeway.
func TestLifetimes(t *testing.T) {
	for _, leeway := range []time.Duration{0, 30 * time.Second} {
		set := func(c *jwtauth.Config) {
			c.Leeway, c.AccessLifetime, c.RefreshLifetime, c.Rotate, c.BlacklistAfterRotation = leeway, time.Minute, time.Hour, false, false
		}
		each(t, set, func(t *testing.T, b *bench) {
			start := b.at
			pair := b.login(t)
			second := start.Truncate(time.Second) // exp holds whole seconds
			for _, c := range []struct {
				at              time.Time
				access, refresh error
			}{
				{start, nil, nil},
				{second.Add(time.Minute + leeway - 1), nil, nil},
				{second.Add(time.Minute + leeway), jwtauth.ErrExpired, nil},
				{second.Add(time.Hour + leeway - 1), jwtauth.ErrExpired, nil},
				{second.Add(time.Hour + leeway), jwtauth.ErrExpired, jwtauth.ErrExpired},
				{second.Add(-leeway - time.Nanosecond), jwtauth.ErrInvalid, jwtauth.ErrInvalid}, // issued in the future
				{second.Add(-leeway), nil, nil},
			} {
				b.at = c.at
				if _, _, err := b.Authenticate(t.Context(), pair.Access); !errors.Is(err, c.access) {
					t.Errorf("leeway %v, access token %v after: %v, want %v", leeway, c.at.Sub(start), err, c.access)
				}
				if _, err := b.Refresh(t.Context(), pair.Refresh); !errors.Is(err, c.refresh) {
					t.Errorf("leeway %v, refresh token %v after: %v, want %v", leeway, c.at.Sub(start), err, c.refresh)
				}
			}
		})
	}
}

// TestRefreshAgainstBlacklist: of a refresh and a logout at once one comes first; the token is used up either way.
func TestRefreshAgainstBlacklist(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		for range 5 {
			raw := b.login(t).Refresh
			errs := make([]error, 8)
			var wait sync.WaitGroup
			for i := range errs {
				wait.Go(func() {
					if i%2 == 0 {
						_, errs[i] = b.Refresh(t.Context(), raw)
					} else {
						errs[i] = b.Blacklist(t.Context(), raw)
					}
				})
			}
			wait.Wait()
			refreshed, lost := 0, 0
			for i, err := range errs {
				switch {
				case err == nil && i%2 == 0:
					refreshed++
				case errors.Is(err, jwtauth.ErrBlacklisted):
					lost++
				case err != nil:
					t.Error(err)
				}
			}
			if _, err := b.Refresh(t.Context(), raw); !errors.Is(err, jwtauth.ErrBlacklisted) || refreshed > 1 || lost < 3 {
				t.Errorf("%d refreshed, %d refused, then %v", refreshed, lost, err)
			}
		}
	})
}

// TestOutstandingOfOddUsers: a token is noted without a user where the column cannot hold the id or nobody has it.
func TestOutstandingOfOddUsers(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		for i, id := range []string{`99`, `99999999999`, `"x"`, `null`} {
			jti := fmt.Sprint("odd", i)
			raw := forge(t, `{"token_type":"refresh","exp":4070908800,"jti":"`+jti+`","user_id":`+id+`}`)
			if err := b.Blacklist(t.Context(), raw); err != nil && !errors.As(err, new(*jwtauth.Error)) {
				t.Errorf("user_id %s: %v", id, err)
				continue
			}
			var row jwtauth.OutstandingToken
			if err := b.db.Gorm.Take(&row, "jti = ?", jti).Error; err == nil && row.UserID != nil {
				t.Errorf("user_id %s: noted for %d", id, *row.UserID)
			}
		}
	})
}

func TestServiceInATransaction(t *testing.T) {
	each(t, nil, func(t *testing.T, b *bench) {
		undo := errors.New("undo")
		var pair jwtauth.Pair
		err := b.db.Gorm.Transaction(func(tx *gorm.DB) (err error) {
			within := b.With(tx)
			if pair, err = within.Login(t.Context(), "alice", "right"); err != nil {
				return err
			}
			if err := within.Verify(t.Context(), pair.Refresh); err != nil {
				t.Errorf("within: %v", err)
			}
			return undo
		})
		if !errors.Is(err, undo) {
			t.Fatal(err)
		}
		if n := b.count(t, &jwtauth.OutstandingToken{}); n != 0 {
			t.Errorf("%d tokens are noted after the transaction was undone", n)
		}
		if user, err := b.users.ByID(t.Context(), b.alice.ID); err != nil || user.LastLogin != nil {
			t.Errorf("last_login %v, %v; want none", user.LastLogin, err)
		}
	})
}
