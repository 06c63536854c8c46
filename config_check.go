package quintet

import (
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quintet-go/quintet/rest"
)

// commandVariables are read by single commands and by the tests, not by LoadConfig.
var commandVariables = [...]string{
	"QUINTET_SUPERUSER_USERNAME", "QUINTET_SUPERUSER_PASSWORD", "QUINTET_SUPERUSER_EMAIL",
	"QUINTET_REQUIRE_POSTGRES", "QUINTET_POSTGRES_BIN",
}

// testPrefix begins the variables of test programs, which LoadConfig passes over.
const testPrefix = "QUINTET_TEST_"

// unknownVariables finds variables that are meant for Quintet and do not exist.
func unknownVariables(set map[string]string) []ConfigProblem {
	known := commandVariables[:]
	for _, v := range ConfigVariables() {
		known = append(known, v.Name)
	}
	var problems []ConfigProblem
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if strings.HasPrefix(name, "QUINTET_") && !strings.HasPrefix(name, testPrefix) && !slices.Contains(known, name) {
			problems = append(problems, ConfigProblem{name, unknownAdvice(name, known)})
		}
	}
	return problems
}

func unknownAdvice(name string, known []string) string {
	if near := nearest(name, known); near != "" {
		return "there is no such variable; did you mean " + near + "?"
	}
	return "there is no such variable; docs/configuration.md lists those that exist"
}

// problems checks everything that has a readable value.
func (c Config) problems() []ConfigProblem {
	k := &checker{}
	c.checkKind(k)
	c.checkDatabase(k)
	c.checkNames(k)
	c.checkFiles(k)
	c.checkTimes(k)
	return k.problems
}

// checker collects problems.
type checker struct{ problems []ConfigProblem }

func (k *checker) add(variable, format string, args ...any) {
	k.problems = append(k.problems, ConfigProblem{variable, fmt.Sprintf(format, args...)})
}

func (c Config) checkKind(k *checker) {
	if c.Env != Development && c.Env != Production {
		k.add("QUINTET_ENV", "%q is unknown; write development or production", c.Env)
	}
	if c.LogFormat != "" && c.LogFormat != "text" && c.LogFormat != "json" {
		k.add("QUINTET_LOG_FORMAT", "%q is unknown; write text or json", c.LogFormat)
	}
	if c.ClockOffset != 0 && c.Production() {
		k.add("QUINTET_CLOCK_OFFSET", "a wrong clock is for tests; unset it, or set QUINTET_ENV=development")
	}
	if text := weakKey(string(c.SecretKey)); c.SecretKey != "" && text != "" {
		k.add("QUINTET_SECRET_KEY", "%s; make one with: openssl rand -base64 48", text)
	}
	if c.SecretKey == "" && (c.Production() || !c.SQLite()) {
		k.add("QUINTET_SECRET_KEY", "is required in production and on PostgreSQL, the same for every replica; make one with: openssl rand -base64 48")
	}
}

func (c Config) checkDatabase(k *checker) {
	k.databaseURL("DATABASE_URL", string(c.DatabaseURL))
	for _, raw := range c.replicas() {
		k.databaseURL("QUINTET_DATABASE_REPLICAS", raw)
		if isPostgres(raw) == c.SQLite() {
			k.add("QUINTET_DATABASE_REPLICAS", "a replica is of the same kind as the database of DATABASE_URL")
		}
	}
	if c.DBConns < 2 {
		k.add("QUINTET_DB_CONNS", "%d is too few; write 2 or more", c.DBConns)
	}
}

// databaseURL checks what a variable says where a database is.
func (k *checker) databaseURL(variable, raw string) {
	scheme, _, hasScheme := strings.Cut(raw, ":")
	switch {
	case raw == "":
		k.add(variable, "is empty; write sqlite:quintet.sqlite3 or postgres://user:password@host/name")
	case isPostgres(raw):
		if u, err := url.Parse(raw); err != nil || strings.Trim(u.Path, "/") == "" && u.Query().Get("dbname") == "" {
			k.add(variable, "is no complete PostgreSQL address; write postgres://user:password@host:5432/name, special characters of the password percent-encoded")
		}
	case hasScheme && len(scheme) > 1 && scheme != "sqlite" && scheme != "file":
		k.add(variable, "there is no database %q; write sqlite:quintet.sqlite3 or postgres://user:password@host/name", scheme)
	}
}

