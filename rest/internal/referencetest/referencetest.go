// Package referencetest gives tests the answers that were recorded from the reference.
package referencetest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Load reads a JSON file of the folder testdata; a mistake ends the test.
func Load[T any](t testing.TB, file string) T {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var v T
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return v
}

// Rows is Load for a list, which must not be empty: a test over no rows would pass.
func Rows[T any](t testing.TB, file string) []T {
	t.Helper()
	rows := Load[[]T](t, file)
	if len(rows) == 0 {
		t.Fatalf("%s is empty", file)
	}
	return rows
}

// Bytes turns text whose characters stand for bytes into those bytes.
func Bytes(s string) []byte {
	b := make([]byte, 0, len(s))
	for _, r := range s {
		b = append(b, byte(r))
	}
	return b
}

// Parse returns the parsed document; a mistake in it ends the test.
func Parse(t testing.TB, doc string) any {
	t.Helper()
	v, err := pyjson.Parse([]byte(doc), pyjson.Limits{})
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return v
}
