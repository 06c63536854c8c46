package quintet

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"github.com/quintet-go/quintet/rest"
)

// Config is what an operator can set from outside. LoadConfig reads it from the environment; every variable has a
// default that works, and an empty variable counts as one that is not set. The comments of the fields are the manual:
// docs/configuration.md is written from them.
type Config struct {
	// Kind of installation: "development" or "production". In production nothing is made up: the secret key and the
	// allowed hosts must be given, no demo data and no administrator are created, and logs are JSON.
	Env string `env:"QUINTET_ENV" envDefault:"development"`

	// Database: "sqlite:" and the path of a file, or a PostgreSQL URL such as
	// postgres://user:password@host:5432/name?sslmode=require. A relative path starts at the working directory.
	DatabaseURL Secret `env:"DATABASE_URL" envDefault:"sqlite:quintet.sqlite3"`

	// Replicas of the database that answer reads of GET, HEAD and OPTIONS requests, each as in DATABASE_URL, separated by
	// commas. They may lag behind: who must see the newest state asks the database itself (docs/transactions.md).
	DatabaseReplicas []Secret `env:"QUINTET_DATABASE_REPLICAS"`

	// Most connections to the database that this process opens, at least 2, and to each of its replicas. On PostgreSQL all
	// processes together must stay below max_connections.
	DBConns int `env:"QUINTET_DB_CONNS" envDefault:"16"`

	// Longest time of one SQL statement; after it the client gets 503.
	DBTimeout time.Duration `env:"QUINTET_DB_TIMEOUT" envDefault:"4s"`

	// How long an account that sent a request is remembered with its permissions, so that its next requests need not ask the
	// database for them: at most 900ms, which is how long a change made by another replica may go unnoticed. 0s turns it off.
	AccountCache time.Duration `env:"QUINTET_ACCOUNT_CACHE" envDefault:"800ms"`

	// Whether serve applies migrations that the database lacks: true or false. Without it: true on SQLite, false on
	// PostgreSQL, where serve refuses to start until "migrate" was run.
	AutoMigrate *bool `env:"QUINTET_AUTO_MIGRATE"`

	// Whether the first start fills an empty database with the demo data and an administrator whose password is printed
	// once: true or false. Without it: true on SQLite in development.
	Demo *bool `env:"QUINTET_DEMO"`

	// Address that the server listens on, host:port. In a container: 0.0.0.0:8000.
	Addr string `env:"QUINTET_ADDR" envDefault:"127.0.0.1:8000"`

	// Key that signs sessions and tokens, at least 32 random characters: every replica needs the same one. Required in
	// production and on PostgreSQL; otherwise one is made at the first start and kept beside the SQLite file
	// (quintet.sqlite3.key, mode 0600).
	SecretKey Secret `env:"QUINTET_SECRET_KEY"`

	// Names that clients may call this server by (the Host header), separated by commas: "api.example.com",
	// ".example.com" for a domain with all below it, "*" for any. Required in production; in development localhost and
	// the loopback addresses. The health addresses answer under every name.
	AllowedHosts []string `env:"QUINTET_ALLOWED_HOSTS"`

	// Origins besides the server's own whose pages may send unsafe requests with a session cookie (CSRF), separated by
	// commas: "https://app.example.com" or "https://*.example.com".
	TrustedOrigins []string `env:"QUINTET_TRUSTED_ORIGINS"`

	// Whether browsers send the session and CSRF cookies over HTTPS only: true or false. Without it: true in production.
	SecureCookies *bool `env:"QUINTET_SECURE_COOKIES"`

	// Origins whose pages may read answers (CORS), separated by commas: "https://app.example.com",
	// "https://*.example.com", or "*" for all of them. Empty: CORS is off.
	CORSOrigins []string `env:"QUINTET_CORS_ORIGINS"`

	// Whether browsers may send cookies and credentials along with CORS requests; not together with "*".
	CORSCredentials bool `env:"QUINTET_CORS_CREDENTIALS" envDefault:"false"`

	// Addresses (or networks, 10.0.0.0/8) of the reverse proxies in front, separated by commas. Only they are believed
	// when they say X-Forwarded-For and X-Forwarded-Proto; from everybody else these headers are dropped.
	TrustedProxies []Network `env:"QUINTET_TRUSTED_PROXIES"`

	// Folder of the uploaded files. It is created when it is missing.
	MediaDir string `env:"QUINTET_MEDIA_DIR" envDefault:"media"`

	// Address below which uploaded files are served; ends with a slash. A full URL (https://cdn.example.com/media/) is
	// only written into answers: somebody else serves the files then.
	MediaURL string `env:"QUINTET_MEDIA_URL" envDefault:"/media/"`

	// Largest JSON or form body, in bytes or with a unit: 500KiB, 2.5MiB, 1GiB. Larger ones get 413.
	MaxBody Bytes `env:"QUINTET_MAX_BODY" envDefault:"2.5MiB"`

	// Largest multipart body, files included. Larger ones get 413.
	MaxUpload Bytes `env:"QUINTET_MAX_UPLOAD" envDefault:"32MiB"`

	// Longest time to work on one request; after it the client gets 503.
	RequestTimeout time.Duration `env:"QUINTET_REQUEST_TIMEOUT" envDefault:"30s"`

	// Longest time in which a client must have sent its body; after it the connection is cut.
	BodyTimeout time.Duration `env:"QUINTET_BODY_TIMEOUT" envDefault:"30s"`

	// How long the server goes on after SIGTERM with readiness down, so that balancers notice before it stops to
	// accept. Ctrl-C does not wait.
	ShutdownDelay time.Duration `env:"QUINTET_SHUTDOWN_DELAY" envDefault:"5s"`

	// How long requests in flight may take to finish after that; then they are cut.
	ShutdownTimeout time.Duration `env:"QUINTET_SHUTDOWN_TIMEOUT" envDefault:"9s"`

	// Least severe messages that are logged: debug, info, warn or error.
	LogLevel slog.Level `env:"QUINTET_LOG_LEVEL" envDefault:"info"`

	// Form of the log on standard error: text or json. Without it: json in production, text otherwise.
	LogFormat string `env:"QUINTET_LOG_FORMAT"`

	// Whether the staff may take profiles of the running process at /debug/pprof/: true or false. They slow it down while they
	// are taken, and show what it works on.
	Profiling bool `env:"QUINTET_PROFILING" envDefault:"false"`

	// Lifetime of access tokens.
	AccessTokenLifetime time.Duration `env:"QUINTET_ACCESS_TOKEN_LIFETIME" envDefault:"5m"`

	// Lifetime of refresh tokens.
	RefreshTokenLifetime time.Duration `env:"QUINTET_REFRESH_TOKEN_LIFETIME" envDefault:"24h"`

	// How many logins may fail for one username from one address (of IPv6 its /64 network), e.g. "10/min" or "100/day";
	// after it the client gets 429. All usernames together may fail ten times as often from one address. Every replica
	// counts for itself. "off": no limit.
	LoginRate string `env:"QUINTET_LOGIN_RATE" envDefault:"10/min"`

	// Added to the clock of tokens, throttles and time stamps: for tests of what happens later. Refused in production.
	ClockOffset time.Duration `env:"QUINTET_CLOCK_OFFSET" envDefault:"0s"`
}

