package session

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Cookie is the value of a cookie that came with a request, as Django reads it (django.http.cookie.parse_cookie): of several with
// the name the last one counts, any text may stand in it, and quotes around it, with what is escaped between them, are undone.
func Cookie(r *http.Request, name string) (value string, ok bool) {
	for chunk := range strings.SplitSeq(strings.Join(r.Header.Values("Cookie"), ";"), ";") {
		key, text, named := strings.Cut(chunk, "=")
		if !named {
			key, text = "", chunk
		}
		if strings.TrimSpace(key) == name {
			value, ok = unquoted(strings.TrimSpace(text)), true
		}
	}
	return value, ok
}

// unquoted undoes http.cookies._quote of Python: \" and \\ stand for the character, \ with three octal digits for that byte.
func unquoted(text string) string {
	if len(text) < 2 || text[0] != '"' || text[len(text)-1] != '"' {
		return text
	}
	text = text[1 : len(text)-1]
	var out strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\' || i+1 == len(text):
			out.WriteByte(text[i])
		case i+3 < len(text) && isOctal(text[i+1:i+4]):
			out.WriteRune(rune(text[i+1]-'0')<<6 | rune(text[i+2]-'0')<<3 | rune(text[i+3]-'0'))
			i += 3
		default:
			i++
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// isOctal tells whether three digits name a byte.
func isOctal(digits string) bool { return digits[0] <= '3' && strings.Trim(digits, "01234567") == "" }

// cookieOf carries the key for as long as the session lives.
func (st *Store) cookieOf(s *Session) *http.Cookie {
	c := st.cookie(s.key)
	c.HttpOnly = true
	c.Secure = st.Secure
	if s.values[expiryName] == json.Number("0") {
		return c // goes when the browser is closed
	}
	age := st.age(s)
	c.MaxAge = int(age / time.Second)
	c.Expires = st.now().Add(age)
	return c
}

// Name is the name of the session cookie.
func (st *Store) Name() string {
	if st.CookieName == "" {
		return "sessionid"
	}
	return st.CookieName
}

func (st *Store) removal() *http.Cookie {
	c := st.cookie("")
	c.MaxAge = -1 // written as Max-Age=0
	c.Expires = time.Unix(0, 0)
	return c
}

func (st *Store) cookie(value string) *http.Cookie {
	path := st.CookiePath
	if path == "" {
		path = "/"
	}
	return &http.Cookie{
		Name: st.Name(), Value: value, Path: path, Domain: st.CookieDomain, SameSite: http.SameSiteLaxMode,
	}
}
