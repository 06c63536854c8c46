package replay

import (
	"slices"
	"strings"
)

// setCookie is a parsed Set-Cookie header.
type setCookie struct {
	Cookie
	value string
}

// parseSetCookie reads a Set-Cookie header without judging it.
func parseSetCookie(line string) setCookie {
	pair, rest, _ := cutOutsideQuotes(line)
	name, value, _ := strings.Cut(pair, "=")
	c := setCookie{value: strings.Trim(strings.TrimSpace(value), `"`)}
	c.Name, c.Attributes, c.Deleted = strings.TrimSpace(name), map[string]any{}, c.value == ""
	for more := rest != ""; more; {
		pair, rest, more = cutOutsideQuotes(rest)
		c.addAttribute(pair)
	}
	return c
}

// addAttribute keeps what is compared: not expires, which says the same as max-age, and nothing empty.
func (c *setCookie) addAttribute(pair string) {
	name, value, hasValue := strings.Cut(strings.TrimSpace(pair), "=")
	name = strings.ToLower(strings.TrimSpace(name))
	switch value = strings.TrimSpace(value); {
	case name == "" || name == "expires":
	case !hasValue:
		c.Attributes[name] = true
	case value != "":
		c.Attributes[name] = value
	}
}

// cutOutsideQuotes cuts at the first semicolon that is not within double quotes.
func cutOutsideQuotes(s string) (before, after string, found bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '"':
			quoted = !quoted
		case s[i] == ';' && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// gone tells whether the cookie is taken away from the client.
func (c *setCookie) gone() bool { return c.Deleted || c.Attributes["max-age"] == "0" }

// keepCookies applies what an answer sets to the cookies of a scenario.
func keepCookies(jar *Pairs, set []setCookie) {
	for _, c := range set {
		if c.gone() {
			jar.remove(c.Name)
		} else {
			jar.set(c.Name, c.value)
		}
	}
}

// observed are the cookies as they are compared: by name.
func observed(set []setCookie) []Cookie {
	list := make([]Cookie, len(set))
	for i, c := range set {
		list[i] = c.Cookie
	}
	slices.SortStableFunc(list, func(a, b Cookie) int { return strings.Compare(a.Name, b.Name) })
	return list
}
