package orm

import (
	"fmt"
	"reflect"
	"strings"
)

// ormTag is what the tag `orm` of a field says.
type ormTag struct {
	word   string            // the kind word
	flags  map[string]bool   // blank, readonly, …
	values map[string]string // default=…, label=…
}

var kindWords = map[string]Kind{
	"slug": Slug, "email": Email, "url": URL, "text": Text, "integer": Integer, "small": SmallInteger,
	"positive": PositiveInteger, "positive_small": PositiveSmallInteger, "positive_big": PositiveBigInteger,
	"ip": IPAddress, "ipv4": IPAddress, "ipv6": IPAddress, "image": ImagePath, "file": FilePath, "binary": Binary,
}

var tagFlags = map[string]bool{"blank": true, "readonly": true, "one_to_one": true, "reverse": true}

var tagValues = map[string]bool{
	"name": true, "default": true, "label": true, "upload_to": true, "on_delete": true, "related": true,
	"unique_for_date": true, "unique_for_month": true, "unique_for_year": true,
	"count": true, "avg": true, "sum": true, "min": true, "max": true,
}

var onDeleteWords = map[string]OnDelete{
	"cascade": Cascade, "protect": Protect, "restrict": Restrict, "set_null": SetNull, "do_nothing": DoNothing,
}

// parseTag reads the tags of a column and of its relation as one; mistakes are reported to problem.
func parseTag(problem func(format string, args ...any), tags ...reflect.StructTag) ormTag {
	t := ormTag{flags: map[string]bool{}, values: map[string]string{}}
	for _, tag := range tags {
		for _, item := range splitTag(tag.Get("orm")) {
			if err := t.add(item); err != nil {
				problem("%v", err)
			}
		}
	}
	return t
}

func (t *ormTag) add(item string) error {
	key, value, hasValue := strings.Cut(item, "=")
	switch {
	case item == "":
	case !hasValue && kindWords[key] != 0 && t.word != "" && t.word != key:
		return fmt.Errorf("the tag orm says both %s and %s; keep one", t.word, key)
	case !hasValue && kindWords[key] != 0:
		t.word = key
	case !hasValue && tagFlags[key]:
		t.flags[key] = true
	case hasValue && tagValues[key]:
		t.values[key] = value
	case tagValues[key]:
		return fmt.Errorf("the tag orm says %q without a value; write %s=…", key, key)
	default:
		return fmt.Errorf("the tag orm does not know %q; the words are listed in the documentation of package orm", item)
	}
	return nil
}

// splitTag splits at commas outside of single quotes, and takes the quotes away.
func splitTag(s string) []string {
	var items []string
	var item strings.Builder
	quoted := false
	for _, c := range s {
		switch {
		case c == '\'' && (quoted || strings.HasSuffix(item.String(), "=")):
			quoted = !quoted
		case c == ',' && !quoted:
			items = append(items, strings.TrimSpace(item.String()))
			item.Reset()
		default:
			item.WriteRune(c)
		}
	}
	return append(items, strings.TrimSpace(item.String()))
}

// function is what an annotation computes, both empty for nothing.
func (t *ormTag) function() (name, path string) {
	for _, name := range []string{"count", "avg", "sum", "min", "max"} {
		if path := t.values[name]; path != "" {
			return name, path
		}
	}
	return "", ""
}
