package identity_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/identity"
)

func TestSecretsAreNotPrinted(t *testing.T) {
	user := identity.User{ID: 4, Username: "alice", Password: "pbkdf2-secret"}
	token := identity.Token{Key: "2459f3f1a5819a8296ae0e3e820fa27a4d942c0a", UserID: 4}
	var out bytes.Buffer
	for _, v := range []any{user, &user, token, &token} {
		fmt.Fprintf(&out, "%v %+v %s %#v\n", v, v, v, v)
		slog.New(slog.NewTextHandler(&out, nil)).Info("seen", "value", v)
	}
	if err := json.NewEncoder(&out).Encode(user); err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{user.Password, token.Key} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%s is printed:\n%s", secret, out.String())
		}
	}
	if !strings.Contains(out.String(), "alice") {
		t.Errorf("the username is missing:\n%s", out.String())
	}
}

func TestUser(t *testing.T) {
	var nobody *identity.User
	if nobody.IsAuthenticated() || (&identity.User{}).IsAuthenticated() || !(&identity.User{ID: 1}).IsAuthenticated() {
		t.Error("IsAuthenticated is not about the id")
	}
	for want, u := range map[string]identity.User{
		"Ann Bee": {FirstName: "Ann", LastName: "Bee"}, "Ann": {FirstName: "Ann"}, "Bee": {LastName: "Bee"}, "": {},
	} {
		if got := u.FullName(); got != want {
			t.Errorf("FullName = %q, want %q", got, want)
		}
	}
	if (&identity.User{Password: "!x"}).HasUsablePassword() || !(&identity.User{Password: "argon2$x"}).HasUsablePassword() {
		t.Error("HasUsablePassword is not about the exclamation mark")
	}
}

func TestNaturalKeys(t *testing.T) {
	p := identity.Permission{Codename: "add_tag", Name: "Can add tag", ContentType: &identity.ContentType{AppLabel: "catalog", Model: "tag"}}
	if got := p.NaturalKey(); got != [3]string{"add_tag", "catalog", "tag"} {
		t.Errorf("NaturalKey = %v", got)
	}
	if got, want := p.String(), "catalog | tag | Can add tag"; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}

func TestNewTokenKey(t *testing.T) {
	a, b := identity.NewTokenKey(), identity.NewTokenKey()
	if len(a) != 40 || strings.Trim(a, "0123456789abcdef") != "" || a == b {
		t.Errorf("keys %q, %q: want 40 hexadecimal digits, different", a, b)
	}
}
