package migrate

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// SQLSTATEs.
const (
	insufficientPrivilege = "42501"
	undefinedObject       = "42704" // types and operator classes among them
	undefinedFunction     = "42883" // operators among them
)

// emptySchema is a schema of PostgreSQL's that is rolled back. Statements do not see what stands beside it, so that they
// neither lock nor drop it: DROP INDEX IF EXISTS finds nothing there.
type emptySchema struct {
	tx       *gorm.DB
	paths    searchPaths
	borrowed []string // tables
}

// searchPaths begin with the schema itself.
type searchPaths struct {
	Narrow string // and extensions that have a schema of their own
	Wide   string // and all there was
}

// newEmptySchema makes one that no other process waits for.
func newEmptySchema(ctx context.Context, tx *gorm.DB) (*emptySchema, error) {
	s := &emptySchema{tx: tx}
	if err := tx.Raw(emptySchemaPaths).Scan(&s.paths).Error; err != nil {
		return nil, err
	}
	name, _, _ := strings.Cut(s.paths.Narrow, ",")
	err := s.exec(ctx, "SET LOCAL lock_timeout = '2s'", "CREATE SCHEMA "+name, see(s.paths.Narrow))
	if isState(err, insufficientPrivilege) {
		err = fmt.Errorf("%w; the account needs the right to CREATE in the database", err)
	}
	return s, err
}

// emptySchemaPaths names the schema after the process, and tells apart schemas in which nothing but extensions stands.
const emptySchemaPaths = `
SELECT concat_ws(', ', empty, string_agg(quote_ident(nspname), ', ' ORDER BY at) FILTER (WHERE apart)) AS narrow,
    concat_ws(', ', empty, string_agg(quote_ident(nspname), ', ' ORDER BY at)) AS wide
FROM (SELECT 'quintet_rehearsal_' || pg_backend_pid() AS empty) e
LEFT JOIN (
    SELECT nspname, at, EXISTS (SELECT FROM pg_extension WHERE extnamespace = n.oid) AND NOT EXISTS (
        SELECT FROM pg_class c WHERE relnamespace = n.oid AND relkind IN ('r', 'p', 'f', 'v', 'm') AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE classid = 'pg_class'::regclass AND objid = c.oid AND d.deptype = 'e')) AS apart
    FROM unnest(current_schemas(false)) WITH ORDINALITY path(name, at) JOIN pg_namespace n ON nspname = name
) s ON true
GROUP BY empty`

// describe sees all there is, as names are written out that cannot be seen.
func (s *emptySchema) describe() ([]thing, error) {
	var things []thing
	err := s.seeing(s.tx.Statement.Context, func() (err error) {
		things, err = describe(s.tx, orm.Postgres)
		return err
	})
	return slices.DeleteFunc(things, func(t thing) bool { return slices.Contains(s.borrowed, t.Table) }), err
}

// run leaves out what is about extensions that stand and about the search path: neither belongs to the schema.
func (s *emptySchema) run(ctx context.Context, sql string) error {
	p := parsePhrase(sql)
	if p.is("DROP", "EXTENSION") || p.is("ALTER", "EXTENSION") || p.setsSearchPath() {
		return nil
	}
	if err := s.refuseQualified(p); err != nil {
		return err
	}
	if err := s.borrow(ctx, p); err != nil {
		return err
	}
	sql = strings.ReplaceAll(sql, " CONCURRENTLY ", " ")
	if p.is("CREATE") || p.is("ALTER", "TABLE") {
		return s.make(ctx, sql)
	}
	return s.exec(ctx, sql)
}

func (p phrase) setsSearchPath() bool {
	return (p.is("SET") || p.is("RESET") || p.is("SELECT")) && p.hasAny("search_path", "'search_path'")
}

