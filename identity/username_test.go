package identity_test

import (
	"errors"
	"testing"

	"github.com/quintet-go/quintet/identity"
)

func TestValidateUsername(t *testing.T) {
	for name, want := range map[string]error{
		"alice": nil, "üser@+.-_": nil, "名前٣": nil,
		"": identity.ErrUsername, "a b": identity.ErrUsername, "a\n": identity.ErrUsername, "a!": identity.ErrUsername,
		"a\xff": identity.ErrUsername, "e\u0301": identity.ErrUsername, "a\x00": identity.ErrUsername,
	} {
		if got := identity.ValidateUsername(name); !errors.Is(got, want) {
			t.Errorf("%q: %v, want %v", name, got, want)
		}
	}
}

func TestNormalize(t *testing.T) {
	if got := identity.NormalizeUsername("ﬁn"); got != "fin" {
		t.Errorf("username: %q, want fin", got)
	}
	for address, want := range map[string]string{
		"Ann@EXAMPLE.com": "Ann@example.com", " a@B ": "a@b", "a@b@C.D": "a@b@c.d", "noat ": "noat ", "": "",
	} {
		if got := identity.NormalizeEmail(address); got != want {
			t.Errorf("%q: %q, want %q", address, got, want)
		}
	}
}