// The values of Config.Env.
const (
	Development = "development"
	Production  = "production"
)

// LoadConfig reads a Config from environment variables ("NAME=value", as os.Environ gives them) and checks it. Variables
// that begin with QUINTET_ and do not exist are mistakes too. All mistakes are returned together as a *ConfigError.
func LoadConfig(environ []string) (Config, error) {
	set := settings(environ)
	problems := unknownVariables(set)
	var c Config
	err := env.ParseWithOptions(&c, env.Options{Environment: set})
	unreadable := parseProblems(err, set)
	c.normalize()
	problems = append(append(problems, unreadable...), without(c.problems(), unreadable)...)
	if len(problems) > 0 {
		return c, &ConfigError{problems}
	}
	return c, nil
}

// Validate checks a Config that was made or changed by hand and returns all mistakes together as a *ConfigError.
func (c Config) Validate() error {
	if problems := c.problems(); len(problems) > 0 {
		return &ConfigError{problems}
	}
	return nil
}

// Production tells whether nothing may be made up for this installation.
func (c Config) Production() bool { return c.Env == Production }

// SQLite tells whether the database is a SQLite file and not a PostgreSQL server.
func (c Config) SQLite() bool { return !isPostgres(string(c.DatabaseURL)) }

// replicas are the addresses of the replicas.
func (c Config) replicas() []string {
	urls := make([]string, len(c.DatabaseReplicas))
	for i, replica := range c.DatabaseReplicas {
		urls[i] = strings.TrimSpace(string(replica))
	}
	return urls
}

// autoMigrate tells whether serve applies migrations.
func (c Config) autoMigrate() bool {
	if c.AutoMigrate != nil {
		return *c.AutoMigrate
	}
	return c.SQLite()
}

// demo tells whether the first start fills the database.
func (c Config) demo() bool {
	if c.Demo != nil {
		return *c.Demo
	}
	return c.SQLite() && !c.Production()
}

// secureCookies tells whether cookies are kept to HTTPS.
func (c Config) secureCookies() bool {
	if c.SecureCookies != nil {
		return *c.SecureCookies
	}
	return c.Production()
}

