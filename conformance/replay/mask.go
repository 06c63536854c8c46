package replay

import (
	"fmt"
	"regexp"
)

var (
	indexes  = regexp.MustCompile(`\[\d+\]`)
	datetime = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(Z|[+-]\d\d:\d\d)$`)
	date     = regexp.MustCompile(`^\d{4}-\d\d-\d\d$`)
	uuid     = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	jwt      = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
	hex40    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	csrf     = regexp.MustCompile(`^[A-Za-z0-9]{64}$`)
	integer  = regexp.MustCompile(`^-?\d+$`)
	anything = regexp.MustCompile(`(?s)^.*$`)
)

// maskForm is what a value under a mask of the kind looks like; nil for an unknown kind.
func maskForm(kind string) *regexp.Regexp {
	switch kind {
	case "datetime":
		return datetime
	case "date":
		return date
	case "uuid":
		return uuid
	case "jwt":
		return jwt
	case "hex40":
		return hex40
	case "csrf":
		return csrf
	case "int":
		return integer
	case "any":
		return anything
	}
	return nil
}

// fullPattern compiles a regular expression that must fit a text as a whole.
func fullPattern(rule string) (*regexp.Regexp, error) {
	return regexp.Compile(`^(?:` + rule + `)$`)
}

// maskBody replaces the masked values of a JSON text by "<kind>" and lists the values that do not have the form of their
// mask. Signatures of tokens are checked with the key unless that is empty.
func maskBody(text string, masks []Mask, key string) (masked string, problems []string) {
	if len(masks) == 0 {
		return text, nil
	}
	found, err := places(text)
	if err != nil {
		return text, []string{err.Error()}
	}
	masked = text
	for i := len(found) - 1; i >= 0; i-- { // from the end, so that the places before keep theirs
		p := found[i]
		m, raw := maskFor(masks, p.path), text[p.start:p.end]
		if m == nil || raw == "null" {
			continue
		}
		problems = append(problems, m.problems(p.path, raw, key)...)
		masked = masked[:p.start] + `"<` + m.Kind + `>"` + masked[p.end:]
	}
	return masked, problems
}

// maskFor finds the mask of a path: one that names it exactly before one with [*].
func maskFor(masks []Mask, path string) *Mask {
	for _, wanted := range []string{path, indexes.ReplaceAllString(path, "[*]")} {
		for i := range masks {
			if masks[i].Path == wanted {
				return &masks[i]
			}
		}
	}
	return nil
}

// problems says what is wrong with a masked value, given as JSON text.
func (m *Mask) problems(path, raw, key string) []string {
	value := raw
	if raw[0] == '"' {
		value = unquote(raw)
	}
	var list []string
	if !maskForm(m.Kind).MatchString(value) {
		list = append(list, fmt.Sprintf("%s is %.80s, no %s", path, raw, m.Kind))
	}
	if m.Claims != nil && key != "" {
		if problem := checkToken(value, key, m); problem != "" {
			list = append(list, path+": "+problem)
		}
	}
	return list
}
