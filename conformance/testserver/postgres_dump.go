package testserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// fillPostgres loads the fixture into a database that is empty or was filled by this package before. It uses a connection of
// its own, because a dump changes settings of its session.
func fillPostgres(ctx context.Context, url string) error {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	err = loadFixture(ctx, conn)
	return errors.Join(err, conn.Close(ctx))
}

func loadFixture(ctx context.Context, conn *pgx.Conn) error {
	tables, err := column(ctx, conn, `SELECT tablename FROM pg_tables WHERE schemaname = $1`, publicSchema)
	if err != nil {
		return err
	}
	if len(tables) > 0 {
		if err := empty(ctx, conn, tables); err != nil {
			return err
		}
	}
	dump, err := fixture("shop-postgres.sql")
	if err != nil {
		return err
	}
	return loadDump(ctx, conn.PgConn(), string(dump))
}

// empty removes all tables, if they are this package's.
func empty(ctx context.Context, conn *pgx.Conn, tables []string) error {
	if !strings.Contains(" "+strings.Join(tables, " ")+" ", " "+marker+" ") {
		return foreignError{"database " + conn.Config().Database}
	}
	script := fmt.Sprintf("DROP SCHEMA IF EXISTS %s CASCADE; DROP SCHEMA %s CASCADE; CREATE SCHEMA %s", fixtureSchema, publicSchema, publicSchema)
	_, err := conn.PgConn().Exec(ctx, script).ReadAll()
	return err
}

// loadDump runs the text that pg_dump writes: statements, and between them rows after COPY … FROM stdin, ended by \.
func loadDump(ctx context.Context, conn *pgconn.PgConn, dump string) error {
	for rest := dump; rest != ""; {
		statements, copyLine, rows, after := cutCopy(rest)
		if _, err := conn.Exec(ctx, statements).ReadAll(); err != nil {
			return err
		}
		if copyLine != "" {
			if _, err := conn.CopyFrom(ctx, bytes.NewReader([]byte(rows)), copyLine); err != nil {
				return fmt.Errorf("%s: %w", copyLine, err)
			}
		}
		rest = after
	}
	return nil
}

// cutCopy cuts a dump at its first COPY; copyLine is empty when there is none.
func cutCopy(dump string) (statements, copyLine, rows, after string) {
	statements, rest, found := strings.Cut(dump, "\nCOPY ")
	if !found {
		return dump, "", "", ""
	}
	line, rest, _ := strings.Cut(rest, "\n")
	rows, after, found = strings.Cut("\n"+rest, "\n\\.\n")
	if !found { // the dump is cut off: PostgreSQL says what is wrong with the rows
		return statements, "COPY " + line, rows, ""
	}
	return statements, "COPY " + line, strings.TrimPrefix(rows+"\n", "\n"), after
}
