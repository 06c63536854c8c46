package jwtauth_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/quintet-go/quintet/jwtauth"
)

func ExampleService_Parse() {
	tokens, err := jwtauth.New(jwtauth.Config{
		SigningKey: "a key of at least thirty-two bytes", // the same as the Django server's, where tokens are shared
		Leeway:     10 * time.Second,
	}, nil, nil) // Parse needs no database
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = tokens.Parse("x.y.z", jwtauth.Access)
	var refused *jwtauth.Error
	if errors.As(err, &refused) {
		fmt.Println(refused.Message, refused.Code)
	}
	// Output: Token is invalid token_not_valid
}
