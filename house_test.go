package quintet_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The rules of the house: which package may import which, and what no code here does. Each rule is a function that lists
// what breaks it, and is tried on code that does.

const modulePath = "github.com/quintet-go/quintet"

// listedPackage is what "go list -json" says of a package.
type listedPackage struct {
	ImportPath, Name, Dir string
	Imports               []string
	GoFiles               []string
}

// rel is the import path below the module: "" for the root, "rest/internal/pyjson".
func rel(importPath string) string {
	return strings.TrimPrefix(strings.TrimPrefix(importPath, modulePath), "/")
}

// top is the first part of an import path below the module.
func top(importPath string) string {
	first, _, _ := strings.Cut(rel(importPath), "/")
	return first
}

// ours are the imports from this module.
func (p listedPackage) ours() []string {
	var list []string
	for _, i := range p.Imports {
		if i == modulePath || strings.HasPrefix(i, modulePath+"/") {
			list = append(list, i)
		}
	}
	return list
}

func packages(t *testing.T) []listedPackage {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Name,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []listedPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); d.More(); {
		var p listedPackage
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if len(list) < 10 {
		t.Fatalf("go list names only %d packages", len(list))
	}
	return list
}

// sourceFile is a parsed file, under its path below the root.
type sourceFile struct {
	name string
	*ast.File
	set *token.FileSet
}

func (f sourceFile) at(n ast.Node) string {
	return fmt.Sprintf("%s:%d", f.name, f.set.Position(n.Pos()).Line)
}

// sources are all files but tests.
func sources(t *testing.T) []sourceFile {
	t.Helper()
	root, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var list []sourceFile
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			full := filepath.Join(p.Dir, name)
			short, err := filepath.Rel(root, full)
			if err != nil {
				t.Fatal(err)
			}
			set := token.NewFileSet()
			f, err := parser.ParseFile(set, full, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, sourceFile{filepath.ToSlash(short), f, set})
		}
	}
	return list
}

func report(t *testing.T, violations []string) {
	t.Helper()
	for _, v := range violations {
		t.Error(v)
	}
}

// The orders of imports: a package may import those of its own name and those before it.
var (
	frameworkOrder = [][]string{{"socket"}, {"orm"}, {"identity", "migrate"}, {"session"}, {"rest"}, {"jwtauth", "apidocs", "resttest"}, {""}}
	appOrder       = [][]string{{"models"}, {"auth"}, {"serializers"}, {"viewsets"}, {"router"}}
	// appWords are names that the app's packages have to themselves.
	appWords = []string{"models", "serializers", "viewsets", "auth", "router", "migrations", "api"}
	// notFramework are top folders that are no part of what others import.
	notFramework = []string{"internal", "cmd", "conformance", "migrations", "examples", "bench", "tools"}
)

// rank is the position of a name; -1 for one that is in no order.
func rank(order [][]string, name string) int {
	return slices.IndexFunc(order, func(level []string) bool { return slices.Contains(level, name) })
}

// importViolations are imports against the direction.
func importViolations(p listedPackage) []string {
	var list []string
	for _, imported := range p.ours() {
		if why := forbidden(p.ImportPath, imported); why != "" {
			list = append(list, fmt.Sprintf("%s imports %s: %s", p.ImportPath, imported, why))
		}
	}
	return list
}

func forbidden(importer, imported string) string {
	appLayer := func(importPath string) string { return strings.TrimPrefix(rel(importPath), "internal/") }
	switch from, to := top(importer), top(imported); {
	case from == to && from != "internal":
		return ""
	case from == "internal" && to == "internal":
		if mine, its := rank(appOrder, appLayer(importer)), rank(appOrder, appLayer(imported)); mine >= 0 && its > mine {
			return "the app's order is models, auth, serializers, viewsets, router, cmd"
		}
	case slices.Contains(notFramework, from):
		if to == "cmd" || to == "conformance" && from != "conformance" {
			return "nothing is built on commands and recordings"
		}
	case slices.Contains(notFramework, to):
		return "the app imports the framework, never the other way round"
	case rank(frameworkOrder, from) < 0:
		return "a new package of the framework needs its place in frameworkOrder"
	case rank(frameworkOrder, from) < rank(frameworkOrder, to):
		return "the framework's order is socket, orm, identity and migrate, session, rest, jwtauth, the root, resttest"
	}
	return ""
}

