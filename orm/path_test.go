package orm_test

import (
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

// show writes a path as "hop.hop|field", with a * for many.
func show(p orm.Path) string {
	var hops []string
	for _, h := range p.Hops {
		if h.Field != nil {
			hops = append(hops, h.Field.Name+">"+h.To.Meta.Name)
		} else {
			hops = append(hops, h.Reverse.Name+"<"+h.To.Meta.Name)
		}
	}
	out := strings.Join(hops, " ") + "|"
	if p.Field != nil {
		out += p.Field.Name
	}
	if p.Many {
		out += " *"
	}
	return out
}

func TestPath(t *testing.T) {
	r := library(t)
	for _, c := range []struct {
		model      any
		path, want string
	}{
		{Book{}, "title", "|title"},
		{Book{}, "pk", "|id"},
		{Book{}, "shelf", "|shelf"},
		{Book{}, "shelf__name", "shelf>shelf|name"},
		{Book{}, "shelf__parent__name", "shelf>shelf parent>shelf|name"},
		{Book{}, "shelf__parent", "shelf>shelf|parent"},
		{Book{}, "shelf__pk", "shelf>shelf|id"},
		{Book{}, "subjects", "subjects>subject| *"},
		{Book{}, "subjects__name", "subjects>subject|name *"},
		{Book{}, "loans", "loans<loan| *"},
		{Book{}, "loans__slip__text", "loans<loan slip<slip|text *"},
		{Loan{}, "slip", "slip<slip|"},
		{Loan{}, "slip__text", "slip<slip|text"},
		{Book{}, "audit__shelf__name", "audit_set<audit shelf>shelf|name *"},
		{Subject{}, "books__shelf", "books<book|shelf *"},
		{Book{}, "sequel__sequel__sequel", "sequel>book sequel>book|sequel"},
	} {
		p, err := r.Model(c.model).Path(c.path)
		if err != nil || show(p) != c.want {
			t.Errorf("%T %s: %s, %v; want %s", c.model, c.path, show(p), err, c.want)
		}
	}
}

func TestPathRefuses(t *testing.T) {
	for path, want := range map[string]string{
		"page":                 `library.Book has no field "page"; it has id,`,
		"shelf__colour":        `library.Shelf has no field "colour"`,
		"title__length":        `library.Book.title is no relation`,
		"audit_set":            `no field "audit_set"`, // the accessor; queries say audit
		"":                     `no field ""`,
		"shelf____name":        `no field ""`,
		"subjects__x":          `library.Subject has no field "x"`,
		"loans__slip__text__y": `library.Slip.text is no relation`,
	} {
		p, err := library(t).Model(Book{}).Path(path)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %s, %v; want an error with %s", path, show(p), err, want)
		}
	}
}

func TestPathPrefix(t *testing.T) {
	for path, want := range map[string]string{
		"title__icontains":    "|title + icontains",
		"shelf__name__in":     "shelf>shelf|name + in",
		"shelf__in":           "|shelf + in",
		"added_at__year__gte": "|added_at + year gte",
		"subjects__isnull":    "subjects>subject| * + isnull",
		"nothing":             "| + nothing",
		"shelf":               "|shelf + ",
	} {
		p, rest := library(t).Model(Book{}).PathPrefix(path)
		if got := show(p) + " + " + strings.Join(rest, " "); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

func TestPathTrim(t *testing.T) {
	for path, want := range map[string]string{
		"shelf__id": "|shelf", "shelf__parent__id": "shelf>shelf|parent", "shelf__name": "shelf>shelf|name", "subjects__id": "subjects>subject|id *",
		"loans__id": "loans<loan|id *", "title": "|title", "loans": "loans<loan| *",
	} {
		p, err := library(t).Model(Book{}).Path(path)
		if got := show(p.Trim()); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", path, got, err, want)
		}
	}
}
