package migrate

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
)

// outside returns a connection beside that of the lock, for statements that no transaction may hold, and what gives it back.
func (r *runner) outside(ctx context.Context, lock *gorm.DB) (conn *sql.Conn, release func(), err error) {
	if r.db.Pool != nil && r.db.Pool.Config().MaxConns == 1 {
		return nil, nil, errors.New("it runs outside of a transaction and needs a second connection; allow two (MaxConns)")
	}
	// PostgreSQL keeps the snapshot of a query until the next statement, and indexes wait for old snapshots to go.
	if err := lock.Exec("SET LOCAL statement_timeout = 0").Error; err != nil {
		return nil, nil, err
	}
	if conn, err = r.db.SQL.Conn(ctx); err != nil {
		return nil, nil, err
	}
	release = func() {
		for _, name := range []string{"statement_timeout", "lock_timeout"} {
			_, _ = conn.ExecContext(context.WithoutCancel(ctx), "RESET "+name) // a connection that is gone needs none
		}
		_ = conn.Close()
	}
	if _, err := conn.ExecContext(ctx, "SET statement_timeout = 0"); err != nil { // it takes as long as it takes
		release()
		return nil, nil, err
	}
	return conn, release, nil
}

// letsPass is a connection outside of a transaction on which a statement waits for a table no longer than a time. Those that
// run CONCURRENTLY take as long as they take: nobody stands in line behind them.
type letsPass struct {
	conn     *sql.Conn
	patience time.Duration
}

// ExecContext runs a statement.
func (p *letsPass) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	patience := p.patience
	if strings.Contains(strings.ToUpper(query), "CONCURRENTLY") {
		patience = 0
	}
	if _, err := p.conn.ExecContext(ctx, fmt.Sprintf("SET lock_timeout = %d", patience.Milliseconds())); err != nil {
		return nil, err
	}
	return p.conn.ExecContext(ctx, query, args...)
}

// foreignKeys turns SQLite's foreign keys off, which works only outside of a transaction, and returns what turns them on
// again. A connection that cannot be restored is thrown away.
func foreignKeys(ctx context.Context, conn *gorm.DB, off bool) (restore func() error, err error) {
	if !off {
		return func() error { return nil }, nil
	}
	var on bool
	if err := conn.Raw("PRAGMA foreign_keys").Scan(&on).Error; err != nil || !on {
		return func() error { return nil }, err
	}
	if err := conn.Exec("PRAGMA foreign_keys = OFF").Error; err != nil {
		return nil, fmt.Errorf("turn foreign keys off: %w", err)
	}
	return func() error {
		if _, err := conn.Statement.ConnPool.ExecContext(context.WithoutCancel(ctx), "PRAGMA foreign_keys = ON"); err == nil {
			return nil
		}
		if held, ok := conn.Statement.ConnPool.(*sql.Conn); ok {
			_ = held.Raw(func(any) error { return driver.ErrBadConn }) // the pool opens another one
		}
		return nil
	}, nil
}

// checkForeignKeys makes sure that rows refer to rows after foreign keys were off.
func checkForeignKeys(tx *gorm.DB, m *Migration) error {
	rows, err := tx.Raw("PRAGMA foreign_key_check").Rows()
	if err != nil {
		return fmt.Errorf("migration %s: check the foreign keys: %w", m.File, err)
	}
	defer rows.Close()
	var broken []string
	for rows.Next() && len(broken) < 5 {
		var table, parent string
		var row sql.NullInt64
		var key int
		if err := rows.Scan(&table, &row, &parent, &key); err != nil {
			return fmt.Errorf("migration %s: check the foreign keys: %w", m.File, err)
		}
		broken = append(broken, fmt.Sprintf("row %d of %s refers to a row of %s that is not there", row.Int64, table, parent))
	}
	if err := rows.Err(); err != nil || len(broken) == 0 {
		return err
	}
	return fmt.Errorf("migration %s: %s; nothing of this file was applied: mend the data and run this again", m.File, strings.Join(broken, ", "))
}
