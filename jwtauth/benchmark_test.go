package jwtauth_test

import (
	"testing"

	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/jwtauth"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// issued is a service on SQLite and an access token of its account alice.
func issued(b *testing.B) (*jwtauth.Service, string) {
	b.Helper()
	db := ormtest.Open(b, ormtest.SQLite(b))
	identitytest.CreateTables(b, db.Gorm)
	users := identitytest.Store(db.Gorm)
	s, err := jwtauth.New(jwtauth.Config{SigningKey: recorded(b).SigningKey}, db.Gorm, users)
	if err != nil {
		b.Fatal(err)
	}
	pair, err := s.Issue(b.Context(), identitytest.User(b, users, "alice", ""))
	if err != nil {
		b.Fatal(err)
	}
	return s, pair.Access
}

func BenchmarkParse(b *testing.B) {
	s, raw := issued(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Parse(raw, jwtauth.Access); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkAuthenticate(b *testing.B) {
	s, raw := issued(b)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.Authenticate(b.Context(), raw); err != nil {
			b.Fatal(err)
		}
	}
}
