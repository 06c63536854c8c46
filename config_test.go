package quintet_test

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet"
)

const goodKey = "k9Qz7-vWm2Xr4Tb8Yn1Lc6Hd3Js5Gf0Pa" // long and of many different characters

func TestLoadConfigMistakes(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		environ string // blank-separated
		want    string // "VARIABLE: part of the advice", one a line; empty for none
	}{
		{"nothing set", "", ""},
		{"empty counts as unset", "QUINTET_ADDR= QUINTET_LOG_LEVEL= QUINTET_DB_CONNS=", ""},
		{"others' variables", "PATH=/bin QUINTETT=1 QUINTET_TEST_ANYTHING=1 QUINTET_SUPERUSER_EMAIL=a@b.c", ""},
		{"misspelt", "QUINTET_ADRR=x", "QUINTET_ADRR: did you mean QUINTET_ADDR?"},
		{"misspelt long", "QUINTET_ALLOWED_HOST=x", "QUINTET_ALLOWED_HOST: did you mean QUINTET_ALLOWED_HOSTS?"},
		{"unknown", "QUINTET_COLOUR_OF_THE_SKY=x", "QUINTET_COLOUR_OF_THE_SKY: docs/configuration.md lists"},
		{"kind", "QUINTET_ENV=prod", "QUINTET_ENV: write development or production"},
		{"address without port", "QUINTET_ADDR=8000", "QUINTET_ADDR: write host:port"},
		{"port too large", "QUINTET_ADDR=:70000", "QUINTET_ADDR: port between 0 and 65535"},
		{"all interfaces", "QUINTET_ADDR=:8000", ""},
		{"foreign replica", "QUINTET_DATABASE_REPLICAS=mysql://a/b", `QUINTET_DATABASE_REPLICAS: no database "mysql"`},
		{"replica of another kind", "QUINTET_DATABASE_REPLICAS=sqlite:a,postgres://a/b", `QUINTET_DATABASE_REPLICAS: of the same kind`},
		{"replicas", "QUINTET_DATABASE_REPLICAS=sqlite:a,sqlite:b", ""},
		{"foreign database", "DATABASE_URL=mysql://a/b", `DATABASE_URL: no database "mysql"`},
		{"PostgreSQL without a name", "DATABASE_URL=postgres://a QUINTET_SECRET_KEY=" + goodKey, "DATABASE_URL: postgres://user:password@host:5432/name"},
		{"PostgreSQL", "DATABASE_URL=postgresql://a/b QUINTET_SECRET_KEY=" + goodKey, ""},
		{"PostgreSQL needs a key", "DATABASE_URL=postgres://a/b", "QUINTET_SECRET_KEY: openssl rand"},
		{"plain path", "DATABASE_URL=some/where.sqlite3", ""},
		{"production needs key and hosts", "QUINTET_ENV=production", "QUINTET_SECRET_KEY: required in production\nQUINTET_ALLOWED_HOSTS: required in production"},
		{"production", "QUINTET_ENV=production QUINTET_ALLOWED_HOSTS=a.example QUINTET_SECRET_KEY=" + goodKey, ""},
		{"short key", "QUINTET_SECRET_KEY=abcdef", "QUINTET_SECRET_KEY: too short (6 characters, at least 32)"},
		{"known key", "QUINTET_SECRET_KEY=django-insecure-k9Qz7-vWm2Xr4Tb8Yn1Lc6Hd", "QUINTET_SECRET_KEY: known from documents"},
		{"template's key", "QUINTET_SECRET_KEY=ChangeMe-ChangeMe-ChangeMe-ChangeMe", "QUINTET_SECRET_KEY: known from documents"},
		{"monotonous key", "QUINTET_SECRET_KEY=abababababababababababababababababab", "QUINTET_SECRET_KEY: easy to guess"},
		{"host with scheme", "QUINTET_ALLOWED_HOSTS=https://a.example", "QUINTET_ALLOWED_HOSTS: without scheme and port"},
		{"host with port", "QUINTET_ALLOWED_HOSTS=a.example:80", "QUINTET_ALLOWED_HOSTS: without scheme and port"},
		{"hosts", "QUINTET_ALLOWED_HOSTS=a.example,.b.example,[::1],127.0.0.1,*", ""},
		{"origin without scheme", "QUINTET_TRUSTED_ORIGINS=a.example", "QUINTET_TRUSTED_ORIGINS: write scheme and host"},
		{"origin with path", "QUINTET_CORS_ORIGINS=https://a.example/", "QUINTET_CORS_ORIGINS: without a path"},
		{"origins", "QUINTET_CORS_ORIGINS=https://a.example,http://localhost:3000,https://*.b.example QUINTET_CORS_CREDENTIALS=true", ""},
		{"every origin with cookies", "QUINTET_CORS_ORIGINS=* QUINTET_CORS_CREDENTIALS=true", "QUINTET_CORS_CREDENTIALS: list the origins"},
		{"no rate", "QUINTET_LOGIN_RATE=ten", `QUINTET_LOGIN_RATE: "ten" is no rate; write a number above 0 and s, min, hour or day`},
		{"rate", "QUINTET_LOGIN_RATE=100/day", ""},
		{"a rate of nothing", "QUINTET_LOGIN_RATE=0/min", `QUINTET_LOGIN_RATE: "0/min" is no rate; write a number above 0`},
		{"no limit of logins", "QUINTET_LOGIN_RATE=off", ""},
		{"no boolean", "QUINTET_CORS_CREDENTIALS=maybe", `QUINTET_CORS_CREDENTIALS: "maybe" is neither yes nor no`},
		{"no optional boolean", "QUINTET_DEMO=maybe", `QUINTET_DEMO: write "true" or "false"`},
		{"no network", "QUINTET_TRUSTED_PROXIES=10.0.0.0/99", "QUINTET_TRUSTED_PROXIES: IP addresses or networks"},
		{"no number", "QUINTET_DB_CONNS=many", "QUINTET_DB_CONNS: whole number"},
		{"too few connections", "QUINTET_DB_CONNS=1", "QUINTET_DB_CONNS: write 2 or more"},
		{"no duration", "QUINTET_REQUEST_TIMEOUT=30", "QUINTET_REQUEST_TIMEOUT: write a number and a unit"},
		{"no time", "QUINTET_REQUEST_TIMEOUT=0s", "QUINTET_REQUEST_TIMEOUT: too short"},
		{"negative delay", "QUINTET_SHUTDOWN_DELAY=-1s", "QUINTET_SHUTDOWN_DELAY: too short"},
		{"no boolean for profiles", "QUINTET_PROFILING=staff", `QUINTET_PROFILING: "staff" is neither yes nor no`},
		{"accounts remembered too long", "QUINTET_ACCOUNT_CACHE=1s", "QUINTET_ACCOUNT_CACHE: write at most 900ms"},
		{"accounts remembered for long enough", "QUINTET_ACCOUNT_CACHE=900ms", ""},
		{"accounts not remembered", "QUINTET_ACCOUNT_CACHE=0s", ""},
		{"accounts not remembered at all", "QUINTET_ACCOUNT_CACHE=-1s", ""},
		{"no size", "QUINTET_MAX_BODY=large", `QUINTET_MAX_BODY: "2.5MiB"`},
		{"no room", "QUINTET_MAX_BODY=0", "QUINTET_MAX_BODY: more than nothing"},
		{"upload below body", "QUINTET_MAX_BODY=2MiB QUINTET_MAX_UPLOAD=1MiB", "QUINTET_MAX_UPLOAD: less than QUINTET_MAX_BODY (2MiB)"},
		{"no level", "QUINTET_LOG_LEVEL=loud", `QUINTET_LOG_LEVEL: write "debug", "info"`},
		{"no format", "QUINTET_LOG_FORMAT=xml", "QUINTET_LOG_FORMAT: write text or json"},
		{"media without slash", "QUINTET_MEDIA_URL=/media", "QUINTET_MEDIA_URL: end with"},
		{"media everywhere", "QUINTET_MEDIA_URL=/", "QUINTET_MEDIA_URL: write e.g."},
		{"media elsewhere", "QUINTET_MEDIA_URL=https://cdn.example/m/", ""},
		{"media is a file", "QUINTET_MEDIA_DIR=" + file, "QUINTET_MEDIA_DIR: is a file"},
		{"tokens the wrong way round", "QUINTET_ACCESS_TOKEN_LIFETIME=48h", "QUINTET_REFRESH_TOKEN_LIFETIME: shorter than"},
		{"wrong clock in production", "QUINTET_ENV=production QUINTET_ALLOWED_HOSTS=a QUINTET_CLOCK_OFFSET=2h QUINTET_SECRET_KEY=" + goodKey, "QUINTET_CLOCK_OFFSET: for tests"},
		{
			"all at once", "QUINTET_ADRR=x QUINTET_ENV=x QUINTET_DB_TIMEOUT=x QUINTET_LOG_FORMAT=x",
			"QUINTET_ADRR: did you mean\nQUINTET_DB_TIMEOUT: unit\nQUINTET_ENV: write\nQUINTET_LOG_FORMAT: write",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := quintet.LoadConfig(strings.Fields(tt.environ))
			checkProblems(t, err, tt.want)
		})
	}
}

