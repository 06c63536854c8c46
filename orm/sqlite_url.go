package orm

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// sqliteSettings is what the URL of a database says, with what a server needs where it does not.
type sqliteSettings struct {
	uri      string // as SQLite takes it
	path     string // for messages
	pragmas  []string
	begin    string // the statement that begins a transaction that writes
	inMemory bool
}

// parseSQLiteURL reads "sqlite:path?…" and the like. lockTimeout is how long to wait for another program that writes.
func parseSQLiteURL(address string, lockTimeout time.Duration) (sqliteSettings, error) {
	path, query, _ := strings.Cut(address, "?")
	params, err := url.ParseQuery(query)
	if err != nil {
		return sqliteSettings{}, fmt.Errorf("the database URL: %w", err)
	}
	if rest, ok := strings.CutPrefix(path, "file:"); ok {
		path = rest // escaped already
	} else {
		path = strings.TrimPrefix(strings.TrimPrefix(path, "sqlite:"), "//")
		path = (&url.URL{Path: path}).EscapedPath()
	}
	if path == "" {
		return sqliteSettings{}, fmt.Errorf("the database URL names no file; give sqlite:path")
	}
	s := sqliteSettings{path: "file:" + path, begin: "BEGIN IMMEDIATE"}
	s.inMemory = strings.Contains(path, ":memory:") || params.Get("mode") == "memory"
	s.pragmas = sqlitePragmas(params["_pragma"], lockTimeout)
	if mode := params.Get("_txlock"); mode != "" {
		if !slices.Contains([]string{"deferred", "immediate", "exclusive"}, mode) {
			return s, fmt.Errorf("the database URL: _txlock is %q; give deferred, immediate or exclusive", mode)
		}
		s.begin = "BEGIN " + strings.ToUpper(mode)
	}
	for name := range params {
		if !strings.HasPrefix(name, "_") {
			continue
		}
		if name != "_pragma" && name != "_txlock" {
			return s, fmt.Errorf("the database URL: there is no %s; give _pragma, _txlock or a parameter of SQLite's own", name)
		}
		params.Del(name)
	}
	s.uri = s.path + "?" + params.Encode()
	return s, nil
}

// sqlitePragmas are those of the URL, after the ones that it does not have. The first says how long to wait, as the others
// may have to.
func sqlitePragmas(given []string, lockTimeout time.Duration) []string {
	var pragmas []string
	for _, pragma := range []string{
		fmt.Sprintf("busy_timeout(%d)", lockTimeout.Milliseconds()),
		"journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
		fmt.Sprintf("cache_size(-%d)", sqliteCacheKB), fmt.Sprintf("mmap_size(%d)", sqliteMappedBytes),
		fmt.Sprintf("journal_size_limit(%d)", sqliteLogBytes),
	} {
		if !slices.ContainsFunc(given, func(g string) bool { return pragmaName(g) == pragmaName(pragma) }) {
			pragmas = append(pragmas, pragma)
		}
	}
	return append(pragmas, given...)
}

// pragmaName is the name in "name(value)" and "name=value".
func pragmaName(pragma string) string {
	if end := strings.IndexAny(pragma, "(= "); end >= 0 {
		pragma = pragma[:end]
	}
	return strings.ToLower(pragma)
}
