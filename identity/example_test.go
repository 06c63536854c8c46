package identity_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/quintet-go/quintet/identity"
)

func ExamplePasswordPolicy() {
	policy := identity.DefaultPasswordPolicy()
	user := &identity.User{Username: "mary", Email: "mary.stuart@example.org"}
	for _, password := range []string{"1234567", "stuart77", "a rather long sentence"} {
		fmt.Println(policy.Validate(password, user))
	}
	// Output:
	// This password is too short. It must contain at least 8 characters. This password is too common. This password is entirely numeric.
	// The password is too similar to the email address.
	// <nil>
}

func ExamplePasswords() {
	ctx := context.Background()
	passwords := &identity.Passwords{Hashers: []identity.Hasher{identity.PBKDF2{Iterations: 1000}, identity.Scrypt{}}}
	stored := "scrypt$16384$seasalt$8$5$nXachnDoZ26UFUF1o3PD3FjYfKq/mD4nZm22d5L0rp+Bi3DZTjkayk+fTW77FlT+2IelThLoihBYgWjZHfwh3Q=="
	ok, outdated, err := passwords.Verify(ctx, "correct horse", stored)
	fmt.Println(ok, outdated, err) // right, and to be hashed anew: another algorithm is preferred
	// Output: true true <nil>
}

func ExampleStore_Authenticate() {
	login := func(ctx context.Context, users *identity.Store, name, password string) (string, error) {
		user, err := users.Authenticate(ctx, name, password)
		if errors.Is(err, identity.ErrCredentials) {
			return "try again", nil // wrong name, wrong password or inactive: nobody is told which
		}
		if err != nil {
			return "", err // the database, or the context
		}
		return "welcome, " + user.FullName(), users.UpdateLastLogin(ctx, user)
	}
	_ = login
}
