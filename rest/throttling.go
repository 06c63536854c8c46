package rest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// Throttle limits how often somebody may ask (rest_framework.throttling.BaseThrottle). Allow reports whether the request
// may go on and, when it may not, how long to wait (negative: unknown). All throttles of a view are asked and the longest
// wait is answered.
type Throttle interface {
	Allow(r *Request) (ok bool, wait time.Duration, err error)
}

// ThrottleStore remembers when requests were made. Its methods are safe for concurrent use.
type ThrottleStore interface {
	// Take notes a request at now under key, unless limit requests of the period before now are noted there already; then
	// it tells how long the caller has to wait for the next one (negative: unknown). Both are one step: of any number of
	// calls at the same time no more than limit succeed.
	Take(ctx context.Context, key string, limit int, period time.Duration, now time.Time) (ok bool, wait time.Duration, err error)
}

// AnonThrottle limits who is not logged in, by address (AnonRateThrottle). The rate is Rate ("100/day"), or what
// Config.ThrottleRates holds under Scope, by default "anon".
type AnonThrottle struct {
	Scope string
	Rate  string
}

// Allow implements Throttle.
func (t AnonThrottle) Allow(r *Request) (bool, time.Duration, error) {
	if r.user.IsAuthenticated() {
		return true, 0, nil
	}
	return r.take(orText(t.Scope, "anon"), t.Rate, r.ident())
}

// UserThrottle limits users by their id and others by address (UserRateThrottle). The rate is Rate ("5/min"), or what
// Config.ThrottleRates holds under Scope, by default "user".
type UserThrottle struct {
	Scope string
	Rate  string
}

// Allow implements Throttle.
func (t UserThrottle) Allow(r *Request) (bool, time.Duration, error) {
	return r.take(orText(t.Scope, "user"), t.Rate, r.caller())
}

// ScopedThrottle limits the views that name a ThrottleScope (ScopedRateThrottle). The rate is Rate ("10/hour"), or what
// Config.ThrottleRates holds for the scope. Views of one scope share their limit.
type ScopedThrottle struct {
	Rate string
}

// Allow implements Throttle.
func (t ScopedThrottle) Allow(r *Request) (bool, time.Duration, error) {
	if r.view.throttleScope == "" {
		return true, 0, nil
	}
	return r.take(r.view.throttleScope, t.Rate, r.caller())
}

// KeyThrottle limits what Key tells apart: an account's plan, a customer, the object of the address (a SimpleRateThrottle
// with a get_cache_key of its own). Requests of an empty key are not limited. The rate is Rate ("10/hour"), or what
// Config.ThrottleRates holds under Scope; throttles of one scope and rate share their counts.
type KeyThrottle struct {
	Scope string
	Rate  string
	Key   func(r *Request) string
}

// Allow implements Throttle.
func (t KeyThrottle) Allow(r *Request) (bool, time.Duration, error) {
	key := t.Key(r)
	if key == "" {
		return true, 0, nil
	}
	return r.take(t.Scope, t.Rate, key)
}

// check tells what is wrong with the declaration.
func (t KeyThrottle) check(c *Config) error {
	if t.Key == nil || t.Scope == "" {
		return errors.New("rest.KeyThrottle needs a Scope, which names its counts, and a Key, which tells callers apart")
	}
	_, _, err := rateOf(c, t.Scope, t.Rate)
	return err
}

// caller is who is counted: the user's id, or the address of somebody who is not logged in.
func (r *Request) caller() string {
	if u := r.user; u.IsAuthenticated() {
		return strconv.FormatInt(u.ID, 10)
	}
	return r.ident()
}

// take asks the store for one request of a caller at the scope's rate. Throttles with a rate of their own count apart.
func (r *Request) take(scope, own, caller string) (bool, time.Duration, error) {
	rate, limited, err := rateOf(&r.api.config, scope, own)
	if err != nil || !limited {
		return err == nil, -1, err
	}
	if own != "" {
		scope += ":" + own
	}
	key := "throttle_" + scope + "_" + caller
	return r.api.config.ThrottleStore.Take(r.Context(), key, rate.requests, rate.period, r.api.config.Now())
}

