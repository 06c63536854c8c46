// Package identity knows people and what they may do: users, groups, permissions and content types in Django's tables,
// Django's password hashes and password rules, and the keys of token authentication.
//
// A [Store] reads and writes them through GORM. It can share its tables with a Django server: a user made by either logs
// in at both, and a permission given by either counts at both.
//
//	users := &identity.Store{DB: db}
//	user, err := users.Authenticate(ctx, "alice", "secret")
//	if errors.Is(err, identity.ErrCredentials) { … }
//	allowed, err := users.HasPerm(ctx, user, "catalog.add_product")
package identity
