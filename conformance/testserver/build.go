package testserver

import (
	"context"
	"io/fs"
	"net/http"
	"path"
	"sync/atomic"
	"time"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/conformance/kitchen"
	"github.com/quintet-go/quintet/internal/router"
	"github.com/quintet-go/quintet/rest"
)

// build makes shop and kitchen with the settings of the recordings.
func build(ctx context.Context, e Environment) (*Application, error) {
	config, err := quintet.LoadConfig([]string{
		"QUINTET_ALLOWED_HOSTS=testserver,.testserver,localhost,127.0.0.1,[::1]", "QUINTET_LOGIN_RATE=off",
		"QUINTET_TRUSTED_PROXIES=127.0.0.1,::1",
	})
	if err != nil {
		return nil, err
	}
	config.DatabaseURL = quintet.Secret(e.DatabaseURL)
	config.SecretKey = quintet.Secret(e.SecretKey)
	config.MediaDir = e.MediaDir
	counts := &throttleCounts{}
	counts.forget()
	app := quintet.New(options(counts))
	if err := app.Open(ctx, config, e.Log); err != nil {
		return nil, err
	}
	handler, err := app.Handler()
	if err != nil {
		app.Close()
		return nil, err
	}
	forget := func() {
		counts.forget()
		app.Users().ForgetAll()
	}
	return &Application{Handler: handler, Forget: forget, Close: func() error { app.Close(); return nil }}, nil
}

// Declared is the application that is served, shop and kitchen, for tests on databases of their own.
func Declared() quintet.Options {
	counts := &throttleCounts{}
	counts.forget()
	return options(counts)
}

// options are those of the shop with the kitchen added.
func options(counts rest.ThrottleStore) quintet.Options {
	o := router.Shop()
	shop := o
	o.Models = append(o.Models[:len(o.Models):len(o.Models)], kitchen.Models()...)
	o.Migrations = layers{o.Migrations, kitchen.Migrations()}
	o.Rest = func(c *rest.Config, app *quintet.App) error {
		c.ThrottleRates, c.ThrottleStore, c.ServerError = kitchen.Rates(), counts, serverError
		return shop.Rest(c, app)
	}
	o.Routes = func(r *rest.Router, app *quintet.App) error {
		k, err := kitchen.New(app)
		if err != nil {
			return err
		}
		k.Routes(r)
		return shop.Routes(r, app)
	}
	return o
}

// throttleCounts is a store of throttles that can be emptied.
type throttleCounts struct {
	now atomic.Pointer[rest.MemoryThrottles]
}

func (t *throttleCounts) forget() { t.now.Store(&rest.MemoryThrottles{}) }

// Take implements rest.ThrottleStore.
func (t *throttleCounts) Take(ctx context.Context, key string, limit int, period time.Duration, now time.Time) (bool, time.Duration, error) {
	return t.now.Load().Take(ctx, key, limit, period, now)
}

// serverError answers a failure that nobody expected with the page of the reference.
func serverError(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(http.StatusInternalServerError)
	_, _ = w.Write([]byte(serverErrorPage)) // the client may be gone
}

const serverErrorPage = `
<!doctype html>
<html lang="en">
<head>
  <title>Server Error (500)</title>
</head>
<body>
  <h1>Server Error (500)</h1><p></p>
</body>
</html>
`

// layers are file systems over each other: the first that has a file gives it, and a folder holds what it holds in any.
type layers []fs.FS

// Open implements fs.FS.
func (l layers) Open(name string) (file fs.File, err error) {
	for _, layer := range l {
		if file, err = layer.Open(name); err == nil {
			return file, nil
		}
	}
	return nil, err
}

// ReadDir implements fs.ReadDirFS.
func (l layers) ReadDir(name string) ([]fs.DirEntry, error) {
	var all []fs.DirEntry
	seen := map[string]bool{}
	var failed error
	for _, layer := range l {
		entries, err := fs.ReadDir(layer, name)
		if err != nil {
			failed = err
			continue
		}
		for _, entry := range entries {
			if key := path.Join(name, entry.Name()); !seen[key] {
				seen[key] = true
				all = append(all, entry)
			}
		}
	}
	if len(all) == 0 {
		return nil, failed
	}
	return all, nil
}
