// Command server is the shop, the reference application: a REST API on SQLite without any configuration, or on PostgreSQL
// with DATABASE_URL. "server help" lists its commands, docs/configuration.md its environment variables.
package main

import (
	"os"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/internal/router"
)

func main() {
	os.Exit(quintet.New(router.Shop()).Main())
}