func checkProblems(t *testing.T, err error, want string) {
	t.Helper()
	var lines []string
	if want != "" {
		lines = strings.Split(want, "\n")
	}
	var got []quintet.ConfigProblem
	var all *quintet.ConfigError
	if errors.As(err, &all) {
		got = all.Problems
	}
	if len(got) != len(lines) {
		t.Fatalf("got %d problems, want %d: %v", len(got), len(lines), err)
	}
	for i, line := range lines {
		variable, text, _ := strings.Cut(line, ": ")
		if got[i].Variable != variable || !strings.Contains(got[i].Text, text) {
			t.Errorf("got %+v, want %s", got[i], line)
		}
		if !strings.Contains(err.Error(), got[i].Text) {
			t.Errorf("the error leaves out %q: %v", got[i].Text, err)
		}
	}
}

func TestLoadConfigValues(t *testing.T) {
	c, err := quintet.LoadConfig([]string{
		"DATABASE_URL=postgres://u:p@h/n", "QUINTET_SECRET_KEY=" + goodKey, "QUINTET_ALLOWED_HOSTS= a.example , ,.b.example",
		"QUINTET_TRUSTED_PROXIES=10.1.2.3, 192.168.7.9/16,::1", "QUINTET_MAX_BODY=1.5KiB", "QUINTET_LOG_LEVEL=WARN",
		"QUINTET_ACCESS_TOKEN_LIFETIME=90s", "QUINTET_DEMO=false",
	})
	if err != nil {
		t.Fatal(err)
	}
	got := fmt.Sprint(c.SQLite(), c.AllowedHosts, c.TrustedProxies, int64(c.MaxBody), c.LogLevel, c.AccessTokenLifetime, *c.Demo, c.AutoMigrate == nil)
	want := "false [a.example .b.example] [10.1.2.3/32 192.168.0.0/16 ::1/128] 1536 WARN 1m30s false true"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestDefaultsAreSafe(t *testing.T) {
	c, err := quintet.LoadConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Addr != "127.0.0.1:8000" || len(c.CORSOrigins) != 0 || c.CORSCredentials || len(c.TrustedProxies) != 0 {
		t.Errorf("open by default: %+v", c)
	}
	if c.LogLevel != slog.LevelInfo || c.AccessTokenLifetime != 5*time.Minute || c.RefreshTokenLifetime != 24*time.Hour {
		t.Errorf("defaults: %+v", c)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	c, err := quintet.LoadConfig([]string{"DATABASE_URL=postgres://u:hunter2@h/n", "QUINTET_SECRET_KEY=" + goodKey})
	if err != nil {
		t.Fatal(err)
	}
	l := &log{}
	slog.New(slog.NewJSONHandler(l, nil)).Info("config", "all", c, "key", c.SecretKey)
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v %#v", c, c), l.String()} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, goodKey) {
			t.Errorf("a secret is shown: %s", text)
		}
	}
}

