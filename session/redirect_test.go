package session_test

import (
	"strings"
	"testing"

	"github.com/quintet-go/quintet/session"
)

func TestSafeRedirect(t *testing.T) {
	const host = "shop.example:8000"
	tests := []struct {
		address      string
		plain, https bool // whether it is safe over http and over https
	}{
		{"/", true, true},
		{"/api/orders/?page=2#top", true, true},
		{"relative/path", true, true},
		{"?page=2", true, true},
		{"/with space", true, true},
		{"/größe/", true, true},
		{"/a:b", true, true},
		{"/path//with//slashes", true, true},
		{"/?next=http://evil.example", true, true},
		{"http://shop.example:8000/x", true, false},
		{"https://shop.example:8000/x", true, true},
		{"HTTPS://shop.example:8000/x", true, true},
		{"//shop.example:8000/x", true, false},
		{"  /spaces/ ", true, true},
		{"/café\u00a0", true, true},

		{"", false, false},
		{"   ", false, false},
		{"http://evil.example/", false, false},
		{"https://evil.example/", false, false},
		{"//evil.example", false, false},
		{"///evil.example", false, false},
		{"////evil.example", false, false},
		{`/\evil.example`, false, false},
		{`\/evil.example`, false, false},
		{`\\evil.example`, false, false},
		{`/\/evil.example`, false, false},
		{`\\\evil.example`, false, false},
		{`http:\\evil.example`, false, false},
		{`http:/\evil.example`, false, false},
		{"http:///evil.example", false, false},
		{"http:evil.example", false, false},
		{"https:/evil.example", false, false},
		{"javascript:alert(1)", false, false},
		{"JavaScript:alert(1)", false, false},
		{"java\tscript:alert(1)", false, false},
		{"\x01javascript:alert(1)", false, false},
		{"data:text/html,x", false, false},
		{"ftp://shop.example:8000/", false, false},
		{"http://shop.example/", false, false},
		{"http://shop.example:8000@evil.example/", false, false},
		{"http://user@shop.example:8000/", false, false},
		{`http://evil.example\@shop.example:8000/`, false, false},
		{"http://shop.example:8000.evil.example/", false, false},
		{"\t//evil.example", false, false},
		{"/\t/evil.example", false, false},
		{"/\n/evil.example", false, false},
		{"\x00//evil.example", false, false},
		{"\x08//evil.example", false, false},
		{"\u200b//evil.example", false, false},
		{"http://[::1/", false, false},
		{"http://]/", false, false},
		{"\xff/", false, false},
		{"/" + strings.Repeat("x", 2048), false, false},
	}
	for _, tt := range tests {
		if got := session.SafeRedirect(tt.address, host, false); got != tt.plain {
			t.Errorf("SafeRedirect(%q, http) = %v", tt.address, got)
		}
		if got := session.SafeRedirect(tt.address, host, true); got != tt.https {
			t.Errorf("SafeRedirect(%q, https) = %v", tt.address, got)
		}
	}
	if session.SafeRedirect("http:///x", "", false) || session.SafeRedirect("//", "", false) {
		t.Error("an empty host is trusted")
	}
}
