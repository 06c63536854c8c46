package identity_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/identity"
)

const (
	tooShort = "This password is too short. It must contain at least 8 characters."
	common   = "This password is too common."
	numeric  = "This password is entirely numeric."
)

func similar(what string) string { return "The password is too similar to the " + what + "." }

func TestDefaultPasswordPolicy(t *testing.T) {
	zed := &identity.User{Username: "zed", Email: "zed@example.com"}
	alice := &identity.User{Username: "alice", FirstName: "Alice", LastName: "Liddell", Email: "alice@example.com"}
	cases := []struct {
		password string
		user     *identity.User
		want     []string
	}{
		{"a-Long-pass-9", zed, nil},
		{"alllowercaseletters", zed, nil},
		{"zedzedzed", zed, nil},
		{"short", zed, []string{tooShort}},
		{"123", zed, []string{tooShort, common, numeric}},
		{"12345678901", zed, []string{common, numeric}},
		{"PassWord1", zed, []string{common}},
		{"  password1\t", zed, []string{common}},
		{"qwerty123", nil, []string{common}},
		{"alice", alice, []string{similar("username"), tooShort, common}},
		{"EXAMPLE.com1", alice, []string{similar("email address")}},
		{"liddell7", alice, []string{similar("last name")}},
		{"alice", nil, []string{tooShort, common}},
		{"٣٤٥٦٧٨٩٠²", nil, []string{numeric}},
		{"", nil, []string{tooShort}},
		{"äöüßäöüß", nil, nil},
		{"äöüßäöü", nil, []string{tooShort}},
		{"# common passwords", nil, nil},
	}
	policy := identity.DefaultPasswordPolicy()
	for _, c := range cases {
		var got []string
		var refused *identity.PasswordError
		if err := policy.Validate(c.password, c.user); errors.As(err, &refused) {
			got = refused.Messages()
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.password, diff)
		}
	}
}

func TestSimilarityLimit(t *testing.T) {
	user := &identity.User{Username: "abcdefghij"}
	for _, c := range []struct {
		password string
		want     bool
	}{
		{"jihgfedcba", true},               // order does not count
		{"abcdefgxyz", true},               // 7 of 10 are 0.7
		{"abcdefwxyz", false},              // 6 of 10
		{strings.Repeat("abc", 40), false}, // much longer
	} {
		problem := identity.NotSimilar(0.7)(c.password, user)
		if (problem != nil) != c.want {
			t.Errorf("%q: refused %v, want %v", c.password, problem != nil, c.want)
		}
	}
}

func TestMinLengthOfOne(t *testing.T) {
	want := "This password is too short. It must contain at least 1 character."
	if got := identity.MinLength(1)("", nil); got == nil || got.Message != want || got.Code != "password_too_short" {
		t.Errorf("got %v, want %q", got, want)
	}
}

func TestPolicyWithoutProblems(t *testing.T) {
	if err := identity.DefaultPasswordPolicy().Validate("correct horse", nil); err != nil {
		t.Errorf("err = %v, want a nil error value", err)
	}
}

func TestCommonListIsLowerCase(t *testing.T) {
	text, err := os.ReadFile("common_passwords.txt")
	if err != nil {
		t.Fatal(err)
	}
	head, list, _ := strings.Cut(string(text), "\n")
	if !strings.HasPrefix(head, "# ") {
		t.Errorf("the file begins with %q, not with its source", head)
	}
	if list != strings.ToLower(list) {
		t.Error("the list holds capitals: they can never match")
	}
	if n := strings.Count(list, "\n"); n < 10_000 {
		t.Errorf("only %d passwords", n)
	}
}
