package quintet_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The manual is README.md and the pages below docs. Its links lead somewhere, its code compiles, and it names every word of the
// tags and every field of the declarations, so that it cannot fall behind.

// manualPage is a Markdown file: its path below the root and its text.
type manualPage struct{ name, text string }

func manual(t *testing.T) []manualPage {
	t.Helper()
	pages := []manualPage{readPage(t, "README.md")}
	err := filepath.WalkDir("docs", func(name string, _ fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(name) == ".md" {
			pages = append(pages, readPage(t, filepath.ToSlash(name)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

func readPage(t *testing.T, name string) manualPage {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return manualPage{name, string(data)}
}

var (
	codeFence  = regexp.MustCompile("(?ms)^```.*?^```$")
	inlineCode = regexp.MustCompile("`[^`\n]*`")
	pageLink   = regexp.MustCompile(`\]\(([^()\s]*)\)`)
	heading    = regexp.MustCompile(`(?m)^#+ (.*)$`)
)

// prose is the text of a page without its code.
func (p manualPage) prose() string {
	return inlineCode.ReplaceAllString(codeFence.ReplaceAllString(p.text, ""), "`code`")
}

// links are the targets of a page's links inside of the repository, relative to the root.
func (p manualPage) links() []string {
	var list []string
	for _, found := range pageLink.FindAllStringSubmatch(p.prose(), -1) {
		file, anchor, _ := strings.Cut(found[1], "#")
		switch {
		case strings.Contains(file, ":"):
			continue // another site
		case file == "":
			file = p.name
		default:
			file = path.Join(path.Dir(p.name), file)
		}
		list = append(list, strings.TrimSuffix(file+"#"+anchor, "#"))
	}
	return list
}

// anchors are the names that a page's headings have in links.
func (p manualPage) anchors() []string {
	var list []string
	for _, found := range heading.FindAllStringSubmatch(codeFence.ReplaceAllString(p.text, ""), -1) {
		name := strings.ToLower(strings.ReplaceAll(found[1], " ", "-"))
		list = append(list, regexp.MustCompile(`[^\p{L}\p{N}_-]`).ReplaceAllString(name, ""))
	}
	return list
}

func TestManualLinks(t *testing.T) {
	for _, p := range manual(t) {
		for _, link := range p.links() {
			file, anchor, _ := strings.Cut(link, "#")
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which is not there", p.name, file)
				continue
			}
			if anchor != "" && !slices.Contains(readPage(t, file).anchors(), anchor) {
				t.Errorf("%s links to %s, which has no heading #%s", p.name, file, anchor)
			}
		}
	}
}

func TestManualLinksAreFound(t *testing.T) {
	p := manualPage{"docs/x.md", "# A `b` c\n[a](y.md) [b](../README.md#run-it) [c](#a-b-c) [d](https://e.f) `[g](h)`\n```go\n[i](j)\n```\n"}
	if got, want := p.links(), []string{"docs/y.md", "README.md#run-it", "docs/x.md#a-b-c"}; !slices.Equal(got, want) {
		t.Errorf("links: got %q, want %q", got, want)
	}
	if got := p.anchors(); !slices.Equal(got, []string{"a-b-c"}) {
		t.Errorf("anchors: got %q", got)
	}
}

// TestManualIsListed keeps the table of contents complete.
func TestManualIsListed(t *testing.T) {
	listed := readPage(t, "docs/README.md").links()
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range pages {
		if name = filepath.ToSlash(name); name != "docs/README.md" && !slices.Contains(listed, name) {
			t.Errorf("docs/README.md does not list %s", name)
		}
	}
}

// mapKeys are the texts that are keys of a map that a file of Go declares.
func mapKeys(t *testing.T, file, name string) []string {
	t.Helper()
	var keys []string
	ast.Inspect(parseGo(t, file), func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Names) != 1 || spec.Names[0].Name != name {
			return true
		}
		for _, element := range spec.Values[0].(*ast.CompositeLit).Elts {
			literal, ok := element.(*ast.KeyValueExpr).Key.(*ast.BasicLit)
			if !ok {
				t.Fatalf("%s: a key of %s is no text", file, name)
			}
			key, _ := strconv.Unquote(literal.Value)
			keys = append(keys, key)
		}
		return false
	})
	if keys == nil {
		t.Fatalf("%s declares no map %s", file, name)
	}
	return keys
}

func parseGo(t *testing.T, file string) *ast.File {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// tableWords are the words in code style in the first cells of the tables of one section, without what follows a "=".
func (p manualPage) tableWords(section string) []string {
	_, text, _ := strings.Cut(p.text, "\n## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	var words []string
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		cell, _, _ := strings.Cut(line[1:], " | ")
		for _, code := range inlineCode.FindAllString(cell, -1) {
			word, _, _ := strings.Cut(strings.Trim(code, "`"), "=")
			words = append(words, word)
		}
	}
	return words
}

// TestManualKnowsTheTags compares the tables of tag words with what the framework reads.
func TestManualKnowsTheTags(t *testing.T) {
	for _, c := range []struct {
		page, section string
		words         [][]string
	}{
		{"docs/models.md", "The tag orm", [][]string{
			mapKeys(t, "orm/tag.go", "kindWords"), mapKeys(t, "orm/tag.go", "tagFlags"), mapKeys(t, "orm/tag.go", "tagValues"),
			mapKeys(t, "orm/tag.go", "onDeleteWords"),
		}},
		{"docs/serializers.md", "The tag rest", [][]string{
			mapKeys(t, "rest/fieldspec.go", "tagFlags"), mapKeys(t, "rest/fieldspec.go", "tagTexts"), mapKeys(t, "rest/fieldspec.go", "tagCounts"),
			mapKeys(t, "rest/fieldclass.go", "classes"),
		}},
	} {
		known := map[string]bool{}
		for _, word := range slices.Concat(c.words...) {
			known[word] = true
		}
		told := map[string]bool{}
		for _, word := range readPage(t, c.page).tableWords(c.section) {
			told[word] = true
			if !known[word] {
				t.Errorf("%s tells of the word %q, which the framework does not read", c.page, word)
			}
		}
		for word := range known {
			if !told[word] {
				t.Errorf("%s: the tables of %q lack the word %q", c.page, c.section, word)
			}
		}
	}
}

// declared are the exported names that a file of Go declares of a kind: the fields of a struct, the constants of a type, or the
// functions that return a type.
func declared(t *testing.T, file, name string) []string {
	t.Helper()
	var names []string
	for _, d := range parseGo(t, file).Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if d.Recv == nil && d.Type.Results != nil && typeName(d.Type.Results.List[0].Type) == name {
				names = append(names, d.Name.Name)
			}
		case *ast.GenDecl:
			names = append(names, declaredBy(d, name)...)
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return !ast.IsExported(n) })
	if names == nil {
		t.Fatalf("%s declares nothing of %s", file, name)
	}
	return names
}

func declaredBy(d *ast.GenDecl, name string) (names []string) {
	ofType := false // constants share the type of the first of them
	for _, spec := range d.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if fields, ok := spec.Type.(*ast.StructType); ok && spec.Name.Name == name {
				for _, f := range fields.Fields.List {
					names = append(names, identNames(f.Names)...)
				}
			}
		case *ast.ValueSpec:
			if d.Tok == token.CONST && spec.Type != nil {
				ofType = typeName(spec.Type) == name
			}
			if d.Tok == token.CONST && ofType {
				names = append(names, identNames(spec.Names)...)
			}
		}
	}
	return names
}

