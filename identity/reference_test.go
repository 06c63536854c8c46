package identity_test

import (
	"encoding/json"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/identity"
)

// recordedRules is what the reference says of passwords, names and addresses.
type recordedRules struct {
	Users []struct {
		Username  string `json:"username"`
		FirstName string `json:"first_name"`
		LastName  string `json:"last_name"`
		Email     string `json:"email"`
	} `json:"users"`
	Passwords []struct {
		User     int      `json:"user"`
		Password string   `json:"password"`
		Messages []string `json:"messages"`
	} `json:"passwords"`
	Emails    [][2]string `json:"emails"`
	Usernames []struct {
		Name   string `json:"name"`
		Valid  bool   `json:"valid"`
		Normal string `json:"normal"`
	} `json:"usernames"`
}

func rules(t *testing.T) (r recordedRules) {
	t.Helper()
	text, err := os.ReadFile("testdata/rules.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRulesAsTheReference(t *testing.T) {
	recorded := rules(t)
	policy := identity.PasswordPolicy{identity.NotSimilar(0.7), identity.MinLength(8), identity.NotNumeric()}
	for _, c := range recorded.Passwords {
		u := recorded.Users[c.User]
		user := &identity.User{Username: u.Username, FirstName: u.FirstName, LastName: u.LastName, Email: u.Email}
		got := []string{}
		var refused *identity.PasswordError
		if err := policy.Validate(c.Password, user); errors.As(err, &refused) {
			got = refused.Messages()
		}
		if diff := cmp.Diff(c.Messages, got); diff != "" {
			t.Errorf("%q of %s (-want +got):\n%s", c.Password, u.Username, diff)
		}
	}
}

func TestNamesAsTheReference(t *testing.T) {
	recorded := rules(t)
	for _, c := range recorded.Usernames {
		if err := identity.ValidateUsername(c.Name); (err == nil) != c.Valid {
			t.Errorf("ValidateUsername(%q) = %v, want valid %v", c.Name, err, c.Valid)
		}
		if got := identity.NormalizeUsername(c.Name); got != c.Normal {
			t.Errorf("NormalizeUsername(%q) = %q, want %q", c.Name, got, c.Normal)
		}
	}
	for _, c := range recorded.Emails {
		if got := identity.NormalizeEmail(c[0]); got != c[1] {
			t.Errorf("NormalizeEmail(%q) = %q, want %q", c[0], got, c[1])
		}
	}
}

func TestNormalFormsStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		if name := identity.NormalizeUsername(text); identity.NormalizeUsername(name) != name {
			t.Errorf("username %q becomes %q", text, name)
		}
		if address := identity.NormalizeEmail(text); identity.NormalizeEmail(address) != address {
			t.Errorf("address %q becomes %q", text, address)
		}
	})
}

// TestSimilarityIsFair: the more of the characters are the user's, the sooner a password is refused, in any order.
func TestSimilarityIsFair(t *testing.T) {
	letters := rapid.StringOfN(rapid.RuneFrom([]rune("abcdeé")), 1, 12, -1)
	rapid.Check(t, func(t *rapid.T) {
		password, name := letters.Draw(t, "password"), letters.Draw(t, "name")
		user := &identity.User{Username: name}
		shuffled := string(rapid.Permutation([]rune(password)).Draw(t, "order"))
		strict, mild := identity.NotSimilar(0.5), identity.NotSimilar(0.9)
		if strict(password, user) == nil && mild(password, user) != nil {
			t.Errorf("%q for %q: a limit of 0.9 refuses what 0.5 takes", password, name)
		}
		if (mild(password, user) == nil) != (mild(shuffled, user) == nil) {
			t.Errorf("%q and %q for %q are judged apart", password, shuffled, name)
		}
		if problem := identity.NotSimilar(1)(name, user); problem == nil || problem.Code != "password_too_similar" {
			t.Errorf("the name %q itself: %v", name, problem)
		}
	})
}
