// Package jwtauth authenticates by JSON web tokens as djangorestframework-simplejwt does: a short-lived access token for
// every request, a refresh token that is exchanged for new ones, and a blacklist in the database. Tokens of a Django server
// with the same key are good here and the other way round.
//
//	tokens, err := jwtauth.New(jwtauth.Config{SigningKey: key, Rotate: true, BlacklistAfterRotation: true}, db, users)
//	pair, err := tokens.Login(ctx, "alice", "secret")
//	user, token, err := tokens.Authenticate(ctx, pair.Access)
package jwtauth