func identNames(idents []*ast.Ident) (names []string) {
	for _, id := range idents {
		names = append(names, id.Name)
	}
	return names
}

// typeName is the name of a type without its pointer and its type arguments.
func typeName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.StarExpr:
		return typeName(e.X)
	case *ast.IndexExpr:
		return typeName(e.X)
	}
	return ""
}

// TestManualNamesEverything wants every field of a declaration on its page, as code.
func TestManualNamesEverything(t *testing.T) {
	for _, c := range []struct{ page, file, name string }{
		{"models", "orm/meta.go", "Meta"},
		{"models", "orm/meta.go", "Unique"},
		{"serializers", "rest/serializer.go", "ModelSerializer"},
		{"serializers", "rest/options.go", "FieldOption"},
		{"viewsets", "rest/viewset.go", "ViewSet"},
		{"viewsets", "rest/action.go", "Action"},
		{"viewsets", "rest/action.go", "Handler"},
		{"routers", "rest/view.go", "View"},
		{"routers", "rest/view.go", "Endpoint"},
		{"routers", "rest/config.go", "Config"},
		{"routers", "quintet.go", "Options"},
		{"authentication", "rest/login.go", "LoginOptions"},
		{"openapi", "rest/openapi.go", "DocumentInfo"},
		{"authentication", "jwtauth/config.go", "Config"},
		{"permissions", "rest/permissions.go", "Rule"},
		{"permissions", "rest/permissions.go", "Permission"},
		{"filtering", "rest/filters.go", "Filter"},
		{"filtering", "rest/filters.go", "FilterKind"},
		{"pagination", "rest/pagination_number.go", "PageNumber"},
		{"pagination", "rest/pagination_limit.go", "LimitOffset"},
		{"pagination", "rest/pagination_cursor.go", "Cursor"},
		{"errors", "rest/errors.go", "Error"},
		{"migrations", "migrate/migrate.go", "Options"},
		{"fixtures", "migrate/fixture_dump.go", "DumpOptions"},
		{"fixtures", "migrate/fixture_load.go", "LoadOptions"},
		{"fixtures", "migrate/transfer.go", "TransferOptions"},
	} {
		text := readPage(t, "docs/"+c.page+".md").text
		for _, name := range declared(t, c.file, c.name) {
			if !regexp.MustCompile(`\b` + name + `\b`).MatchString(text) {
				t.Errorf("docs/%s.md does not name %s of %s, which %s declares", c.page, name, c.name, c.file)
			}
		}
	}
}

