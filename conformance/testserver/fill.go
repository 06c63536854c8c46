package testserver

import (
	"context"
	"os"
	"strings"
)

// Fill puts the database that Django made, as it was recorded, into an empty one: "postgres://…" or "sqlite:PATH", whose
// file it writes.
func Fill(ctx context.Context, databaseURL string) error {
	if strings.HasPrefix(databaseURL, "postgres") {
		return fillPostgres(ctx, databaseURL)
	}
	content, err := fixture("shop.sqlite3")
	if err != nil {
		return err
	}
	return os.WriteFile(sqlitePath(databaseURL), content, 0o600)
}
