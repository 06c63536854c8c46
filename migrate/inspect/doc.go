// Package inspect reads the tables of a database that somebody else made and writes the Go code that serves them: what
// Django's inspectdb does for models, and serializers, viewsets and routes beside it.
//
//	database, err := inspect.Read(ctx, db, inspect.Options{})     // what is there
//	draft := inspect.Draft(database, inspect.Naming{App: "shop"}) // what it is called in Go
//	files, err := draft.Resources("example.com/shop")             // the code
//
// What cannot be said in Go is not guessed in silence: the code has a comment, or [Program.Problems] names the table and the
// way out.
package inspect
