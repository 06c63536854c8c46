// Package models declares what the shop stores: the catalog and the orders, as GORM models with what Django calls their
// fields' options. Tables, columns and constraints are those of the SQL in the folder migrations.
package models

import (
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/session"
)

// All lists every model of the shop and of the framework's packages it uses, for orm.NewRegistry. Content types,
// permissions and dumps follow this order.
func All() []any {
	return []any{
		&identity.LogEntry{},
		&identity.Permission{},
		&identity.Group{},
		&identity.User{},
		&identity.ContentType{},
		&session.Row{},
		&identity.Token{},
		&jwtauth.OutstandingToken{},
		&jwtauth.BlacklistedToken{},
		&Category{},
		&Tag{},
		&Product{},
		&Review{},
		&Order{},
		&OrderItem{},
	}
}
