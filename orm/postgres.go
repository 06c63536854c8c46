package orm

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres"

	"github.com/quintet-go/quintet/socket"
)

// openPostgres opens one pool that pgx, database/sql and GORM share.
func openPostgres(ctx context.Context, config Config) (*DB, error) {
	settings, err := postgresSettings(config)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, settings)
	if err != nil {
		return nil, Translate(err)
	}
	connector := stdlib.GetPoolConnector(pool)
	std := sql.OpenDB(poolConnector{connector, config.ConnectTimeout})
	std.SetMaxIdleConns(0) // the pool keeps them
	conns := &postgresConns{primaryDB: primaryDB{DB: std}, pool: pool, connector: connector, wait: config.ConnectTimeout}
	conns.lent = sql.OpenDB(lender{connector})
	conns.lent.SetMaxIdleConns(0)
	conns.groups = newReadGroups(conns, settings)
	db := &DB{SQL: std, Pool: pool, lent: conns.lent, dialect: Postgres}
	if db.Gorm, err = openGorm(postgres.New(postgres.Config{Conn: conns}), config); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// postgresSettings reads the URL and adds what it does not say.
func postgresSettings(config Config) (*pgxpool.Config, error) {
	settings, err := pgxpool.ParseConfig(config.URL)
	if err != nil {
		return nil, fmt.Errorf("the database URL: %w", err)
	}
	if !strings.Contains(config.URL, "pool_max_conns=") {
		settings.MaxConns = int32(min(config.MaxConns, 1<<15))
	}
	conn := settings.ConnConfig
	conn.Tracer = statementTracer{}
	if conn.ConnectTimeout == 0 {
		conn.ConnectTimeout = config.ConnectTimeout
	}
	if conn.DefaultQueryExecMode != pgx.QueryExecModeCacheDescribe && !strings.Contains(config.URL, "description_cache_capacity=") {
		conn.DescriptionCacheCapacity = seldomDescribed
	}
	setDefault(conn.RuntimeParams, "application_name", "quintet")
	setDefault(conn.RuntimeParams, "intervalstyle", "postgres")
	if config.QueryTimeout > 0 {
		setDefault(conn.RuntimeParams, "statement_timeout", strconv.FormatInt(config.QueryTimeout.Milliseconds(), 10))
	}
	conn.RuntimeParams["timezone"] = "UTC"
	if config.replica {
		conn.RuntimeParams["default_transaction_read_only"] = "on"
	}
	conn.DialFunc = unwatched(conn.DialFunc)
	settings.AfterConnect = prepareConn
	return settings, nil
}

// seldomDescribed is for how many statements a connection has room that are described and not prepared, which only those are
// that ask for it one by one. pgx takes the memory for all of them, 25 kB for its 512, when it connects.
const seldomDescribed = 8

// unwatched makes the connections that dial opens cheaper to read and write.
func unwatched(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if stream, ok := conn.(socket.Stream); ok && err == nil {
			return socket.New(stream), nil
		}
		return conn, err
	}
}

// setDefault sets a parameter that the URL does not.
func setDefault(params map[string]string, name, value string) {
	for given := range params {
		if strings.EqualFold(given, name) {
			return
		}
	}
	params[name] = value
}

// prepareConn makes a new connection ready.
func prepareConn(ctx context.Context, conn *pgx.Conn) error {
	prepareTypes(conn)
	if !canPipeline(conn.Config()) {
		return nil
	}
	results, err := conn.PgConn().Exec(ctx, "SHOW default_transaction_isolation").ReadAll()
	if err != nil {
		return err
	}
	conn.PgConn().CustomData()[groupsKey] = string(results[0].Rows[0][0]) == "read committed"
	return nil
}

// prepareTypes makes times read from the connection UTC (pgx gives the computer's time zone otherwise), and lets PostgreSQL
// write as text what has no binary form that models read, so that it comes as it does through database/sql.
func prepareTypes(conn *pgx.Conn) {
	types := conn.TypeMap()
	types.RegisterType(&pgtype.Type{
		Name: "timestamptz", OID: pgtype.TimestamptzOID, Codec: &pgtype.TimestamptzCodec{ScanLocation: time.UTC},
	})
	for _, t := range textTypes() {
		types.RegisterType(t)
	}
}

// textCodec is a type that is sent and read as text.
type textCodec struct{ pgtype.Codec }

func (textCodec) PreferredFormat() int16 { return pgtype.TextFormatCode }

// textTypes are PostgreSQL's own types but those that are read in their binary form, and lists, whose parameters are sent so.
var textTypes = sync.OnceValue(func() (list []*pgtype.Type) {
	const lastOwn = 5000 // object id
	known := pgtype.NewMap()
	for oid := range uint32(lastOwn) {
		t, ok := known.TypeForOID(oid)
		if !ok || slices.Contains(binaryTypes, oid) || t.Codec.PreferredFormat() == pgtype.TextFormatCode {
			continue
		}
		if _, isList := t.Codec.(*pgtype.ArrayCodec); !isList {
			list = append(list, &pgtype.Type{Name: t.Name, OID: oid, Codec: textCodec{t.Codec}})
		}
	}
	return list
})

var binaryTypes = []uint32{
	pgtype.BoolOID, pgtype.ByteaOID, pgtype.DateOID, pgtype.Float4OID, pgtype.Float8OID, pgtype.Int2OID, pgtype.Int4OID,
	pgtype.Int8OID, pgtype.NumericOID, pgtype.TimeOID, pgtype.TimestampOID, pgtype.TimestamptzOID, pgtype.UUIDOID,
}

// takenKey is where a context holds the connection that a transaction has taken already.
type takenKey struct{}

// lender gives database/sql the connection that a transaction has taken, to use it as GORM does. It is the connector of a
// pool of its own, which keeps nothing: from that of the application, database/sql could give another connection.
type lender struct{ driver.Connector }

// Connect implements driver.Connector.
func (lender) Connect(ctx context.Context) (driver.Conn, error) {
	taken, ok := ctx.Value(takenKey{}).(*stdlib.Conn)
	if !ok {
		return nil, driver.ErrBadConn
	}
	return lent{taken}, nil
}

// lent is a connection that its transaction gives back, whatever database/sql thinks of it.
type lent struct{ *stdlib.Conn }

// Close implements driver.Conn.
func (lent) Close() error { return nil }

// poolConnector gives database/sql connections of the pool, and says ErrUnavailable when there is none in time.
type poolConnector struct {
	driver.Connector
	timeout time.Duration
}

func (c poolConnector) Connect(ctx context.Context) (driver.Conn, error) {
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	conn, err := c.Connector.Connect(limited)
	if err != nil && ctx.Err() == nil {
		return nil, noConnection(err)
	}
	return conn, err
}

// statementTracer tells the context's counters of everything the pool's connections run.
type statementTracer struct{}

func (statementTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	countStatement(ctx, data.SQL)
	return ctx
}

func (statementTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (statementTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (statementTracer) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchQueryData) {
	countStatement(ctx, data.SQL)
}

func (statementTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (statementTracer) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceCopyFromStartData) context.Context {
	countStatement(ctx, "COPY "+data.TableName.Sanitize()+" FROM STDIN")
	return ctx
}

func (statementTracer) TraceCopyFromEnd(context.Context, *pgx.Conn, pgx.TraceCopyFromEndData) {}

var (
	_ pgx.QueryTracer    = statementTracer{}
	_ pgx.BatchTracer    = statementTracer{}
	_ pgx.CopyFromTracer = statementTracer{}
)