func TestBytes(t *testing.T) {
	tests := []struct {
		text string
		want int64 // -1: refused
		show string
	}{
		{"0", 0, "0"},
		{"1048576", 1 << 20, "1MiB"},
		{"2.5MiB", 2621440, "2560KiB"},
		{" 3 GiB ", 3 << 30, "3GiB"},
		{"500kB", 500_000, "500000"},
		{"7B", 7, "7"},
		{"", -1, ""},
		{"MiB", -1, ""},
		{"-1", -1, ""},
		{"NaN", -1, ""},
		{"1e30", -1, ""},
		{"9223372036854775807GiB", -1, ""},
	}
	for _, tt := range tests {
		var b quintet.Bytes
		err := b.UnmarshalText([]byte(tt.text))
		if (err != nil) != (tt.want < 0) {
			t.Errorf("%q: error %v", tt.text, err)
		}
		if err == nil && (int64(b) != tt.want || b.String() != tt.show) {
			t.Errorf("%q: got %d %s, want %d %s", tt.text, b, b, tt.want, tt.show)
		}
	}
}

func FuzzBytes(f *testing.F) {
	f.Add("2.5MiB")
	f.Fuzz(func(t *testing.T, text string) {
		var b, again quintet.Bytes
		if b.UnmarshalText([]byte(text)) != nil {
			return
		}
		if err := again.UnmarshalText([]byte(b.String())); b < 0 || err != nil && b < 1<<53 {
			t.Errorf("%q gives %d, which is not read back: %v", text, b, err)
		}
	})
}

func TestVariablesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, v := range quintet.ConfigVariables() {
		if seen[v.Name] || v.Name != "DATABASE_URL" && !strings.HasPrefix(v.Name, "QUINTET_") {
			t.Errorf("variable %q of field %s", v.Name, v.Field)
		}
		seen[v.Name] = true
	}
}

func TestValidateAgreesWithLoad(t *testing.T) {
	c, err := quintet.LoadConfig(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Validate(); err != nil {
		t.Error(err)
	}
	c.Addr, c.MaxBody = "nowhere", 0
	var all *quintet.ConfigError
	if !errors.As(c.Validate(), &all) {
		t.Fatal("mistakes pass")
	}
	var got []string
	for _, p := range all.Problems {
		got = append(got, p.Variable)
	}
	if diff := cmp.Diff([]string{"QUINTET_ADDR", "QUINTET_MAX_BODY"}, got); diff != "" {
		t.Error(diff)
	}
}
