package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	_ "modernc.org/sqlite" // the driver that fills the SQLite file
)

//go:embed seed/postgres.sql
var seedPostgres string

//go:embed seed/sqlite.sql
var seedSQLite string

// store is a database with the data set.
type store struct {
	name     string
	products int
	schema   string // the program whose migrations make the tables
	file     bool   // SQLite: every peer has its own copy
}

// stores are the databases of the benchmark.
var (
	storeShop      = &store{name: "shop", products: 100_000, schema: "ours"}
	storeSmall     = &store{name: "shop1k", products: 1_000, schema: "ours"}
	storeLarge     = &store{name: "shop1m", products: 1_000_000, schema: "ours"}
	storeReference = &store{name: "reference", products: 100_000, schema: "server"}
	storeFile      = &store{name: "sqlite", products: 100_000, schema: "ours", file: true}
	storePocket    = &store{name: "pocketbase", products: 100_000, file: true} // made by its own program
)

// mostReviewed is the largest number of products that have three reviews each: a larger store has none, to be made sooner.
const mostReviewed = 100_000

// lane is a peer on a store.
type lane struct {
	peer  *peer
	store *store
}

// name is that of the peer, with the store's unless it is the usual one.
func (l lane) name() string {
	if l.store == storeShop || l.store == storeReference || l.store == storePocket {
		return l.peer.name
	}
	return l.peer.name + "@" + l.store.name
}

// url is the database as the peers take it.
func (l lane) url(b *bench) string {
	if l.store.file {
		return "sqlite:" + b.path("lite", l.peer.name+".db")
	}
	return b.cluster.url(l.store.name)
}

// prepareStore makes the database of a lane unless it is there as it should be.
func (b *bench) prepareStore(ctx context.Context, l lane) error {
	switch {
	case l.store == storePocket:
		return nil
	case l.store.file:
		return b.prepareFile(ctx, l)
	}
	stamp, err := b.stamp(l.store)
	if err != nil {
		return err
	}
	const commentSQL = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = '%s'"
	have, err := b.cluster.value(ctx, "postgres", fmt.Sprintf(commentSQL, l.store.name))
	if err != nil || have == stamp {
		return err
	}
	say("filling PostgreSQL's database %s with %d products", l.store.name, l.store.products)
	if err := b.cluster.exec(ctx, "postgres", "DROP DATABASE IF EXISTS "+l.store.name, "CREATE DATABASE "+l.store.name); err != nil {
		return err
	}
	if err := b.migrate(ctx, l.store, b.cluster.url(l.store.name)); err != nil {
		return err
	}
	return b.cluster.exec(ctx, l.store.name, l.store.seed(), "VACUUM ANALYZE", "CHECKPOINT",
		fmt.Sprintf("COMMENT ON DATABASE %s IS '%s'", l.store.name, stamp))
}

// seed is the SQL that fills the store.
func (s *store) seed() string {
	reviewed := s.products
	if reviewed > mostReviewed {
		reviewed = 0
	}
	return strings.NewReplacer("$products", fmt.Sprint(s.products), "$reviewed", fmt.Sprint(reviewed)).Replace(seedPostgres)
}

// migrate makes the tables, content types and permissions.
func (b *bench) migrate(ctx context.Context, s *store, url string) error {
	cmd := exec.CommandContext(ctx, b.path("bin", s.schema), "migrate")
	cmd.Env = append(append(os.Environ(), production(b)...), "DATABASE_URL="+url)
	_, err := outputOf(cmd)
	return err
}

// stamp changes with whatever a store is made of.
func (b *bench) stamp(s *store) (string, error) {
	files, err := filepath.Glob(filepath.Join(b.root, "migrations", "*", "*.sql"))
	if err != nil {
		return "", err
	}
	if s.schema == "ours" {
		files = append(files, b.source("ours", "schema.go"))
	}
	hash := sha256.New()
	fmt.Fprintln(hash, s.products, seedPostgres, seedSQLite)
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return "", err
		}
		hash.Write(text)
	}
	return hex.EncodeToString(hash.Sum(nil)[:8]), nil
}

// prepareFile copies the filled file for a peer.
func (b *bench) prepareFile(ctx context.Context, l lane) error {
	stamp, err := b.stamp(l.store)
	if err != nil {
		return err
	}
	filled := b.path("lite", "filled-"+stamp)
	if _, err := os.Stat(filled); err != nil {
		say("filling SQLite with %d products", l.store.products)
		if err := b.fillFile(ctx, l.store, filled); err != nil {
			return err
		}
	}
	own := b.path("lite", l.peer.name+".db")
	if text, err := os.ReadFile(own + ".stamp"); err == nil && string(text) == stamp {
		return nil
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.RemoveAll(own + suffix); err != nil {
			return err
		}
	}
	if err := copyFile(filled, own); err != nil {
		return err
	}
	return os.WriteFile(own+".stamp", []byte(stamp), 0o644)
}

// fillFile makes the file under another name first: one that is there is whole.
func (b *bench) fillFile(ctx context.Context, s *store, name string) error {
	begun := name + ".begun"
	if err := os.RemoveAll(begun); err != nil {
		return err
	}
	if err := b.migrate(ctx, s, "sqlite:"+begun); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", begun)
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1) // the temporary table belongs to a connection
	_, err = db.ExecContext(ctx, seedSQLite)
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	return os.Rename(begun, name)
}

func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}
