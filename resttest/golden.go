package resttest

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"
)

// updateGolden makes Golden write what it would compare.
var updateGolden = flag.Bool("update-golden", false, "resttest: record the answers that tests compare with")

// Golden compares the answer with the one recorded in the file testdata/NAME.golden below the test's folder: the request,
// the status, the content type and further headers that are named, and the body, with JSON indented so that changes are
// readable. The test fails with the difference. "go test -update-golden" records the answers instead; look at what changed
// before you commit it.
func (a *Answer) Golden(name string, headers ...string) {
	a.tb.Helper()
	file := filepath.Join("testdata", filepath.FromSlash(name)+".golden")
	got := a.record(headers)
	if *updateGolden {
		if err := writeFile(file, got); err != nil {
			a.tb.Fatalf("resttest: record %s: %v", name, err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		a.tb.Fatalf("resttest: %v; record the answer by go test -run '^%s$' -update-golden", err, a.tb.Name())
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		a.tb.Errorf("%s (-%s +got)\n%s", a.Request, file, diff)
	}
}

func writeFile(file, content string) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, []byte(content), 0o600)
}

// record is the text that is kept of an answer.
func (a *Answer) record(headers []string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%d\n", a.Request, a.Status)
	for _, name := range slices.Concat([]string{"Content-Type"}, headers) {
		if value := a.Header.Get(name); value != "" {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	b.WriteByte('\n')
	var pretty bytes.Buffer
	if json.Indent(&pretty, a.Body, "", "  ") == nil {
		b.Write(pretty.Bytes())
	} else {
		b.Write(a.Body)
	}
	b.WriteByte('\n')
	return b.String()
}
