// Package session keeps what a browser's visitor carries from one request to the next: rows of django_session, signed and
// encoded as Django does, the login in them, and the protection against cross-site requests that cookies need.
//
// A Django server with the same secret reads the sessions of this package and the other way round.
//
//	sessions := &session.Store{DB: db, Secret: secret}
//	s, err := sessions.Load(ctx, cookieValue) // an unknown or expired key gives an empty session
//	user, err := sessions.User(ctx, s, users) // nil for nobody
package session