func TestDeclaredNamesAreFound(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.go")
	code := "package x\ntype T struct{ A, b int; C string }\nconst ( D T = iota; E; f; G int = 1 )\nfunc H() *T { return nil }\n" +
		"func I() int { return 0 }\nfunc (T) J() T { return T{} }\nvar m = map[string]int{\"k\": 1, `l`: 2}"
	if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := declared(t, file, "T"); !slices.Equal(got, []string{"A", "C", "D", "E", "H"}) {
		t.Errorf("declared: %q", got)
	}
	if got := mapKeys(t, file, "m"); !slices.Equal(got, []string{"k", "l"}) {
		t.Errorf("keys: %q", got)
	}
	p := manualPage{text: "# P\n\n## The tag\n\n| a | b |\n| --- | --- |\n| `x` `y=…` | `z` |\n\n### More\n\n| `w` | c |\n\n## Next\n\n| `v` | d |\n"}
	if got := p.tableWords("The tag"); !slices.Equal(got, []string{"x", "y", "w"}) {
		t.Errorf("words: %q", got)
	}
}

// snippet is a fenced block of Go in a page.
type snippet struct {
	line int // of its first line, counted from 1
	code string
}

func (p manualPage) snippets() []snippet {
	var list []snippet
	for _, at := range regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindAllStringSubmatchIndex(p.text, -1) {
		list = append(list, snippet{1 + strings.Count(p.text[:at[2]], "\n"), p.text[at[2]:at[3]]})
	}
	return list
}

// snippetPackages are what code of the manual may use without importing it.
var snippetPackages = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "fs": "io/fs", "io": "io", "http": "net/http", "os": "os",
	"slog": "log/slog", "strings": "strings", "testing": "testing", "time": "time", "url": "net/url", "atomic": "sync/atomic",
	"cmp": "github.com/google/go-cmp/cmp", "uuid": "github.com/google/uuid", "echo": "github.com/labstack/echo/v4",
	"gorm": "gorm.io/gorm", "clause": "gorm.io/gorm/clause", "quintet": modulePath, "ormtest": modulePath + "/orm/ormtest",
	"identitytest": modulePath + "/identity/identitytest", "models": modulePath + "/internal/models",
	"serializers": modulePath + "/internal/serializers", "viewsets": modulePath + "/internal/viewsets",
}

func snippetImport(name string) string {
	if slices.Contains([]string{"orm", "identity", "session", "migrate", "rest", "jwtauth", "resttest", "migrations"}, name) {
		return modulePath + "/" + name
	}
	return snippetPackages[name]
}