// refuseQualified refuses relations that are named with a schema, also in texts, as setval takes them: that leads to those that
// are live.
func (s *emptySchema) refuseQualified(p phrase) error {
	for i, w := range p {
		if inner := strings.Trim(w.text, "'"); !w.name && inner != w.text {
			if err := s.refuseQualified(parsePhrase(inner)); err != nil {
				return err
			}
		}
		if len(p)-i < 3 || p[i+1].name || p[i+1].text != "." {
			continue
		}
		schema, _ := p[i : i+1].named()
		relation, _ := p[i+2:].named()
		if err := s.refuseLive(schema, relation); err != nil {
			return err
		}
	}
	return nil
}

func (s *emptySchema) refuseLive(schema, relation string) error {
	var live bool
	const query = `SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
		WHERE nspname = ? AND relname = ? AND nspname NOT IN ('pg_catalog', 'information_schema'))`
	if err := s.tx.Raw(query, schema, relation).Scan(&live).Error; err != nil || !live {
		return err
	}
	return fmt.Errorf("%s.%s is live and cannot be tried; leave out the name of the schema", schema, relation)
}

// borrow copies the live tables that a statement refers to and no step has made.
func (s *emptySchema) borrow(ctx context.Context, p phrase) error {
	for _, table := range p.references() {
		err := s.seeing(ctx, func() error {
			var live bool
			const query = `SELECT EXISTS (SELECT FROM pg_class WHERE oid = to_regclass(?)
				AND relnamespace <> current_schema()::regnamespace AND relkind IN ('r', 'p', 'f', 'v', 'm'))`
			if err := s.tx.Raw(query, quote(table)).Scan(&live).Error; err != nil || !live {
				return err
			}
			s.borrowed = append(s.borrowed, table)
			return s.exec(ctx, fmt.Sprintf("CREATE TABLE %s (LIKE %[1]s INCLUDING INDEXES)", quote(table)))
		})
		if err != nil {
			return fmt.Errorf("copy the live table %s: %w", table, err)
		}
	}
	return nil
}

// references are the tables that a statement refers to, besides the one that it makes.
func (p phrase) references() []string {
	var made string
	if p.is("CREATE", "TABLE") {
		made, _ = p[2:].skip("IF", "NOT", "EXISTS").named()
	}
	var list []string
	for i := range p {
		if !p[i:].is("REFERENCES") && !p[i:].is("LIKE") && !p[i:].is("INHERITS", "(") && !p[i:].is("PARTITION", "OF") {
			continue
		}
		if name, _ := p[i+1:].skip("(").skip("OF").named(); name != "" && name != made {
			list = append(list, name)
		}
	}
	return list
}

// make makes or alters a relation. Types, functions and operator classes may be those beside; the tables have been found by
// then, as PostgreSQL looks for them first.
func (s *emptySchema) make(ctx context.Context, sql string) error {
	err := s.exec(ctx, "SAVEPOINT narrow", sql)
	if isState(err, undefinedObject) || isState(err, undefinedFunction) {
		if err = s.exec(ctx, "ROLLBACK TO narrow"); err == nil {
			err = s.seeing(ctx, func() error { return s.exec(ctx, sql) })
		}
	}
	if err != nil {
		return err
	}
	return s.exec(ctx, "RELEASE narrow")
}

// seeing runs f with all there is in sight.
func (s *emptySchema) seeing(ctx context.Context, f func() error) error {
	if err := s.exec(ctx, see(s.paths.Wide)); err != nil {
		return err
	}
	if err := f(); err != nil {
		return err
	}
	return s.exec(ctx, see(s.paths.Narrow))
}

// see is the statement that sets the search path.
func see(path string) string { return "SET LOCAL search_path = " + path }

func (s *emptySchema) exec(ctx context.Context, statements ...string) error {
	for _, statement := range statements {
		if _, err := s.tx.Statement.ConnPool.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// isState tells whether PostgreSQL refused for a reason, an SQLSTATE.
func isState(err error, code string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code
}
