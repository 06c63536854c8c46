package ormtest

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// ending notes how a test was ended.
type ending struct {
	testing.TB
	how, text string
}

func (e *ending) end(how string, args ...any) {
	e.how, e.text = how, fmt.Sprint(args...)
	runtime.Goexit()
}

func (e *ending) Helper()           {}
func (e *ending) Skip(args ...any)  { e.end("skip", args...) }
func (e *ending) Fatal(args ...any) { e.end("fatal", args...) }

func TestReportOfAMissingServer(t *testing.T) {
	for _, c := range []struct {
		name, require string
		err           error
		how           string
		says          []string
	}{
		{"there", "1", nil, "", nil},
		{"not installed", "", errNotInstalled, "skip", []string{"nothing was tested", "apt-get install postgresql", "QUINTET_TEST_POSTGRES", "QUINTET_REQUIRE_POSTGRES=1"}},
		{"not installed but wrapped", "0", fmt.Errorf("x: %w", errNotInstalled), "skip", []string{"QUINTET_POSTGRES_BIN"}},
		{"not installed where it must be", "1", errNotInstalled, "fatal", []string{"apt-get install postgresql"}},
		{"broken", "", errors.New("initdb: no space"), "fatal", []string{"initdb: no space"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("QUINTET_REQUIRE_POSTGRES", c.require)
			e := &ending{TB: t}
			done := make(chan struct{})
			go func() {
				defer close(done)
				report(e, c.err)
			}()
			<-done
			if e.how != c.how {
				t.Errorf("it ends by %q, want %q", e.how, c.how)
			}
			for _, want := range c.says {
				if !strings.Contains(e.text, want) {
					t.Errorf("the text lacks %q:\n%s", want, e.text)
				}
			}
		})
	}
}

func TestNewestProgramsAreChosen(t *testing.T) {
	folder := func(version string) string { return "/usr/lib/postgresql/" + version + "/bin/initdb" }
	for path, want := range map[string]int{folder("15"): 15, folder("9.6"): 0, folder("17"): 17, "initdb": 0, "": 0} {
		if got := majorOf(path); got != want {
			t.Errorf("majorOf(%q) = %d, want %d", path, got, want)
		}
	}
	if got := newest([]string{folder("10"), folder("9.6"), folder("17"), folder("15")}); got != folder("17") {
		t.Errorf("chosen is %s", got)
	}
}

func TestFolderOfProgramsIsTaken(t *testing.T) {
	t.Setenv("QUINTET_POSTGRES_BIN", "/opt/pg/bin")
	if dir, err := postgresBin(); err != nil || dir != "/opt/pg/bin" {
		t.Errorf("the folder is %q, %v", dir, err)
	}
}

func TestDatabasesOfTheGivenServer(t *testing.T) {
	for given, want := range map[string]string{
		"postgres://u:p%40ss@h:5432/postgres?sslmode=disable": "postgres://u:p%40ss@h:5432/shop?sslmode=disable",
		"postgres:///x?host=/run/pg":                          "postgres:///shop?host=/run/pg",
		"postgres://h":                                        "postgres://h/shop",
	} {
		t.Setenv("QUINTET_TEST_POSTGRES", given)
		s, err := newServer()
		if err != nil {
			t.Errorf("%s: %v", given, err)
			continue
		}
		if got := s.database("shop"); got != want {
			t.Errorf("%s: the database is at %s, want %s", given, got, want)
		}
		if s.alive != nil {
			t.Errorf("%s: a server was started", given)
		}
	}
}
