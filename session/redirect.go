package session

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// longestRedirect is how long an address may be that a visitor is sent to (django.utils.http.MAX_URL_LENGTH).
const longestRedirect = 2048

// SafeRedirect tells whether a visitor of host may be sent to an address that came with the request, such as the
// parameter next of a login: a path, or an address of exactly this host, with http or https; secure demands https. An
// address that some browsers take for one of another host is not safe (url_has_allowed_host_and_scheme).
func SafeRedirect(address, host string, secure bool) bool {
	address = strings.TrimFunc(address, isPythonSpace)
	// Browsers take a backslash for a slash; elsewhere it may be a part of a name before the host. Neither may lead away.
	return safeRedirect(address, host, secure) && safeRedirect(strings.ReplaceAll(address, `\`, "/"), host, secure)
}

func safeRedirect(address, host string, secure bool) bool {
	if address == "" || !utf8.ValidString(address) || strings.HasPrefix(address, "///") || utf8.RuneCountInString(address) > longestRedirect {
		return false
	}
	first, _ := utf8.DecodeRuneInString(address)
	if !unicode.In(first, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z) {
		return false // control characters, which browsers pass over
	}
	a, ok := splitURL(address)
	if !ok || a.netloc == "" && (a.scheme != "" || strings.HasPrefix(address, "//")) || a.netloc != "" && a.netloc != host {
		return false
	}
	scheme := a.scheme
	if scheme == "" && a.netloc != "" {
		scheme = "http"
	}
	return scheme == "" || scheme == "https" || scheme == "http" && !secure
}

// isPythonSpace tells what Python's str.strip takes off.
func isPythonSpace(r rune) bool { return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f' }
