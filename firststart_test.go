package quintet_test

import (
	"context"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/quintet-go/quintet"
)

// begin serves an application in this process until it has started or failed, and returns what it printed.
func begin(t *testing.T, environ []string, demo fs.FS) (string, error) {
	t.Helper()
	o, out := programOptions(), &log{}
	o.Environ, o.Demo = append(environ, "QUINTET_SHUTDOWN_DELAY=0s"), demo
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	cmd := quintet.New(o).Command()
	cmd.SetOut(out)
	cmd.SetErr(out)
	cmd.SetArgs([]string{"serve"})
	ended := make(chan error, 1)
	go func() { ended <- cmd.ExecuteContext(ctx) }()
	for !strings.Contains(out.String(), " serves at ") {
		select {
		case err := <-ended:
			return out.String(), err
		case <-time.After(5 * time.Millisecond):
		}
	}
	stop()
	return out.String(), <-ended
}

func TestFirstStartIsWholeOrNotAtAll(t *testing.T) {
	environ := folder(t)
	broken := fstest.MapFS{
		"1.json": {Data: []byte(`[{"model": "auth.group", "pk": 3, "fields": {"name": "Demo", "permissions": []}}]`)},
		"2.json": {Data: []byte(`[{"model": "auth.nonsense", "pk": 1, "fields": {}}]`)},
	}
	out, err := begin(t, environ, broken)
	if err == nil || !strings.Contains(out, "demo data") || !strings.Contains(out, "auth.nonsense") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := command(t, environ, "", "dumpdata", "auth.group", "auth.user"); err != nil || strings.TrimSpace(out) != "[]" {
		t.Errorf("left behind: %v: %s", err, out)
	}
	if out, err = begin(t, environ, sampleDemo()); err != nil || !strings.Contains(out, "with the password") {
		t.Errorf("the next start is not a first one: %v: %s", err, out)
	}
}

func TestFirstStartIsOnlyForEmptyDatabases(t *testing.T) {
	tests := []struct {
		name, environ string
		account, demo bool
	}{
		{"nothing set", "", true, true},
		{"switched off", "QUINTET_DEMO=false", false, false},
		{"production", "QUINTET_ENV=production QUINTET_ALLOWED_HOSTS=* QUINTET_SECRET_KEY=" + goodKey, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			environ := append(folder(t), strings.Fields(tt.environ)...)
			out, err := begin(t, environ, sampleDemo())
			if err != nil || strings.Contains(out, "with the password") != tt.account {
				t.Errorf("%v: %s", err, out)
			}
			if dump, err := command(t, environ, "", "dumpdata", "auth.group"); err != nil || strings.Contains(dump, "Demo") != tt.demo {
				t.Errorf("demo data: %v: %s", err, dump)
			}
		})
	}
	environ := migrated(t)
	if out, err := command(t, environ, "", "createsuperuser", "--no-input", "--username", "ada"); err != nil {
		t.Fatal(out, err)
	}
	if out, err := begin(t, environ, sampleDemo()); err != nil || strings.Contains(out, "with the password") {
		t.Errorf("somebody has an account already: %v: %s", err, out)
	}
}

func TestDemoMediaDoesNotReplaceFiles(t *testing.T) {
	dir := t.TempDir()
	mine := filepath.Join(dir, "demo", "note.txt")
	if err := os.MkdirAll(filepath.Dir(mine), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(mine, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := begin(t, append(folder(t), "QUINTET_MEDIA_DIR="+dir), sampleDemo()); err != nil {
		t.Fatal(out, err)
	}
	if got, err := os.ReadFile(mine); err != nil || string(got) != "mine" {
		t.Errorf("%q %v", got, err)
	}
}

func TestPermissionsAreMadeByMigrating(t *testing.T) {
	each(t, func(t *testing.T, environ []string) {
		environ = migrated(t, environ...)
		out, err := command(t, environ, "", "dumpdata", "auth.permission")
		if err != nil || !strings.Contains(out, `"add_user"`) || !strings.Contains(out, `"view_session"`) {
			t.Errorf("%v: %s", err, out)
		}
	})
}

func TestApplicationWithoutMigrations(t *testing.T) {
	o := quintet.Options{Name: "bare", Environ: folder(t)}
	for args, want := range map[string]string{"migrate": "set Options.Migrations", "check": "No mistakes found."} {
		cmd, out := quintet.New(o).Command(), &log{}
		cmd.SetOut(out)
		cmd.SetErr(out)
		cmd.SetArgs([]string{args})
		if err := cmd.Execute(); (err == nil) != (args == "check") || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v: %s", args, err, out)
		}
	}
}

func TestServeEndsWithItsListener(t *testing.T) {
	r := serve(t)
	if status, _, err := r.fetch("/who"); status != http.StatusOK {
		t.Fatal(status, err)
	}
	if err := r.listener.Close(); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-r.done:
		if err == nil || !strings.Contains(err.Error(), "serving on 127.0.0.1:") {
			t.Errorf("got %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("still serving")
	}
}
