package quintet_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// with is the server of an application that was changed before it was opened.
func with(t *testing.T, change func(*quintet.Options), environ ...string) (http.Handler, *log, error) {
	t.Helper()
	config, err := quintet.LoadConfig(append(folder(t), environ...))
	if err != nil {
		t.Fatal(err)
	}
	o, l := programOptions(), &log{}
	change(&o)
	app := quintet.New(o)
	if err := app.Open(context.Background(), config, l); err != nil {
		return nil, l, err
	}
	t.Cleanup(app.Close)
	h, err := app.Handler()
	return h, l, err
}

// failing is a plain route that returns err.
func failing(err error) func(*quintet.Options) {
	return func(o *quintet.Options) {
		o.Echo = func(e *echo.Echo, _ *quintet.App) error {
			e.GET("/", func(echo.Context) error { return err })
			return nil
		}
	}
}

func TestErrorsOfPlainHandlers(t *testing.T) {
	throttled := rest.NewError(http.StatusTooManyRequests, "throttled", "Slow down.")
	throttled.Header = http.Header{"Retry-After": {"7"}}
	tests := []struct {
		name       string
		err        error
		status     int
		body       string
		retryAfter string
		logged     bool
	}{
		{"not found", echo.ErrNotFound, 404, notFoundPage, "", false},
		{"echo's, with a text", echo.NewHTTPError(409, "Taken."), 409, `{"detail":"Taken."}`, "", false},
		{"echo's, with a quote", echo.NewHTTPError(400, `a "b"`), 400, `{"detail":"a \"b\""}`, "", false},
		{"echo's, with something else", echo.NewHTTPError(400, 5), 400, `{"detail":"Bad Request"}`, "", false},
		{"echo's 500 keeps its text to itself", echo.NewHTTPError(500, "secret"), 500, `{"detail":"A server error occurred."}`, "", true},
		{"ours", throttled, 429, `{"detail":"Slow down."}`, "7", false},
		{"ours, wrapped", fmt.Errorf("secret: %w", rest.ErrDenied), 403, `{"detail":"You do not have permission to perform this action."}`, "", false},
		{"database away", fmt.Errorf("secret: %w", orm.ErrUnavailable), 503, `{"detail":"Service temporarily unavailable, try again later."}`, "1", true},
		{"too late", context.DeadlineExceeded, 503, `{"detail":"Service temporarily unavailable, try again later."}`, "1", true},
		{"anything", errors.New("secret"), 500, `{"detail":"A server error occurred."}`, "", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h, l, err := with(t, failing(tt.err))
			if err != nil {
				t.Fatal(err)
			}
			w := ask(h, "GET /")
			if w.Code != tt.status || w.Body.String() != tt.body || w.Header().Get("Retry-After") != tt.retryAfter {
				t.Errorf("got %d %q, Retry-After %q", w.Code, w.Body, w.Header().Get("Retry-After"))
			}
			if logged := strings.Contains(l.String(), "level=ERROR"); logged != tt.logged {
				t.Errorf("logged as an error: %v: %s", logged, l)
			}
		})
	}
}

