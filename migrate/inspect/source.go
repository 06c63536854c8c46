package inspect

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
)

//go:embed templates
var templates embed.FS

// parsed are the templates that write what a Program knows; what they print is gofmt-ed. Servers never ask for them.
var parsed = sync.OnceValue(func() *template.Template {
	functions := template.FuncMap{"quote": quote, "parts": parts}
	return template.Must(template.New("").Funcs(functions).ParseFS(templates, "templates/*.tmpl"))
})

// File is a file of the code, with slashes in its path.
type File struct {
	Path string
	Text []byte
}

// source is what a template gets.
type source struct {
	*Program
	Package, Module string
}

// The packages of the framework that the code imports.
const (
	ormPath  = "github.com/quintet-go/quintet/orm"
	restPath = "github.com/quintet-go/quintet/rest"
)

// ModelsSource is the Go file of the models, in a package of that name.
func (p *Program) ModelsSource(pkg string) ([]byte, error) {
	return source{p, pkg, ""}.render("models.tmpl")
}

// ModelsFile is the file of the models, in its place below a module's folder.
func (p *Program) ModelsFile() (File, error) {
	text, err := p.ModelsSource("models")
	return File{"internal/models/" + p.App + ".go", text}, err
}

// Resources are the files of models, serializers, viewsets and routes in their places below a module's folder; module is
// the import path of that folder. The last one is the main package, for a folder that has none.
func (p *Program) Resources(module string) ([]File, error) {
	models, err := p.ModelsFile()
	if err != nil {
		return nil, err
	}
	files := []File{models}
	for _, layer := range []string{"serializers", "viewsets", "router", "main"} {
		text, err := source{p, layer, module}.render(layer + ".tmpl")
		if err != nil {
			return nil, err
		}
		name := "internal/" + layer + "/" + p.App + ".go"
		if layer == "main" {
			name = MainFile
		}
		files = append(files, File{name, text})
	}
	return files, nil
}

// MainFile is the path of the program's main package.
const MainFile = "cmd/server/main.go"

func (s source) render(name string) ([]byte, error) {
	var text bytes.Buffer
	if err := parsed().ExecuteTemplate(&text, name, s); err != nil {
		return nil, err
	}
	formatted, err := format.Source(text.Bytes())
	if err != nil {
		return nil, fmt.Errorf("the code made by %s is no Go: %w", name, err)
	}
	return formatted, nil
}

// ModelImports are those of the models.
func (s source) ModelImports() []string {
	used := []string{ormPath}
	for _, m := range s.Models {
		for _, f := range m.Fields {
			used = append(used, imports(f.GoType)...)
			if f.Target != nil {
				used = append(used, f.Target.importPath())
			}
		}
	}
	return importLines(used)
}

// FormImports are those of the serializers.
func (s source) FormImports() []string {
	used := []string{restPath, s.Module + "/internal/models"}
	for _, m := range s.Models {
		for _, f := range m.Fields {
			if f.Target != nil {
				used = append(used, f.Target.importPath())
				continue
			}
			used = append(used, imports(f.GoType)...)
		}
	}
	return importLines(used)
}

// ViewSetImports are those of the viewsets.
func (s source) ViewSetImports() []string {
	return importLines([]string{restPath, s.Module + "/internal/models", s.Module + "/internal/serializers"})
}

// RouterImports are those of the routes.
func (s source) RouterImports() []string {
	return importLines([]string{restPath, s.Module + "/internal/viewsets"})
}

// imports are what a Go type needs.
func imports(goType string) []string {
	switch pkg, _, _ := strings.Cut(strings.TrimPrefix(goType, "*"), "."); pkg {
	case "time":
		return []string{"time"}
	case "uuid":
		return []string{"github.com/google/uuid"}
	case "orm":
		return []string{ormPath}
	}
	return nil
}

// importLines are import declarations in groups: the standard library first, then others, each sorted.
func importLines(paths []string) (lines []string) {
	slices.Sort(paths)
	paths = slices.DeleteFunc(slices.Compact(paths), func(p string) bool { return p == "" })
	for _, others := range []bool{false, true} {
		if others && len(lines) > 0 {
			lines = append(lines, "")
		}
		for _, p := range paths {
			if strings.Contains(p, ".") == others {
				lines = append(lines, strconv.Quote(p))
			}
		}
	}
	return lines
}