func TestImportDirection(t *testing.T) {
	for _, p := range packages(t) {
		report(t, importViolations(p))
	}
}

func TestImportDirectionIsEnforced(t *testing.T) {
	for _, c := range []struct {
		importer, imported string
		allowed            bool
	}{
		{"rest", "internal/models", false},
		{"", "internal/router", false},
		{"rest", "migrations", false},
		{"rest", "conformance/replay", false},
		{"orm", "identity", false},
		{"identity", "rest", false},
		{"rest", "jwtauth", false},
		{"rest", "", false},
		{"newcomer", "orm", false},
		{"internal/models", "internal/auth", false},
		{"internal/serializers", "internal/viewsets", false},
		{"internal/router", "cmd/server", false},
		{"cmd/server", "conformance/testserver", false},
		{"", "rest", true},
		{"jwtauth", "rest", true},
		{"rest", "rest/internal/pyjson", true},
		{"orm/ormtest", "orm", true},
		{"internal/models", "orm", true},
		{"internal/viewsets", "internal/serializers", true},
		{"cmd/server", "internal/router", true},
		{"conformance/testserver", "internal/router", true},
	} {
		p := listedPackage{ImportPath: path.Join(modulePath, c.importer), Imports: []string{"fmt", path.Join(modulePath, c.imported)}}
		if got := len(importViolations(p)) == 0; got != c.allowed {
			t.Errorf("%q may import %q: %t, want %t", c.importer, c.imported, got, c.allowed)
		}
	}
}

// nameViolations are names that say nothing, or that belong to the app.
func nameViolations(p listedPackage) []string {
	var list []string
	if slices.Contains([]string{"util", "utils", "common", "helper", "helpers", "types", "misc", "shared"}, p.Name) {
		list = append(list, p.ImportPath+": name the package after what it provides")
	}
	if !slices.Contains(notFramework, top(p.ImportPath)) && slices.Contains(appWords, p.Name) {
		list = append(list, p.ImportPath+": the name belongs to applications")
	}
	return list
}

func TestPackageNames(t *testing.T) {
	for _, p := range packages(t) {
		report(t, nameViolations(p))
	}
	for importPath, bad := range map[string]bool{"rest/util": true, "rest/models": true, "internal/models": false, "internal/helpers": true, "rest": false} {
		p := listedPackage{ImportPath: modulePath + "/" + importPath, Name: path.Base(importPath)}
		if got := len(nameViolations(p)) > 0; got != bad {
			t.Errorf("%s is refused: %t", importPath, got)
		}
	}
}

// TestPackageComments wants one comment for each package, in the form that go doc shows.
func TestPackageComments(t *testing.T) {
	comments := map[string][]string{} // by folder
	for _, f := range sources(t) {
		dir := path.Dir(f.name)
		comments[dir] = append(comments[dir], packageComment(f.File)...)
	}
	for dir, found := range comments {
		if len(found) != 1 {
			t.Errorf("%s has %d package comments, want one: %.60q", dir, len(found), found)
		}
	}
}

// packageComment is a file's comment when it is of the right form.
func packageComment(f *ast.File) []string {
	begin := "Package " + f.Name.Name + " "
	if f.Name.Name == "main" {
		begin = "Command "
	}
	if text := f.Doc.Text(); strings.HasPrefix(text, begin) {
		return []string{text}
	}
	return nil
}

// codeViolations are what no code here does.
func codeViolations(f sourceFile) []string {
	var list []string
	ast.Inspect(f.File, func(n ast.Node) bool {
		if what := violation(f, n); what != "" {
			list = append(list, f.at(n)+": "+what)
		}
		return true
	})
	return list
}

