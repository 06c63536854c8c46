package rest

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// annotation is a compiled orm.Annotation: an aggregate over related rows, made by a correlated subquery.
type annotation struct {
	source   *orm.Annotation
	function string // COUNT, AVG, SUM, MIN or MAX
	path     *path
	kind     orm.Kind // of the result
	cast     string   // of the result on PostgreSQL; empty for none
}

// aggregateFunction maps the words of the orm tag to SQL.
func aggregateFunction(word string) (string, bool) {
	switch word {
	case "count", "avg", "sum", "min", "max":
		return strings.ToUpper(word), true
	}
	return "", false
}

// compileAnnotation reads the orm tag of an annotation: count=products, avg=reviews__rating, sum=items__quantity,
// min=…, max=….
func compileAnnotation(m *orm.Model, source *orm.Annotation) (*annotation, error) {
	a := &annotation{source: source}
	tag := m.Type.FieldByIndex(source.Index).Tag.Get("orm")
	for _, part := range strings.Split(tag, ",") {
		word, text, _ := strings.Cut(strings.TrimSpace(part), "=")
		if f, ok := aggregateFunction(word); ok {
			p, err := annotationPath(m, text)
			if err != nil {
				return nil, err
			}
			a.function, a.path = f, p
		}
	}
	if a.path == nil {
		return nil, fmt.Errorf("%s.%s is an annotation without an aggregate: tag it orm:\"count=relation\" (or avg=, sum=, min=, max=)",
			m.Type.Name(), source.GoName)
	}
	return a, a.settle()
}

func annotationPath(m *orm.Model, text string) (*path, error) {
	p, err := resolvePath(m, text)
	switch {
	case err != nil:
		return nil, err
	case len(p.hops) == 0 || p.annotation != nil:
		return nil, fmt.Errorf("%q aggregates over no relation: begin with one, as in count=reviews", text)
	case len(p.rest) > 0:
		return nil, fmt.Errorf("%q: %s has no field %q", text, p.hops[len(p.hops)-1].target.Type.Name(), p.rest[0])
	}
	return p, nil
}

// settle decides the kind of the result by its Go type.
func (a *annotation) settle() error {
	t := a.source.Type
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[orm.Decimal]():
		a.kind, a.cast = orm.DecimalNumber, "numeric"
	case t == reflect.TypeFor[time.Time]():
		a.kind = orm.DateTime
	case t == reflect.TypeFor[orm.Date]():
		a.kind = orm.CalendarDate
	case t.Kind() == reflect.Float64 || t.Kind() == reflect.Float32:
		a.kind, a.cast = orm.Float, "float8"
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		a.kind, a.cast = orm.BigInteger, "bigint"
	case t.Kind() == reflect.String:
		a.kind = orm.Text
	default:
		return fmt.Errorf("%s: an annotation is a number, a text, a date or a time, not %s", a.source.GoName, a.source.Type)
	}
	return nil
}

// compileAnnotations compiles all annotations of m; mistakes are texts "package.Type.Field: …".
func compileAnnotations(m *orm.Model) (list []*annotation, mistakes []string) {
	for _, source := range m.Annotations {
		a, err := compileAnnotation(m, source)
		if err != nil {
			mistakes = append(mistakes, fmt.Sprintf("%s.%s: %s", m.Type, source.GoName, err))
			continue
		}
		list = append(list, a)
	}
	return list, mistakes
}

// sqlFor is the subquery for the row of the table outer; it carries no arguments.
func (a *annotation) sqlFor(d dialect, outer string) string {
	sub := relatedRows(outer, "A0", a.path.hops, a.path.half, d)
	what := quote(sub.tail) + "." + quote(a.path.column)
	return "(SELECT " + d.cast(a.function+"("+what+")", a.cast) + " FROM " + sub.scope.from() + " WHERE " + sub.match + ")"
}