// quote is a Go string; one with quotes in it stands in backquotes.
func quote(text string) string {
	if strings.Contains(text, `"`) && strconv.CanBackquote(text) {
		return "`" + text + "`"
	}
	return strconv.Quote(text)
}

// parts are the fields of a struct literal that are not empty: name, value, name, value, …
func parts(list ...any) string {
	var out []string
	for i := 0; i < len(list); i += 2 {
		switch value := list[i+1].(type) {
		case string:
			if value != "" {
				out = append(out, fmt.Sprintf("%s: %s", list[i], quote(value)))
			}
		case []string:
			if len(value) > 0 {
				out = append(out, fmt.Sprintf("%s: []string{%s}", list[i], quotedList(value)))
			}
		}
	}
	return strings.Join(out, ", ")
}

// Comment is the table's comment as a sentence.
func (m *model) Comment() string {
	if text := oneLine(m.table.Comment); text != "" {
		return strings.TrimSuffix(text, ".") + "."
	}
	return ""
}

// Brief tells whether the Meta fits on a line.
func (m *model) Brief() bool { return len(m.Unique)+len(m.Checks)+len(m.Indexes) == 0 }

// KeyName is Django's name of the primary key.
func (m *model) KeyName() string { return m.key.Name }

// TextKey tells whether keys may hold what addresses take for a format suffix.
func (m *model) TextKey() bool { return m.key.GoType == "string" }

// Lines are the field in the models' struct: one, or two of a relation.
func (f *field) Lines() []string {
	switch {
	case f.Many:
		return []string{f.GoName + " []*" + f.Target.inModels() + tags(f.relation, f.orm)}
	case f.Target != nil:
		return []string{f.Key + " " + f.GoType + tags(f.gorm, nil), f.GoName + " *" + f.Target.inModels() + tags(f.relation, f.orm)}
	}
	return []string{f.GoName + " " + f.GoType + tags(f.gorm, f.orm)}
}

// tags writes the tags of a field.
func tags(gorm, orm []string) string {
	var list []string
	if len(gorm) > 0 {
		list = append(list, "gorm:"+strconv.Quote(strings.Join(gorm, ";")))
	}
	if len(orm) > 0 {
		list = append(list, "orm:"+strconv.Quote(strings.Join(orm, ",")))
	}
	switch text := strings.Join(list, " "); {
	case text == "":
		return ""
	case strconv.CanBackquote(text):
		return " `" + text + "`"
	default:
		return " " + strconv.Quote(text)
	}
}

// FormType is what a serializer holds of the field.
func (f *field) FormType() string {
	switch {
	case f.Many:
		return "[]rest.Related[" + f.Target.Type() + "]"
	case f.Target != nil:
		return "rest.Related[" + f.Target.Type() + "]"
	}
	return f.GoType
}

// FormTags are the tags there. A relation that does not lead to a primary key names objects by what it leads to (to_field).
func (f *field) FormTags() string {
	text := "json:" + strconv.Quote(f.Name)
	if f.Target != nil && !f.Many && f.reference.Referenced[0] != f.Target.keyColumn() {
		text += " rest:" + strconv.Quote("slug="+f.Target.fieldName(f.reference.Referenced[0]))
	}
	return text
}

// Filters are the arguments of rest.By for each filter: indexed fields, those that are measured also by their bounds.
func (m *model) Filters() []string {
	var list []string
	for _, f := range m.Fields {
		switch {
		case !f.indexed || f.guessed || f.Many || !filterable(f):
		case f.Target == nil && f != m.key && measured(f):
			list = append(list, quotedList([]string{f.Name, "exact", "gte", "lte"}))
		default:
			list = append(list, quotedList([]string{f.Name}))
		}
	}
	return list
}

func filterable(f *field) bool {
	name, _ := base(f.typ)
	return name != "JSON" && name != "Binary"
}

// measured tells whether values are more or less.
func measured(f *field) bool {
	name, _ := base(f.typ)
	return strings.HasSuffix(name, "Integer") || slices.Contains([]string{"Float", "Decimal", "Date", "DateTime", "Time", "Duration"}, name)
}

// Orders are the fields that lists can be sorted by.
func (m *model) Orders() []string {
	names := []string{m.key.Name}
	for _, f := range m.Fields {
		if f != m.key && f.indexed && f.Target == nil && filterable(f) && !f.guessed {
			names = append(names, f.Name)
		}
	}
	return names
}