// ident is the address of the client (BaseThrottle.get_ident), see Config.NumProxies. Long ones are hashed.
func (r *Request) ident() string {
	peer, _, err := net.SplitHostPort(r.http.RemoteAddr)
	if err != nil {
		peer = r.http.RemoteAddr
	}
	ident := forwarded(r.http.Header.Values("X-Forwarded-For"), r.api.config.NumProxies, peer)
	if len(ident) > 64 {
		sum := sha256.Sum256([]byte(ident))
		return hex.EncodeToString(sum[:])
	}
	return ident
}

// forwarded picks the client out of X-Forwarded-For: with proxies > 0 the address that the outermost trusted proxy saw,
// with a negative number the whole header.
func forwarded(header []string, proxies int, peer string) string {
	if proxies == 0 || len(header) == 0 {
		return peer
	}
	whole := strings.Join(header, ",")
	if proxies > 0 {
		hops := strings.Split(whole, ",")
		return strings.TrimSpace(hops[len(hops)-min(proxies, len(hops))])
	}
	return orText(strings.Join(strings.Fields(whole), ""), peer)
}

// rate is so many requests in a period.
type rate struct {
	requests int
	period   time.Duration
}

var ratePeriods = map[string]time.Duration{
	"s": time.Second, "sec": time.Second, "second": time.Second,
	"m": time.Minute, "min": time.Minute, "minute": time.Minute,
	"h": time.Hour, "hour": time.Hour,
	"d": 24 * time.Hour, "day": 24 * time.Hour,
}

// CheckRate tells what is wrong with the rate of a throttle, such as "100/day"; nil for nothing.
func CheckRate(rate string) error {
	_, err := parseRate(rate)
	return err
}

// parseRate reads "100/day".
func parseRate(text string) (rate, error) {
	count, period, _ := strings.Cut(text, "/")
	n, err := strconv.Atoi(strings.TrimSpace(count))
	d, ok := ratePeriods[strings.TrimSpace(period)]
	if err != nil || n < 0 || !ok {
		return rate{}, fmt.Errorf("throttle rate %q: write the number of requests and a period (s, min, hour or day), as in 100/day", text)
	}
	return rate{n, d}, nil
}

// rateOf finds the rate of a throttle; an empty rate of a scope means no limit.
func rateOf(c *Config, scope, own string) (rate, bool, error) {
	text := own
	if text == "" {
		var ok bool
		if text, ok = c.ThrottleRates[scope]; !ok {
			return rate{}, false, fmt.Errorf("no throttle rate for the scope %q: set Config.ThrottleRates[%[1]q]", scope)
		}
	}
	if text == "" {
		return rate{}, false, nil
	}
	parsed, err := parseRate(text)
	return parsed, err == nil, err
}

// checkLoginRate tells what is wrong with the rate of failed logins, own or that of the scope; an empty one is no limit.
func checkLoginRate(c *Config, own string) error {
	rate, limited, err := rateOf(c, loginScope, own)
	if err == nil && limited && rate.requests == 0 {
		return CheckLoginRate(orText(own, c.ThrottleRates[loginScope]))
	}
	return err
}

// checkThrottles tells at start-up what is wrong with the throttles of a view; scope is the view's ThrottleScope.
func checkThrottles(c *Config, throttles []Throttle, scope string) error {
	var errs []error
	for _, t := range throttles {
		var err error
		switch t := t.(type) {
		case AnonThrottle:
			_, _, err = rateOf(c, orText(t.Scope, "anon"), t.Rate)
		case UserThrottle:
			_, _, err = rateOf(c, orText(t.Scope, "user"), t.Rate)
		case KeyThrottle:
			err = t.check(c)
		case LoginThrottle:
			err = checkLoginRate(c, t.Rate)
		case ScopedThrottle:
			if scope != "" {
				_, _, err = rateOf(c, scope, t.Rate)
			}
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// checkThrottles asks all throttles and refuses with the longest wait (APIView.check_throttles).
func (r *Request) checkThrottles(throttles []Throttle) error {
	refused, longest := false, time.Duration(-1)
	for _, t := range throttles {
		ok, wait, err := t.Allow(r)
		if err != nil {
			return err
		}
		if !ok {
			refused, longest = true, max(longest, wait)
		}
	}
	if refused {
		return Throttled(longest, "")
	}
	return nil
}
