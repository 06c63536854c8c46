package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
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
// The rate is Rate ("10/min"), or what Config.ThrottleRates holds under "login". It belongs to views that take a username
// with a POST; a login counts as failed when the answer is 4xx, or when the view called [LoginFailed].
type LoginThrottle struct {
	Rate string
}

const (
	loginScope   = "login"
	namesAtOnce  = 10 // how many times the rate one address may fail with all usernames together
	homeNetwork6 = 64 // bits of an IPv6 address that one customer shares
)

// ThrottleReleaser is implemented by a ThrottleStore that can forget a request again. With one that cannot, LoginThrottle
// counts successful logins too.
type ThrottleReleaser interface {
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
	address := homeNetwork(r.ident())
	ok, wait, err := a.take(address+"_"+hashedName(r.loginName()), rate.requests, rate.period)
	if err == nil && ok {
		ok, wait, err = a.take(address, rate.requests*namesAtOnce, rate.period)
	}
	if err != nil || !ok {
		a.release()
		return false, wait, err
	}
	r.Echo().Response().Before(a.settle)
	return true, 0, nil
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

func (a *loginAttempt) take(name string, limit int, period time.Duration) (bool, time.Duration, error) {
	key := "throttle_" + loginScope + "_" + name
	ok, wait, err := a.r.api.config.ThrottleStore.Take(a.r.Context(), key, limit, period, a.at)
	if ok && err == nil {
		a.keys = append(a.keys, key)
	}
	return ok, wait, err
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