// LoginThrottles limit the views that take passwords, by LoginRate; there are none when it is "off" or empty.
func (c Config) LoginThrottles() []rest.Throttle {
	if !c.limitsLogins() {
		return []rest.Throttle{}
	}
	return []rest.Throttle{rest.LoginThrottle{Rate: c.LoginRate}}
}

// BasicAuthentication takes passwords with every request; wrong ones are limited by LoginRate, too.
func (c Config) BasicAuthentication() rest.BasicAuthentication {
	if !c.limitsLogins() {
		return rest.BasicAuthentication{}
	}
	return rest.BasicAuthentication{Rate: c.LoginRate}
}

func (c Config) limitsLogins() bool { return c.LoginRate != "" && c.LoginRate != loginRateOff }

// loginRateOff is the LoginRate that limits nothing.
const loginRateOff = "off"

// ConfigError lists every mistake in a configuration.
type ConfigError struct{ Problems []ConfigProblem }

// ConfigProblem is one mistake: the variable, and what is wrong with what to write instead.
type ConfigProblem struct{ Variable, Text string }

// Error is one line for each mistake.
func (e *ConfigError) Error() string {
	var b strings.Builder
	b.WriteString("the configuration has mistakes:")
	for _, p := range e.Problems {
		fmt.Fprintf(&b, "\n  %s: %s", p.Variable, p.Text)
	}
	return b.String()
}

// ConfigVariable describes an environment variable of Config.
type ConfigVariable struct {
	Name, Default, Field string
}

// ConfigVariables lists the variables that LoadConfig reads, in the order of Config's fields.
func ConfigVariables() []ConfigVariable {
	t := reflect.TypeFor[Config]()
	list := make([]ConfigVariable, t.NumField())
	for i := range list {
		f := t.Field(i)
		list[i] = ConfigVariable{Name: f.Tag.Get("env"), Default: f.Tag.Get("envDefault"), Field: f.Name}
	}
	return list
}

// settings turns an environment into a map without the empty variables.
func settings(environ []string) map[string]string {
	set := env.ToMap(environ)
	for name, value := range set {
		if strings.TrimSpace(value) == "" {
			delete(set, name)
		}
	}
	return set
}

// parseProblems translates the errors of the parser, which name Go's fields, to variables with advice.
func parseProblems(err error, set map[string]string) []ConfigProblem {
	var all env.AggregateError
	if !errors.As(err, &all) {
		return nil
	}
	names := map[string]string{}
	for _, v := range ConfigVariables() {
		names[v.Field] = v.Name
	}
	problems := make([]ConfigProblem, 0, len(all.Errors))
	for _, e := range all.Errors {
		var p env.ParseError
		if !errors.As(e, &p) {
			problems = append(problems, ConfigProblem{"environment", e.Error()})
			continue
		}
		name := names[p.Name]
		problems = append(problems, ConfigProblem{name, fmt.Sprintf("%q %s", set[name], adviceFor(p.Type))})
	}
	return problems
}

// adviceFor says what a value of the type looks like.
func adviceFor(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[time.Duration]():
		return `is not a duration; write a number and a unit, e.g. "500ms", "30s", "5m" or "24h"`
	case reflect.TypeFor[Bytes]():
		return `is not a size; write a number of bytes, or one with a unit: "500KiB", "2.5MiB" or "1GiB"`
	case reflect.TypeFor[[]Network]():
		return `is not a list of addresses; write IP addresses or networks separated by commas, e.g. "10.0.0.5,192.168.0.0/16"`
	case reflect.TypeFor[slog.Level]():
		return `is not a level; write "debug", "info", "warn" or "error"`
	case reflect.TypeFor[bool](), reflect.TypeFor[*bool]():
		return `is neither yes nor no; write "true" or "false"`
	}
	return "is not a whole number"
}

// normalize takes blanks and empty items out of the lists.
func (c *Config) normalize() {
	for _, list := range []*[]string{&c.AllowedHosts, &c.TrustedOrigins, &c.CORSOrigins} {
		kept := (*list)[:0]
		for _, item := range *list {
			if item = strings.TrimSpace(item); item != "" {
				kept = append(kept, item)
			}
		}
		*list = kept
	}
}

// without leaves out the problems of variables that could not be read at all.
func without(problems, reported []ConfigProblem) []ConfigProblem {
	var kept []ConfigProblem
	for _, p := range problems {
		if !mentions(reported, p.Variable) {
			kept = append(kept, p)
		}
	}
	return kept
}

func mentions(problems []ConfigProblem, variable string) bool {
	for _, p := range problems {
		if p.Variable == variable {
			return true
		}
	}
	return false
}

// environ is the process's environment unless the application was given another one.
func (o Options) environ() []string {
	if o.Environ != nil {
		return o.Environ
	}
	return os.Environ()
}
