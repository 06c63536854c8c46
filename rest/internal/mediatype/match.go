package mediatype

import "strings"

// The levels of Precedence.
const (
	Any       = iota // */*
	AnySub           // type/*
	Plain            // type/subtype, also with q
	WithParam        // type/subtype; name=value
)

// Type is a media type or a range of them.
type Type struct {
	Text      string // as it was written
	Main, Sub string // in lower case; Sub is empty without a slash
	Params    Params
}

// Parse reads a media type. What cannot be read matches nothing that was written in full.
func Parse(text string) Type {
	full, params, err := ParseHeader(text)
	if err != nil {
		full, params = "", nil
	}
	main, sub, _ := strings.Cut(full, "/")
	return Type{Text: text, Main: main, Sub: sub, Params: params}
}

// Matches tells whether other satisfies t: equal types, or "*" on either side, and every parameter of t but q in other.
func (t Type) Matches(other Type) bool {
	for _, p := range t.Params {
		if v, ok := other.Params.Get(p.Name); p.Name != "q" && (!ok || v != p.Value) {
			return false
		}
	}
	return partMatches(t.Sub, other.Sub) && partMatches(t.Main, other.Main)
}

func partMatches(a, b string) bool { return a == b || a == "*" || b == "*" }

// Precedence is how exactly t names a type: Any, AnySub, Plain or WithParam.
func (t Type) Precedence() int {
	switch {
	case t.Main == "*":
		return Any
	case t.Sub == "*":
		return AnySub
	case len(t.Params) == 0, len(t.Params) == 1 && t.Params[0].Name == "q":
		return Plain
	}
	return WithParam
}

// IsForm tells whether a Content-Type is one of the two of HTML forms.
func IsForm(contentType string) bool {
	full, _, err := ParseHeader(contentType)
	return err == nil && (full == "application/x-www-form-urlencoded" || full == "multipart/form-data")
}