// violation says what is wrong with one node; "" for nothing.
func violation(f sourceFile, n ast.Node) string {
	switch n := n.(type) {
	case *ast.FuncDecl:
		if n.Name.Name == "init" && n.Recv == nil {
			return "no init(): registries are values that are passed"
		}
	case *ast.Field:
		if n.Tag != nil && strings.Contains(strings.ToLower(gormTag(n.Tag.Value)), "default:") {
			return "GORM's default: swallows zero values; write orm:\"default=…\""
		}
	case *ast.Ident:
		if n.Name == "FullSaveAssociations" {
			return "associations are not saved behind the caller's back"
		}
	case *ast.CallExpr:
		return callViolation(f, n)
	}
	return ""
}

func gormTag(literal string) string {
	tag, err := strconv.Unquote(literal)
	if err != nil {
		return ""
	}
	return reflect.StructTag(tag).Get("gorm")
}

func callViolation(f sourceFile, call *ast.CallExpr) string {
	method, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return ""
	}
	switch method.Sel.Name {
	case "AutoMigrate":
		return "the schema is made by the SQL in migrations/"
	case "Updates", "UpdateColumns":
		if len(call.Args) == 1 && !isMap(f, call.Args[0]) {
			return method.Sel.Name + " with a struct leaves out zero values; pass a map that is made in the same file"
		}
	}
	return ""
}

// isMap tells whether an expression is a map literal, or a name that its file declares as a map.
func isMap(f sourceFile, value ast.Expr) bool {
	switch v := value.(type) {
	case *ast.CompositeLit:
		_, ok := v.Type.(*ast.MapType)
		return ok
	case *ast.CallExpr: // make(map[string]any), changesOf(…)
		if name, ok := v.Fun.(*ast.Ident); ok && name.Name == "make" {
			_, ok := v.Args[0].(*ast.MapType)
			return ok
		}
		return returnsMap(f, v.Fun)
	case *ast.Ident:
		return declaredAsMap(f, v)
	}
	return false
}

// returnsMap tells whether a function of the file has a map as its result.
func returnsMap(f sourceFile, fun ast.Expr) bool {
	name, ok := fun.(*ast.Ident)
	if !ok {
		return false
	}
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == name.Name && fn.Type.Results != nil {
			_, ok := fn.Type.Results.List[0].Type.(*ast.MapType)
			return ok
		}
	}
	return false
}

// declaredAsMap looks for a parameter, variable or assignment of the name in the function around it.
func declaredAsMap(f sourceFile, name *ast.Ident) bool {
	found := false
	ast.Inspect(around(f, name), func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Field:
			_, ok := n.Type.(*ast.MapType)
			found = found || ok && hasName(n.Names, name.Name)
		case *ast.ValueSpec:
			_, ok := n.Type.(*ast.MapType)
			found = found || ok && hasName(n.Names, name.Name)
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				id, ok := left.(*ast.Ident)
				if ok && id.Name == name.Name && len(n.Rhs) == len(n.Lhs) && n.Rhs[i] != name {
					found = found || isMap(f, n.Rhs[i])
				}
			}
		}
		return true
	})
	return found
}

// around is the function declaration that a name stands in.
func around(f sourceFile, name *ast.Ident) ast.Node {
	for _, d := range f.Decls {
		if d.Pos() <= name.Pos() && name.End() <= d.End() {
			return d
		}
	}
	return f.File
}

func hasName(names []*ast.Ident, name string) bool {
	return slices.ContainsFunc(names, func(id *ast.Ident) bool { return id.Name == name })
}

func TestForbiddenCode(t *testing.T) {
	for _, f := range sources(t) {
		report(t, codeViolations(f))
	}
}