// surroundings are the variables that statements of the manual may use without declaring them.
const surroundings = `ctx context.Context, t *testing.T, db *orm.DB, tx *gorm.DB, registry *orm.Registry, app *quintet.App, config *rest.Config,
	router *rest.Router, api *rest.Group, r *rest.Request, users *identity.Store, user *identity.User, tokens *jwtauth.Service`

// source makes a compilable declaration of a snippet: the declarations it consists of, or its statements in a function.
func (s snippet) source(page string) (string, error) {
	line := fmt.Sprintf("//line %s:%d\n", page, s.line)
	_, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+s.code, 0)
	if err == nil {
		return line + s.code, nil
	}
	wrapped := func(end string) string { return "func _(" + surroundings + ") {\n{\n" + line + s.code + end + "}\n}\n" }
	parsed, other := parser.ParseFile(token.NewFileSet(), "", "package p\n"+wrapped(""), 0)
	if other != nil {
		return "", fmt.Errorf("%s:%d: neither declarations (%w) nor statements (%w)", page, s.line, err, other)
	}
	body := parsed.Decls[0].(*ast.FuncDecl).Body.List[0].(*ast.BlockStmt)
	return wrapped(uses(body)), nil
}

// uses are assignments that use every variable that a block declares, as a reader would.
func uses(block *ast.BlockStmt) string {
	var b strings.Builder
	for _, statement := range block.List {
		assign, ok := statement.(*ast.AssignStmt)
		if !ok || assign.Tok != token.DEFINE {
			continue
		}
		for _, left := range assign.Lhs {
			if name := left.(*ast.Ident).Name; name != "_" {
				b.WriteString("_ = " + name + "\n")
			}
		}
	}
	return b.String()
}

// program is a package of all snippets of a page.
func (p manualPage) program() (string, error) {
	var code strings.Builder
	for _, s := range p.snippets() {
		source, err := s.source(p.name)
		if err != nil {
			return "", err
		}
		code.WriteString(source + "\n")
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), "", "package p\n"+code.String(), 0)
	if err != nil {
		return "", err
	}
	imports := map[string]bool{}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if selector, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := selector.X.(*ast.Ident); ok && snippetImport(id.Name) != "" {
				imports[snippetImport(id.Name)] = true
			}
		}
		return true
	})
	head := "package p\n"
	for _, name := range slices.Sorted(maps.Keys(imports)) {
		head += "import " + strconv.Quote(name) + "\n"
	}
	return head + code.String(), nil
}

// TestManualCompiles builds the code of each page as a package that is nowhere on the disk.
func TestManualCompiles(t *testing.T) {
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	args := []string{"build", "-overlay", filepath.Join(dir, "overlay.json")}
	for i, p := range manual(t) {
		code, err := p.program()
		if err != nil {
			t.Error(err)
			continue
		}
		if len(p.snippets()) == 0 {
			continue
		}
		name := fmt.Sprintf("manual%d", i)
		file := filepath.Join(dir, name+".go")
		if err := os.WriteFile(file, []byte(code), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(root, "internal", name, name+".go")] = file
		args = append(args, "./internal/"+name)
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "go", args...).CombinedOutput(); err != nil {
		t.Errorf("the code of the manual does not compile: %v\n%s", err, out)
	}
}

func TestSnippetsAreFound(t *testing.T) {
	p := manualPage{"docs/x.md", "# X\n\n```go\ntype T struct{ a rest.Rule }\n```\n\n```sh\nls\n```\n\n```go\na, err := http.Get(\"\")\n```\n"}
	list := p.snippets()
	if len(list) != 2 || list[0].line != 4 || list[1].line != 12 {
		t.Fatalf("%+v", list)
	}
	code, err := p.program()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"import \"net/http\"\n", "import \"" + modulePath + "/rest\"\n", "//line docs/x.md:4\ntype T", "_ = a\n_ = err\n"} {
		if !strings.Contains(code, want) {
			t.Errorf("lacks %q:\n%s", want, code)
		}
	}
	for _, broken := range []string{"a b c", "func {"} {
		if _, err := (snippet{1, broken}).source("docs/x.md"); err == nil || !strings.Contains(err.Error(), "docs/x.md:1") {
			t.Errorf("%q: %v", broken, err)
		}
	}
}
