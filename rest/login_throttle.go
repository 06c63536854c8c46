package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/quintet-go/quintet/identity"
)

// LoginThrottle limits failed logins, so that nobody can try out passwords: as many as the rate allows for one username
// from one address, and ten times as many for all usernames together from one address. An IPv6 address counts with its
// whole /64 network. Successful logins cost nothing. Attempts from many addresses at one username are not limited, as
// that would let anybody lock a user out.
//
// The rate is Rate ("10/min"), or what Config.ThrottleRates holds under "login"; one of no logins at all is refused at
// start-up. It belongs to views that take a username with a POST; a login counts as failed when the answer is 4xx, or when
// the view called [LoginFailed]. [BasicAuthentication] counts its failures with these.
type LoginThrottle struct {
	Rate string
}

const (
	loginScope   = "login"
	namesAtOnce  = 10 // how many times the rate one address may fail with all usernames together
	homeNetwork6 = 64 // bits of an IPv6 address that one customer shares
)

// ThrottleReleaser is implemented by a ThrottleStore that can look without noting, and forget a request again. With one that
// cannot, LoginThrottle and BasicAuthentication count successful logins too.
type ThrottleReleaser interface {
	// Peek answers what Take would, and notes nothing.
	Peek(ctx context.Context, key string, limit int, period time.Duration, now time.Time) (bool, time.Duration, error)
	// Release forgets a request that Take noted under key at that time; nothing happens when it is not there any more.
	Release(ctx context.Context, key string, at time.Time) error
}

// Allow implements Throttle.
func (t LoginThrottle) Allow(r *Request) (bool, time.Duration, error) {
	if r.Method() != http.MethodPost {
		return true, 0, nil
	}
	rate, limited, err := rateOf(&r.api.config, loginScope, t.Rate)
	if err != nil || !limited {
		return err == nil, -1, err
	}
	a := &loginAttempt{r: r, at: r.api.config.Now()}
	ok, wait, err := a.count(rate, r.loginName())
	if ok {
		r.Echo().Response().Before(a.settle)
	}
	return ok, wait, err
}

// CheckLoginRate tells what is wrong with a rate of failed logins; nil for a good one.
func CheckLoginRate(text string) error {
	rate, err := parseRate(text)
	if err == nil && rate.requests == 0 {
		return fmt.Errorf("throttle rate %q: nobody could log in; allow one failed login at least", text)
	}
	return err
}

// LoginFailed tells a LoginThrottle that a login failed although the answer will be no error: a form that is shown again.
func LoginFailed(r *Request) { r.SetValue(loginFailedKey{}, true) }

type loginFailedKey struct{}

// loginAttempt is a login that has been counted before its end is known, so that attempts at the same time are limited too.
type loginAttempt struct {
	r    *Request
	at   time.Time
	keys []string
}

// loginLimit is how many logins may fail under a key.
type loginLimit struct {
	key string
	n   int
}

// limits are that of the username and that of the address.
func (a *loginAttempt) limits(rate rate, name string) []loginLimit {
	address := "throttle_" + loginScope + "_" + homeNetwork(a.r.ident())
	return []loginLimit{{address + "_" + hashedName(name), rate.requests}, {address, rate.requests * namesAtOnce}}
}

// count notes the attempt under the username and the address, or under neither when one of them has too many.
func (a *loginAttempt) count(rate rate, name string) (ok bool, wait time.Duration, err error) {
	for _, l := range a.limits(rate, name) {
		ok, wait, err = a.r.api.config.ThrottleStore.Take(a.r.Context(), l.key, l.n, rate.period, a.at)
		if err != nil || !ok {
			a.release()
			return false, wait, err
		}
		a.keys = append(a.keys, l.key)
	}
	return true, 0, nil
}

// admit tells whether another password may be tried; it counts the attempt only when the store cannot tell otherwise.
func (a *loginAttempt) admit(rate rate, name string) (ok bool, wait time.Duration, err error) {
	store, can := a.r.api.config.ThrottleStore.(ThrottleReleaser)
	if !can {
		return a.count(rate, name)
	}
	for _, l := range a.limits(rate, name) {
		if ok, wait, err = store.Peek(a.r.Context(), l.key, l.n, rate.period, a.at); err != nil || !ok {
			return false, wait, err
		}
	}
	return true, 0, nil
}

// settle forgets the attempt when it did not fail by the client's fault.
func (a *loginAttempt) settle() {
	status := a.r.Echo().Response().Status
	refused := status >= http.StatusBadRequest && status < http.StatusInternalServerError
	if !refused && a.r.Value(loginFailedKey{}) == nil {
		a.release()
	}
}

func (a *loginAttempt) release() {
	store, ok := a.r.api.config.ThrottleStore.(ThrottleReleaser)
	if !ok {
		return
	}
	for _, key := range a.keys {
		if err := store.Release(context.WithoutCancel(a.r.Context()), key, a.at); err != nil {
			a.r.log(slog.LevelWarn, "a successful login counts as a failed one", err)
		}
	}
}

// loginName is the username of a body, empty where there is none.
func (r *Request) loginName() string {
	data, err := r.Data()
	if err != nil {
		return ""
	}
	switch d := data.(type) {
	case *FormData:
		return d.Text("username")
	case *Object:
		value, _ := d.Get("username")
		name, _ := value.(string)
		return name
	}
	return ""
}

// hashedName is the same short text for all spellings of a username that look alike.
func hashedName(name string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(identity.NormalizeUsername(strings.TrimSpace(name)))))
	return hex.EncodeToString(sum[:16])
}

// homeNetwork is what of an address its owner cannot choose.
func homeNetwork(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil || ip.Unmap().Is4() {
		return address
	}
	return netip.PrefixFrom(ip.WithZone(""), homeNetwork6).Masked().String()
}
