package orm

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Config says which database to open and its limits. URL is required.
type Config struct {
	// URL is "sqlite:shop.db", "sqlite::memory:", a file's path, or "postgres://user:password@host:5432/name". What
	// follows a "?" are pgx's settings, or on SQLite _pragma=name(value), _txlock=deferred, and SQLite's own such as mode=ro.
	URL string
	// Replicas are copies of the database that may answer reads, as [Replica] says; nil means none. Each gets as many
	// connections as the database itself, and settings that refuse to write. One that does not answer is no mistake: the
	// others, and at last the database, read in its place until it is back.
	Replicas []string
	// MaxConns is the most connections open at a time; 0 means 10. One of those to an SQLite file writes, the others, 16 at
	// most, read; a database in memory has one for both.
	MaxConns int
	// QueryTimeout ends statements that run longer; 0 means 30 seconds, a negative value no limit.
	QueryTimeout time.Duration
	// ConnectTimeout is how long to wait for a connection, be it a new one, a free one of the pool or, on SQLite, the turn to
	// write; 0 means 5 seconds.
	ConnectTimeout time.Duration
	// Logger gets slow statements as warnings and all of them at debug level, without their arguments; nil means
	// slog.Default().
	Logger *slog.Logger

	replica bool // the database is a replica
}

const (
	defaultMaxConns       = 10
	defaultQueryTimeout   = 30 * time.Second
	defaultConnectTimeout = 5 * time.Second
)

func (c Config) withDefaults() Config {
	if c.MaxConns <= 0 {
		c.MaxConns = defaultMaxConns
	}
	if c.QueryTimeout == 0 {
		c.QueryTimeout = defaultQueryTimeout
	}
	if c.ConnectTimeout <= 0 {
		c.ConnectTimeout = defaultConnectTimeout
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	return c
}

// DB is an open database.
type DB struct {
	Gorm *gorm.DB      // for models
	SQL  *sql.DB       // the same connections by database/sql
	Pool *pgxpool.Pool // the same connections by pgx; nil on SQLite

	lent     *sql.DB // those of transactions, for GORM; nil on SQLite
	dialect  string
	replicas *replicas
}

// Open connects to a database and checks that it answers; an error that wraps [ErrUnavailable] when it does not. Close the
// database after use. GORM is set up so that associations are never saved along with a model and times are UTC in
// microseconds.
func Open(ctx context.Context, config Config) (*DB, error) {
	config = config.withDefaults()
	db, err := connect(ctx, config)
	if err != nil {
		return nil, err
	}
	err = db.Ping(ctx)
	if err == nil && len(config.Replicas) > 0 {
		err = openReplicas(ctx, db, config)
	}
	if err != nil {
		db.Close()
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return db, nil
}

// connect sets up one database.
func connect(ctx context.Context, config Config) (*DB, error) {
	open, err := opener(config.URL)
	if err != nil {
		return nil, err
	}
	db, err := open(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open the database: %w", err)
	}
	return db, nil
}

// opener chooses by the URL.
func opener(url string) (func(context.Context, Config) (*DB, error), error) {
	scheme, _, hasScheme := strings.Cut(url, "://")
	switch {
	case url == "":
		return nil, fmt.Errorf("the database URL is empty; give postgres://user:password@host:5432/name or sqlite:path")
	case scheme == "postgres" || scheme == "postgresql":
		return openPostgres, nil
	case hasScheme && scheme != "sqlite" && scheme != "file":
		return nil, fmt.Errorf("the database URL begins with %.20q; give postgres://user:password@host:5432/name or sqlite:path", scheme+"://")
	}
	return openSQLite, nil
}

// openGorm sets GORM up over a dialect that has its connections.
func openGorm(dialector gorm.Dialector, config Config) (*gorm.DB, error) {
	db, err := gorm.Open(dialector, &gorm.Config{
		NamingStrategy:         namer(),
		NowFunc:                now,
		Logger:                 newLogger(config.Logger),
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
	})
	if err != nil {
		return nil, err
	}
	create, update := db.Callback().Create(), db.Callback().Update()
	if err := create.Before("gorm:save_before_associations").Register("orm:no_associations", omitAssociations); err != nil {
		return nil, err
	}
	return db, update.Before("gorm:save_before_associations").Register("orm:no_associations", omitAssociations)
}

// omitAssociations keeps related objects from being saved along, unless they were selected by name (as GORM's Association
// does).
func omitAssociations(db *gorm.DB) {
	if len(db.Statement.Selects) == 0 {
		db.Statement.Omits = append(db.Statement.Omits, clause.Associations)
	}
}

// Dialect is [SQLite] or [Postgres].
func (db *DB) Dialect() string { return db.dialect }

// Ping asks the database for a sign of life; an error that wraps [ErrUnavailable] when there is none.
func (db *DB) Ping(ctx context.Context) error { return Translate(db.SQL.PingContext(ctx)) }

// Close closes all connections, after those in use have been given back.
func (db *DB) Close() {
	db.replicas.close()
	_ = db.SQL.Close() // nothing can be done about a connection that does not close
	if db.Pool != nil {
		_ = db.lent.Close()
		db.Pool.Close()
	}
}
