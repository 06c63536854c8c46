// Package identitytest prepares databases for tests that need accounts: Django's tables of users, permissions, sessions
// and tokens, and passwords that cost nothing.
package identitytest

import (
	_ "embed"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
)

//go:embed schema-sqlite.sql
var sqlite string

//go:embed schema-postgres.sql
var postgres string

// CreateTables makes the tables in an empty test database, exactly as Django does.
func CreateTables(tb testing.TB, db *gorm.DB) {
	tb.Helper()
	script := sqlite
	if db.Name() == "postgres" {
		script = postgres
	}
	_, script, _ = strings.Cut(script, "\n")
	for statement := range strings.SplitSeq(script, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if err := db.Exec(statement).Error; err != nil {
			tb.Fatalf("identitytest: %s: %v", statement, err)
		}
	}
}

// Passwords hashes cheaply. It accepts the hashes of all default algorithms; hashes of real cost count as outdated.
func Passwords() *identity.Passwords {
	return &identity.Passwords{Hashers: append([]identity.Hasher{identity.PBKDF2{Iterations: 10}}, identity.DefaultHashers()[1:]...)}
}

// Store returns a Store on db, whose tables are there, that hashes cheaply.
func Store(db *gorm.DB) *identity.Store { return &identity.Store{DB: db, Passwords: Passwords()} }

// User stores an active account.
func User(tb testing.TB, users *identity.Store, name, password string) *identity.User {
	tb.Helper()
	user, err := users.CreateUser(tb.Context(), identity.NewUser{Username: name, Password: password})
	if err != nil {
		tb.Fatalf("identitytest: %v", err)
	}
	return user
}
