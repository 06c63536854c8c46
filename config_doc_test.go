package quintet_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet"
)

var update = flag.Bool("update", false, "write docs/configuration.md from the comments in config.go")

const configurationDoc = "docs/configuration.md"

// TestConfigurationIsDocumented keeps the manual equal to the struct: every field has a comment, and the page is made of them.
func TestConfigurationIsDocumented(t *testing.T) {
	want := configurationPage(t)
	if *update {
		if err := os.WriteFile(configurationDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(configurationDoc)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is out of date; run: go test . -run ConfigurationIsDocumented -update\n%s", configurationDoc, diff)
	}
}

func configurationPage(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("# Configuration\n\nWritten from the comments in `config.go`; do not edit by hand.\n\n" +
		"The server reads environment variables only. An empty variable counts as one that is not set. Unknown variables that\n" +
		"begin with `QUINTET_` and values that do not fit stop the start, all of them reported at once with what to write instead;\n" +
		"`server check` reports them without starting. Durations are a number and a unit (`500ms`, `30s`, `5m`, `24h`).\n\n" +
		"| Variable | Default | Meaning |\n| --- | --- | --- |\n")
	comments := fieldComments(t, "config.go", "Config")
	for _, v := range quintet.ConfigVariables() {
		text := strings.ReplaceAll(strings.Join(strings.Fields(comments[v.Field]), " "), "|", `\|`)
		if text == "" {
			t.Errorf("field %s of Config has no comment", v.Field)
		}
		standard := ""
		if v.Default != "" {
			standard = "`" + v.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", v.Name, standard, text)
	}
	b.WriteString("\n`createsuperuser --no-input` also reads `DJANGO_SUPERUSER_USERNAME`, `DJANGO_SUPERUSER_EMAIL` and\n" +
		"`DJANGO_SUPERUSER_PASSWORD`, or the same with `QUINTET_` in front.\n")
	return b.String()
}

// fieldComments are the comments above the fields of a struct.
func fieldComments(t *testing.T, file, name string) map[string]string {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
	ast.Inspect(tree, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || spec.Name.Name != name {
			return true
		}
		for _, f := range spec.Type.(*ast.StructType).Fields.List {
			comments[f.Names[0].Name] = f.Doc.Text()
		}
		return false
	})
	return comments
}
