package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance/testserver"
)

// lines hands each written line to a test.
type lines chan string

func (l lines) Write(p []byte) (int, error) {
	l <- string(p)
	return len(p), nil
}

// hello starts a server of an application that says hello.
func hello(ctx context.Context, o testserver.Options) (*testserver.Server, error) {
	o.Build = func(context.Context, testserver.Environment) (*testserver.Application, error) {
		return &testserver.Application{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })}, nil
	}
	return testserver.Start(ctx, o)
}

func TestRunServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, ended := make(lines, 1), make(chan error, 1)
	go func() { ended <- run(ctx, []string{"--port", "0"}, hello, out, io.Discard) }()
	url := strings.TrimSuffix(strings.Fields(<-out)[5], ";")
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	response.Body.Close()
	if err != nil || string(body) != "hello" {
		t.Errorf("%q: %v", body, err)
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it still answers")
	}
}

func TestRunReportsAFailedStart(t *testing.T) {
	broken := errors.New("broken")
	start := func(context.Context, testserver.Options) (*testserver.Server, error) { return nil, broken }
	if err := run(t.Context(), nil, start, io.Discard, io.Discard); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestParse(t *testing.T) {
	for args, want := range map[string]testserver.Options{
		"":           {Port: 8801},
		"--port 123": {Port: 123},
		"-port=0 --database-url postgres://q@h/d": {DatabaseURL: "postgres://q@h/d"},
	} {
		got, err := parse(strings.Fields(args), nil)
		if err != nil || cmp.Diff([]any{want.Port, want.DatabaseURL}, []any{got.Port, got.DatabaseURL}) != "" {
			t.Errorf("%q: %+v, %v", args, got, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for args, want := range map[string]string{"--port x": "invalid value", "--host y": "not defined", "sqlite:x": `unknown argument "sqlite:x"`} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", args, err)
		}
	}
	if _, err := parse([]string{"-h"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-h: %v", err)
	}
}
