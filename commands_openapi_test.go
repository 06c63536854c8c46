package quintet_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/rest"
)

// documented runs the command openapi of an application with one view.
func documented(t *testing.T, info rest.DocumentInfo, args ...string) (string, error) {
	t.Helper()
	o := programOptions()
	o.Name, o.Document, o.Environ = "library", info, []string{}
	o.Routes = func(r *rest.Router, app *quintet.App) error {
		g := r.Group("/api/").Handle("schema/", rest.SchemaView(app.DocumentInfo()), "schema")
		g.Handle("ping/", &rest.View{Name: "Ping", Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: one}}}, "ping")
		return nil
	}
	cmd := quintet.New(o).Command()
	out := &strings.Builder{}
	cmd.SetOut(out)
	cmd.SetErr(out)
	cmd.SetArgs(append([]string{"openapi"}, args...))
	err := cmd.Execute()
	return out.String(), err
}

func TestOpenAPICommand(t *testing.T) {
	file := filepath.Join(t.TempDir(), "openapi.yaml")
	full := rest.DocumentInfo{Title: "Library", Version: "2"}
	steps := []struct {
		name string
		info rest.DocumentInfo
		args []string
		fail string // a part of the error
		want string // begins the file, or what is printed
	}{
		{"no file yet", full, []string{"--check", "--out", file}, "write it with the command openapi", ""},
		{"write", full, []string{"--out", file}, "", "openapi: 3.1.0\ninfo:\n  title: Library\n  version: \"2\"\n"},
		{"compare", full, []string{"--check", "--out", file}, "", "openapi: 3.1.0\n"},
		{"compare after a change", rest.DocumentInfo{Title: "Library", Version: "3"}, []string{"--check", "--out", file}, "is out of date", "openapi: 3.1.0\n"},
		{"write JSON", full, []string{"--format", "json", "--out", file}, "", "{\n  \"openapi\": \"3.1.0\",\n"},
		{"print", rest.DocumentInfo{}, []string{"--out", "-"}, "", "openapi: 3.1.0\ninfo:\n  title: library\n"},
	}
	for _, step := range steps {
		out, err := documented(t, step.info, step.args...)
		if (err != nil) != (step.fail != "") || err != nil && !strings.Contains(err.Error(), step.fail) {
			t.Fatalf("%s: %v", step.name, err)
		}
		if step.name != "print" {
			text, _ := os.ReadFile(file) // there is none at first
			out = string(text)
		}
		if !strings.HasPrefix(out, step.want) || step.want != "" && !strings.Contains(out, "/api/ping/") {
			t.Errorf("%s: %.200s", step.name, out)
		}
	}
}