func TestEchoLogsToOurLog(t *testing.T) {
	h, l, err := with(t, func(o *quintet.Options) {
		o.Echo = func(e *echo.Echo, _ *quintet.App) error {
			e.GET("/", func(c echo.Context) error {
				c.Logger().Error("from the handler\x1b[31m")
				return c.NoContent(http.StatusNoContent)
			})
			return nil
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	ask(h, "GET /")
	if text := l.String(); !strings.Contains(text, "from the handler") || strings.Contains(text, "\x1b") {
		t.Errorf("the log: %q", text)
	}
}

// sprocket is a model that cannot be used: its relation is not registered.
type sprocket struct {
	ID      int64
	WheelID int64
	Wheel   *wheel
}

type wheel struct{ ID int64 }

func TestDeclarationsThatCannotBeServed(t *testing.T) {
	broken := errors.New("broken on purpose")
	tests := []struct {
		name   string
		change func(*quintet.Options)
		want   string
	}{
		{"models", func(o *quintet.Options) { o.Models = []any{&sprocket{}, "x"} }, "models: "},
		{"settings", func(o *quintet.Options) { o.Rest = func(*rest.Config, *quintet.App) error { return broken } }, "broken on purpose"},
		{"routes", func(o *quintet.Options) { o.Routes = func(*rest.Router, *quintet.App) error { return broken } }, "broken on purpose"},
		{"views", func(o *quintet.Options) {
			o.Routes = func(r *rest.Router, _ *quintet.App) error {
				r.Group("/api/").Handle("{a:(}/", &rest.View{}, "a")
				return nil
			}
		}, "{a:(}"},
		{"handlers", func(o *quintet.Options) { o.Echo = func(*echo.Echo, *quintet.App) error { return broken } }, "broken on purpose"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := with(t, tt.change); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRestSettingsComeBeforeTheRoutes(t *testing.T) {
	var seen []string
	h, _, err := with(t, func(o *quintet.Options) {
		o.Rest = func(c *rest.Config, app *quintet.App) error {
			seen = append(seen, "rest")
			if c.DB != app.DB() || c.Users != app.Users() || c.Registry != app.Registry() || c.MaxBody != 2621440 {
				t.Errorf("the settings are not those of the application: %+v", c)
			}
			c.Permissions = []rest.Permission{rest.AllowAny}
			return nil
		}
		o.Routes = func(r *rest.Router, app *quintet.App) error {
			seen = append(seen, "routes")
			return apiRoutes(r, app)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(seen, " "); got != "rest routes" {
		t.Errorf("called %s", got)
	}
	if w := ask(h, "GET /api/me/"); w.Code != http.StatusOK {
		t.Errorf("the changed default is not in force: %d", w.Code)
	}
}

func TestForwardingHeadersInside(t *testing.T) {
	const trust = "QUINTET_TRUSTED_PROXIES=10.0.0.1"
	show := func(o *quintet.Options) {
		o.Echo = func(e *echo.Echo, _ *quintet.App) error {
			e.GET("/", func(c echo.Context) error {
				for name, values := range c.Request().Header {
					fmt.Fprintf(c.Response(), "%s=%s ", name, strings.Join(values, "|"))
				}
				return nil
			})
			return nil
		}
	}
	forged := []string{
		"Forwarded: for=6.6.6.6", "X-Forwarded-For: 6.6.6.6, 1.2.3.4", "X-Forwarded-Host: evil.example", "X-Forwarded-Port: 1",
		"X-Forwarded-Proto: https", "X-Forwarded-Ssl: on", "X-Real-Ip: 6.6.6.6", "X-Url-Scheme: https",
	}
	for peer, want := range map[string]string{"10.0.0.1:5": "X-Forwarded-For=1.2.3.4 ", "203.0.113.9:5": ""} {
		h, _, err := with(t, show, trust)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(h, "GET /", append(forged, "From: "+peer)...).Body.String(); got != want {
			t.Errorf("from %s the handler sees %q, want %q", peer, got, want)
		}
	}
}

func TestSessionsAreThoseOfTheConfiguration(t *testing.T) {
	tests := []struct {
		environ string
		secure  bool
	}{
		{"QUINTET_SECRET_KEY=" + goodKey, false},
		{"QUINTET_SECURE_COOKIES=true QUINTET_SECRET_KEY=" + goodKey, true},
		{"QUINTET_ENV=production QUINTET_ALLOWED_HOSTS=a QUINTET_SECRET_KEY=" + goodKey, true},
		{"QUINTET_ENV=production QUINTET_SECURE_COOKIES=false QUINTET_ALLOWED_HOSTS=a QUINTET_SECRET_KEY=" + goodKey, false},
	}
	for _, tt := range tests {
		app, _ := start(t, append(strings.Fields(tt.environ), "QUINTET_TRUSTED_ORIGINS=https://app.example")...)
		browser := app.SessionAuthentication()
		if s := app.Sessions(); s.Secret != goodKey || s.Secure != tt.secure || browser.Sessions != s || browser.CSRF.Secure != tt.secure {
			t.Errorf("%s: secure is %v and %v", tt.environ, s.Secure, browser.CSRF.Secure)
		}
		if got := strings.Join(browser.CSRF.TrustedOrigins, " "); got != "https://app.example" {
			t.Errorf("trusted origins: %q", got)
		}
	}
}