func (c Config) checkNames(k *checker) {
	if _, err := parseAddr(c.Addr); err != nil {
		k.add("QUINTET_ADDR", "%q %v; write host:port, e.g. 127.0.0.1:8000", c.Addr, err)
	}
	if c.Production() && len(c.AllowedHosts) == 0 {
		k.add("QUINTET_ALLOWED_HOSTS", `is required in production; write the names that clients use, e.g. "api.example.com", or "*" when a proxy in front checks them`)
	}
	for _, host := range c.AllowedHosts {
		if strings.ContainsAny(host, "/@ ") || strings.Contains(strings.TrimPrefix(host, "["), ":") && !strings.HasSuffix(host, "]") {
			k.add("QUINTET_ALLOWED_HOSTS", `%q is no name; write it without scheme and port, e.g. "api.example.com"`, host)
		}
	}
	if c.limitsLogins() && rest.CheckLoginRate(c.LoginRate) != nil {
		k.add("QUINTET_LOGIN_RATE", `%q is no rate; write a number above 0 and s, min, hour or day, e.g. "10/min", or "off" for no limit`, c.LoginRate)
	}
	for _, origin := range c.TrustedOrigins {
		checkOrigin(k, "QUINTET_TRUSTED_ORIGINS", origin)
	}
	for _, origin := range c.CORSOrigins {
		if origin != "*" {
			checkOrigin(k, "QUINTET_CORS_ORIGINS", origin)
		}
	}
	if c.CORSCredentials && slices.Contains(c.CORSOrigins, "*") {
		k.add("QUINTET_CORS_CREDENTIALS", `cannot be true while QUINTET_CORS_ORIGINS is "*": any page could act for a visitor who is logged in; list the origins`)
	}
}

func checkOrigin(k *checker, variable, origin string) {
	u, err := url.Parse(origin)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.Path != "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		k.add(variable, `%q is no origin; write scheme and host without a path, e.g. "https://app.example.com"`, origin)
	}
}

func (c Config) checkFiles(k *checker) {
	if !strings.HasSuffix(c.MediaURL, "/") || !(strings.HasPrefix(c.MediaURL, "/") || isWebURL(c.MediaURL)) || c.MediaURL == "/" {
		k.add("QUINTET_MEDIA_URL", `%q must begin with "/" or "https://" and end with "/"; write e.g. "/media/"`, c.MediaURL)
	}
	if c.MediaDir == "" {
		k.add("QUINTET_MEDIA_DIR", `is empty; write a folder, e.g. "media"`)
	} else if info, err := os.Stat(c.MediaDir); err == nil && !info.IsDir() {
		k.add("QUINTET_MEDIA_DIR", "%q is a file; write a folder", c.MediaDir)
	}
	if c.MaxBody < 1 {
		k.add("QUINTET_MAX_BODY", "must be more than nothing; write e.g. 2.5MiB")
	}
	if c.MaxUpload < c.MaxBody {
		k.add("QUINTET_MAX_UPLOAD", "%s is less than QUINTET_MAX_BODY (%s); write at least as much", c.MaxUpload, c.MaxBody)
	}
}

func (c Config) checkTimes(k *checker) {
	positive := []struct {
		name  string
		value time.Duration
		least time.Duration
	}{
		{"QUINTET_DB_TIMEOUT", c.DBTimeout, time.Millisecond},
		{"QUINTET_REQUEST_TIMEOUT", c.RequestTimeout, time.Millisecond},
		{"QUINTET_BODY_TIMEOUT", c.BodyTimeout, time.Millisecond},
		{"QUINTET_SHUTDOWN_DELAY", c.ShutdownDelay, 0},
		{"QUINTET_SHUTDOWN_TIMEOUT", c.ShutdownTimeout, time.Millisecond},
		{"QUINTET_ACCESS_TOKEN_LIFETIME", c.AccessTokenLifetime, time.Second},
		{"QUINTET_REFRESH_TOKEN_LIFETIME", c.RefreshTokenLifetime, time.Second},
	}
	for _, p := range positive {
		if p.value < p.least {
			k.add(p.name, "%s is too short; write at least %s", p.value, p.least)
		}
	}
	if c.AccountCache > longestAccountCache {
		k.add("QUINTET_ACCOUNT_CACHE", "%s is too long: an account that was disabled has to be refused within a second; write at most %s, or 0s to turn it off", c.AccountCache, longestAccountCache)
	}
	if c.RefreshTokenLifetime < c.AccessTokenLifetime {
		k.add("QUINTET_REFRESH_TOKEN_LIFETIME", "%s is shorter than the access token's %s; write a longer time", c.RefreshTokenLifetime, c.AccessTokenLifetime)
	}
}

// longestAccountCache keeps the promise that what is taken from an account is gone everywhere within a second.
const longestAccountCache = 900 * time.Millisecond

// parseAddr checks "host:port" and returns the port.
func parseAddr(addr string) (int, error) {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return 0, fmt.Errorf("has no host and port")
	}
	n, err := strconv.Atoi(port)
	if err != nil || n < 0 || n > 65535 {
		return 0, fmt.Errorf("has no port between 0 and 65535")
	}
	return n, nil
}

func isPostgres(databaseURL string) bool {
	return strings.HasPrefix(databaseURL, "postgres://") || strings.HasPrefix(databaseURL, "postgresql://")
}

func isWebURL(address string) bool {
	return strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://")
}
