package session_test

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/session"
)

type recordedSessions struct {
	SecretKey string `json:"secret_key"`
	Sessions  map[string]struct {
		SessionID   string         `json:"sessionid"`
		SessionData string         `json:"session_data"`
		Content     map[string]any `json:"content"`
	}
}

func TestDecodeRecordedSessions(t *testing.T) {
	var recorded recordedSessions
	load(t, "sessions.json", &recorded)
	codec := session.Codec{Secret: recorded.SecretKey}
	for name, s := range recorded.Sessions {
		if s.SessionData == "" {
			continue
		}
		got, err := codec.Decode(s.SessionData)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(s.Content, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestEncodeIsASCIIAndURLSafe(t *testing.T) {
	codec := session.Codec{Secret: "s"}
	text, err := codec.Encode(map[string]any{"größe": "𝄞<>&\u2028", "n": 1}, time.Unix(1717200000, 0))
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(text, ":")
	if len(parts) != 3 || parts[1] != "1sDCAC" || strings.Trim(parts[0], ".-_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789") != "" {
		t.Errorf("Encode = %q, want payload:1sDCAC:signature", text)
	}
	got, err := codec.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"größe": "𝄞<>&\u2028", "n": json.Number("1")}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDecodeRefuses(t *testing.T) {
	now := time.Unix(1717200000, 0)
	codec := session.Codec{Secret: "s"}
	good, _ := codec.Encode(map[string]any{"a": strings.Repeat("b", 200)}, now)
	foreign, _ := session.Codec{Secret: "other"}.Encode(map[string]any{"a": 1}, now)
	for name, text := range map[string]string{
		"empty": "", "no colon": "abc", "foreign secret": foreign, "cut": good[:len(good)-1],
		"changed payload": "x" + good, "changed time": strings.Replace(good, "1sDCAC", "1sDCAD", 1), "only signature": ":",
	} {
		if values, err := codec.Decode(text); err == nil {
			t.Errorf("%s: Decode(%q) = %v, want an error", name, text, values)
		}
	}
	if _, err := codec.Encode(map[string]any{"a": math.Inf(1)}, now); err == nil {
		t.Error("a value that is no JSON was encoded")
	}
}

func TestFallbackSecretsStillRead(t *testing.T) {
	old, _ := session.Codec{Secret: "old"}.Encode(map[string]any{"a": "b"}, time.Now())
	if _, err := (session.Codec{Secret: "new", Fallbacks: []string{"older", "old"}}).Decode(old); err != nil {
		t.Errorf("Decode with a fallback: %v", err)
	}
}

func TestCodecRoundTrip(t *testing.T) {
	codec := session.Codec{Secret: "s"}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.Rune().Filter(func(r rune) bool { return r < 0xd800 || r > 0xdfff }))
		values := map[string]any{}
		for name, v := range rapid.MapOf(text, text).Draw(t, "values") {
			values[name] = v
		}
		values["list"] = []any{true, nil, json.Number("12345678901234567890")}
		signed, err := codec.Encode(values, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(signed)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(values, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// TestCodecAsTheReference reads what the reference signed, and signs the same where nothing is compressed: two compressors
// may differ in their output.
func TestCodecAsTheReference(t *testing.T) {
	var recorded []struct {
		At     int64
		JSON   json.RawMessage
		Signed string
	}
	load(t, "codec.json", &recorded)
	codec := session.Codec{Secret: "s3cret-Ключ"}
	for _, c := range recorded {
		var text string
		if err := json.Unmarshal(c.JSON, &text); err != nil {
			t.Fatal(err)
		}
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		var want map[string]any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		got, err := codec.Decode(c.Signed)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%.60s: %v (-want +got):\n%s", text, err, diff)
		}
		signed, err := codec.Encode(want, time.Unix(c.At, 0))
		if err != nil {
			t.Fatal(err)
		}
		if len(want) < 2 && !strings.HasPrefix(c.Signed, ".") && signed != c.Signed {
			t.Errorf("%s at %d: got %s, want %s", text, c.At, signed, c.Signed)
		}
		if long := len(text) > 1000; long && !strings.HasPrefix(signed, ".") || len(signed) > len(c.Signed)+20 {
			t.Errorf("%.60s: %d characters, the reference has %d", text, len(signed), len(c.Signed))
		}
	}
}

// sign is what Django's Signer does, for payloads that no Encode makes.
func sign(secret, payload string) string {
	value := payload + ":1sDCAC"
	key := sha256.Sum256([]byte("django.contrib.sessions.SessionStoresigner" + secret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(value))
	return value + ":" + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

func TestSignedPayloads(t *testing.T) {
	plain := base64.RawURLEncoding.EncodeToString
	packed := func(data []byte) string {
		var b bytes.Buffer
		w := zlib.NewWriter(&b)
		if _, err := w.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return "." + plain(b.Bytes())
	}
	blanks := bytes.Repeat([]byte(" "), 16<<20)
	for _, c := range []struct{ name, payload, problem string }{
		{"an object", plain([]byte(`{"a":1}`)), ""},
		{"a packed object", packed([]byte(`{"a":1}`)), ""},
		{"blanks around it", plain([]byte(" {}\n ")), ""},
		{"a large one", packed(append(bytes.Clone(blanks[:len(blanks)-2]), "{}"...)), ""},
		{"one byte too large", packed(append(bytes.Clone(blanks[:len(blanks)-1]), "{}"...)), "larger than"},
		{"no base64", "*", "reading the payload"},
		{"base64 with padding", base64.URLEncoding.EncodeToString([]byte("{}")), "reading the payload"},
		{"no zlib", "." + plain([]byte("{}")), "inflating"},
		{"cut zlib", packed([]byte(`{"a":1}`))[:12], "inflating"},
		{"nothing", "", "reading the values"},
		{"a list", plain([]byte("[]")), "reading the values"},
		{"null", plain([]byte("null")), "reading the values"},
		{"two values", plain([]byte("{}{}")), "more than one"},
		{"cut JSON", plain([]byte(`{"a"`)), "reading the values"},
	} {
		values, err := session.Codec{Secret: "s"}.Decode(sign("s", c.payload))
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: %v, %v; want an error with %q", c.name, values, err, c.problem)
		}
	}
}

// TestSignatureCoversAll: no byte of a signed text may change.
func TestSignatureCoversAll(t *testing.T) {
	codec := session.Codec{Secret: "s", Fallbacks: []string{"t", ""}}
	good, err := codec.Encode(map[string]any{"a": "b"}, time.Unix(1717200000, 0))
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.IntRange(0, len(good)-1).Draw(t, "at")
		other := rapid.Byte().Filter(func(b byte) bool { return b != good[at] }).Draw(t, "byte")
		changed := good[:at] + string([]byte{other}) + good[at+1:]
		if values, err := codec.Decode(changed); err == nil {
			t.Fatalf("%q was read as %v", changed, values)
		}
	})
}

func FuzzDecode(f *testing.F) {
	var recorded recordedSessions
	load(f, "sessions.json", &recorded)
	for _, s := range recorded.Sessions {
		f.Add(s.SessionData)
	}
	codec := session.Codec{Secret: recorded.SecretKey}
	f.Fuzz(func(t *testing.T, text string) {
		values, err := codec.Decode(text)
		if err != nil {
			return
		}
		if _, err := codec.Encode(values, time.Now()); err != nil {
			t.Errorf("what was read cannot be written: %v", err)
		}
	})
}
