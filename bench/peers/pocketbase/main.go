// Command pocketbase is PocketBase as a Go module, with collections like the tables of the other peers and one route of its
// own, which places orders.
//
//	pocketbase seed --dir DIR --products 100000 --tokens FILE
//	pocketbase serve --http 127.0.0.1:7601 --dir DIR
package main

import (
	"log"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	"github.com/spf13/cobra"
)

func main() {
	app := pocketbase.New()
	app.RootCmd.AddCommand(seedCommand(app))
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		e.Router.POST("/api/shop/orders", placeOrder).Bind(apis.RequireAuth())
		return e.Next()
	})
	if err := app.Start(); err != nil {
		log.Fatal(err)
	}
}

func seedCommand(app core.App) *cobra.Command {
	var products int
	var tokens string
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "Make the collections and fill them",
		RunE:  func(*cobra.Command, []string) error { return seed(app, products, tokens) },
	}
	cmd.Flags().IntVar(&products, "products", 100_000, "how many products")
	cmd.Flags().StringVar(&tokens, "tokens", "tokens.txt", "`file` for a token of each user")
	return cmd
}
