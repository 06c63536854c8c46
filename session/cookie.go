package session

import (
	"encoding/json"
	"net/http"
	"time"
)

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
