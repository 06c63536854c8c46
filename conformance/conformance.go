// Package conformance holds what was recorded from the reference, a real Django REST framework project: scenarios of
// requests with their answers, and the fixture state that each of them starts from.
//
// Package replay runs the scenarios, package testserver starts a server in the fixture state, and the command serve does so
// for other programs. The tests here run the scenarios on SQLite and on PostgreSQL:
//
//	go test ./conformance -v                                    # everything, on servers of its own
//	go test ./conformance -v -only 'shop.orders/*'              # chosen scenarios
//	go test ./conformance -v -base http://127.0.0.1:8801        # a server that runs already
package conformance

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"

	"github.com/quintet-go/quintet/conformance/replay"
)

//go:embed testdata
var testdata embed.FS

// Files are the recordings, read-only: the folders corpus, fixtures and interop.
func Files() fs.FS {
	sub, err := fs.Sub(testdata, "testdata")
	if err != nil { // only for a name that is not valid
		return testdata
	}
	return sub
}

// Corpus reads all scenarios in the order in which they were recorded.
func Corpus() ([]*replay.Scenario, error) {
	f, err := Files().Open("corpus/public.jsonl")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return replay.Load(f)
}

// Options are what the recordings need to be run: who is who, and the key that tokens are signed with.
func Options() (replay.Options, error) {
	var o replay.Options
	var tokens struct {
		SigningKey string `json:"signing_key"`
	}
	if err := readJSON("corpus/auth.json", &o.Credentials); err != nil {
		return o, err
	}
	err := readJSON("interop/tokens.json", &tokens)
	o.SigningKey = tokens.SigningKey
	return o, err
}

func readJSON(name string, into any) error {
	data, err := fs.ReadFile(Files(), name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}