func TestForbiddenCodeIsFound(t *testing.T) {
	for code, want := range map[string][]string{
		"func init() {}": {"x.go:2: no init()"},
		"func (t T) init() {}\nfunc F() { init := 1; _ = init }":                            nil,
		"type T struct {\n\tA int `gorm:\"size:3;default:1\"`\n}":                           {"x.go:3: GORM's default:"},
		"type T struct {\n\tA int `orm:\"default=1\" json:\"default:\"`\n}":                 nil,
		"func F(db DB) { db.AutoMigrate(&T{}) }":                                            {"x.go:2: the schema"},
		"func F(c Config) bool { return c.AutoMigrate }":                                    nil,
		"var s = Session{FullSaveAssociations: true}":                                       {"x.go:2: associations"},
		"func F(db DB) { db.Model(1).Updates(T{A: 1}) }":                                    {"x.go:2: Updates with a struct"},
		"func F(db DB) { db.Model(1).UpdateColumns(&T{A: 1}) }":                             {"x.go:2: UpdateColumns with a struct"},
		"func F(db DB, v *T) { db.Updates(v) }":                                             {"x.go:2: Updates with a struct"},
		"func F(db DB) { db.Updates(map[string]any{}) }":                                    nil,
		"func F(db DB, v map[string]any) { db.Updates(v) }":                                 nil,
		"func F(db DB) { v := map[string]any{}; db.Updates(v) }":                            nil,
		"func F(db DB) { v := make(map[string]any); db.Updates(v) }":                        nil,
		"func F(db DB) { var v map[string]any; db.Updates(v) }":                             nil,
		"func m() map[string]any { return nil }\nfunc F(db DB) { v := m(); db.Updates(v) }": nil,
		"func F(db DB) { v := T{}; db.Updates(v) }\nfunc G(v map[string]any) {}":            {"x.go:2: Updates with a struct"},
		"func F(c chan int) { c.Updates() }":                                                nil,
	} {
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, "x.go", "package x\n"+code, 0)
		if err != nil {
			t.Fatalf("%s: %v", code, err)
		}
		got := codeViolations(sourceFile{"x.go", parsed, set})
		if !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s\ngot %q, want %q", code, got, want)
		}
	}
}

// TestModuleHasNoReplace keeps "go install module/cmd@version" working, which refuses modules with a replace.
func TestModuleHasNoReplace(t *testing.T) {
	for _, dir := range []string{".", filepath.Join("tools", "lint")} {
		cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
		cmd.Dir = dir
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%s: %v", dir, err)
		}
		var module struct {
			Module  struct{ Path string }
			Replace []any
		}
		if err := json.Unmarshal(out, &module); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(module.Module.Path, modulePath) || len(module.Replace) > 0 {
			t.Errorf("%s: module %s has %d replacements", dir, module.Module.Path, len(module.Replace))
		}
	}
}

// machinePath is an absolute path that only one machine has: a home, or a folder for work below the root.
var machinePath = regexp.MustCompile("(^|[\\s\"'`(=:])/(home/[a-z]+|Users/[a-z]+|root|work|workspace)/[\\w.]")

func TestNoFileNamesAMachine(t *testing.T) {
	err := filepath.WalkDir(".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if slices.Contains([]string{".git", "node_modules", "bin", "media"}, entry.Name()) {
				return fs.SkipDir
			}
			return nil
		}
		if !isText(name) {
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(data), "\n") {
			if machinePath.MatchString(line) {
				t.Errorf("%s:%d names a path of one machine: %.120s", name, i+1, strings.TrimSpace(line))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isText tells whether a file is read by people.
func isText(name string) bool {
	known := []string{".go", ".md", ".sql", ".json", ".yml", ".yaml", ".sh", ".mod", ".html", ".js", ".ts", ".txt", ""}
	return slices.Contains(known, filepath.Ext(name)) || strings.HasPrefix(filepath.Base(name), ".")
}

func TestMachinePathsAreFound(t *testing.T) {
	home := "/home/" + "ann/src" // in pieces, or this file would name one
	got := map[string]bool{}
	for _, line := range []string{"cd " + home, `"` + "/root/" + `go"`, "http://h/work/x", "a/work/b", "/work/", "see /workers/x"} {
		got[line] = machinePath.MatchString(line)
	}
	want := map[string]bool{"cd " + home: true, `"` + "/root/" + `go"`: true, "http://h/work/x": false, "a/work/b": false, "/work/": false, "see /workers/x": false}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
