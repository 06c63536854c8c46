package conformance_test

import (
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/conformance/testserver"
)

// recordedOptions is what the reference answered to OPTIONS of an address.
type recordedOptions struct {
	Status int    `json:"status"`
	Allow  string `json:"allow"`
	Body   string `json:"body"`
}

// TestOptions compares what OPTIONS says of every address of the shop with the recordings, for nobody and for an administrator.
func TestOptions(t *testing.T) {
	server, err := testserver.Start(t.Context(), testserver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	credentials := map[string]string{"anonymous": "", "admin": "Bearer " + adminToken(t)}
	compared := 0
	for address, recorded := range readOptions(t) {
		if !strings.HasPrefix(address, "/api/") {
			continue
		}
		for who, want := range recorded {
			compared++
			got := askOptions(t, server.URL+address, credentials[who])
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s of %s (-want +got):\n%s", address, who, diff)
			}
		}
	}
	if compared < 58 {
		t.Errorf("only %d answers were compared", compared)
	}
}

func readOptions(t *testing.T) map[string]map[string]recordedOptions {
	t.Helper()
	data, err := fs.ReadFile(conformance.Files(), "interop/options.json")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]map[string]recordedOptions{}
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func adminToken(t *testing.T) string {
	t.Helper()
	o, err := conformance.Options()
	if err != nil {
		t.Fatal(err)
	}
	return o.Credentials.JWT["admin"]
}

func askOptions(t *testing.T, url, authorization string) recordedOptions {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodOptions, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Host = "testserver"
	if authorization != "" {
		request.Header.Set("Authorization", authorization)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return recordedOptions{response.StatusCode, response.Header.Get("Allow"), string(body)}
}
