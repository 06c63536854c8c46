package main

import (
	_ "embed"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/pocketbase/pocketbase/core"
)

//go:embed seed.sql
var seedSQL string

// editors is how many users there are, fewer than with the other peers: each costs a bcrypt. All their tokens are used.
const editors = 100

// seed makes the collections with the data set, and writes a token of each user into a file.
func seed(app core.App, products int, tokens string) error {
	if err := makeCollections(app); err != nil {
		return err
	}
	lines, err := makeUsers(app)
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(seedSQL, "$products", fmt.Sprint(products))
	for _, statement := range strings.Split(text, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := app.NonconcurrentDB().NewQuery(statement).Execute(); err != nil {
			return err
		}
	}
	return os.WriteFile(tokens, []byte(lines), 0o600)
}

func makeUsers(app core.App) (tokens string, err error) {
	const lifetime = 300 * 24 * time.Hour
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return "", err
	}
	for i := 1; i <= editors; i++ {
		u := core.NewRecord(users)
		u.Id = fmt.Sprintf("u%014d", i)
		u.Set("email", fmt.Sprintf("user%d@example.com", i))
		u.Set("verified", true)
		u.Set("role", "editor")
		u.SetRandomPassword()
		if err := app.SaveNoValidate(u); err != nil {
			return "", err
		}
		token, err := u.NewStaticAuthToken(lifetime)
		if err != nil {
			return "", err
		}
		tokens += token + "\n"
	}
	return tokens, nil
}
