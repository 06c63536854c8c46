package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRevision: the report that an earlier set has written is no change of what is measured.
func TestRevision(t *testing.T) {
	root := t.TempDir()
	for _, variable := range os.Environ() { // of a git that runs the tests
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "GIT_") {
			t.Setenv(name, "") // puts it back at the end
			os.Unsetenv(name)
		}
	}
	t.Setenv("GIT_CONFIG_GLOBAL", os.DevNull)
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, "bench", name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-c", "user.name=t", "-c", "user.email=t@localhost"}, args...)...)
		cmd.Dir = root
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	b := &bench{root: root}
	if err := os.Mkdir(filepath.Join(root, "bench"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(reportName, "1")
	write("code.go", "1")
	git("init", "-q")
	git("add", ".")
	git("commit", "-q", "-m", "one")
	commit := git("rev-parse", "--short", "HEAD")
	for _, c := range []struct{ name, want string }{{reportName, commit}, {"new.txt", commit}, {"code.go", commit + "-dirty"}} {
		write(c.name, "2")
		if got := b.revision(t.Context()); got != c.want {
			t.Errorf("with another %s: %q, want %q", c.name, got, c.want)
		}
	}
	if got := (&bench{root: t.TempDir()}).revision(t.Context()); got != "unknown" {
		t.Errorf("outside of git: %q", got)
	}
}
