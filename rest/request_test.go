package rest

import "testing"

func TestFileAddresses(t *testing.T) {
	for _, c := range []struct{ media, name, scheme, want string }{
		{"", "a/b.png", "http", "http://example.com/media/a/b.png"},
		{"", "größe 1%.png", "http", "http://example.com/media/gr%C3%B6%C3%9Fe%201%25.png"},
		{"", "~!*()'-._", "http", "http://example.com/media/~!*()'-._"},
		{"", "a?b#c", "http", "http://example.com/media/a%3Fb%23c"},
		{"/files/", "x", "https", "https://example.com/files/x"},
		{"http://cdn.example/", "x y", "http", "http://cdn.example/x%20y"},
		{"https://cdn.example:8443/shop/", "x", "http", "https://cdn.example:8443/shop/x"},
		{"//cdn.example/", "x", "https", "https://cdn.example/x"},
		{"//cdn.example/", "x", "http", "http://cdn.example/x"},
		{"/https://here/", "x", "http", "http://example.com/https://here/x"},
	} {
		s := newSite(Config{MediaURL: c.media})
		s.mount("/", handlers{"GET": func(r *Request) (*Response, error) { return OK(r.fileURL(c.name)), nil }}, nil)
		s.ask("GET", c.scheme+"://example.com/", "").is(t, c.media+c.name, 200, `"`+c.want+`"`)
	}
}
