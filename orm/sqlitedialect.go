package orm

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/callbacks"
	"gorm.io/gorm/clause"
	"gorm.io/gorm/logger"
	"gorm.io/gorm/migrator"
	"gorm.io/gorm/schema"
)

// sqliteDialect is GORM's view of SQLite. It reads no schema: that is the migrations' business.
type sqliteDialect struct{ conns *sqliteConns }

func (sqliteDialect) Name() string { return SQLite }

func (d sqliteDialect) Initialize(db *gorm.DB) error {
	db.ConnPool = d.conns
	callbacks.RegisterDefaultCallbacks(db, &callbacks.Config{
		CreateClauses:        []string{"INSERT", "VALUES", "ON CONFLICT", "RETURNING"},
		UpdateClauses:        []string{"UPDATE", "SET", "FROM", "WHERE", "RETURNING"},
		DeleteClauses:        []string{"DELETE", "FROM", "WHERE", "RETURNING"},
		LastInsertIDReversed: true,
	})
	db.ClauseBuilders[lockName] = func(clause.Clause, clause.Builder) {} // see registerLocks
	db.ClauseBuilders["LIMIT"] = buildLimit
	return nil
}

// buildLimit writes LIMIT and OFFSET; SQLite knows no OFFSET alone, and compiles a statement again whenever another LIMIT is
// bound to it.
func buildLimit(c clause.Clause, b clause.Builder) {
	limit, ok := c.Expression.(clause.Limit)
	if !ok {
		return
	}
	most := -1
	if limit.Limit != nil {
		most = *limit.Limit
	}
	if most < 0 && limit.Offset <= 0 {
		return
	}
	_, _ = b.WriteString("LIMIT " + strconv.Itoa(most)) // a strings.Builder inside
	if limit.Offset > 0 {
		_, _ = b.WriteString(" OFFSET ")
		b.AddVar(b, limit.Offset)
	}
}

func (d sqliteDialect) Migrator(db *gorm.DB) gorm.Migrator {
	return sqliteMigrator{migrator.Migrator{Config: migrator.Config{DB: db, Dialector: d, CreateIndexAfterCreateTable: true}}}
}

// sqliteMigrator creates tables for tests and small programs; it changes none.
type sqliteMigrator struct{ migrator.Migrator }

func (m sqliteMigrator) HasTable(value any) bool {
	var n int64
	err := m.RunWithValue(value, func(s *gorm.Statement) error {
		return m.DB.Raw("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?", s.Table).Row().Scan(&n)
	})
	return err == nil && n > 0
}

// DataTypeOf is Django's column type.
func (sqliteDialect) DataTypeOf(f *schema.Field) string {
	if f.IndirectFieldType == reflect.TypeFor[uuid.UUID]() {
		return "char(32)"
	}
	switch f.DataType {
	case schema.Bool:
		return "bool"
	case schema.Int, schema.Uint:
		if f.AutoIncrement {
			return "integer PRIMARY KEY AUTOINCREMENT"
		}
		return "bigint"
	case schema.Float:
		return "real"
	case schema.String:
		if f.Size > 0 {
			return fmt.Sprintf("varchar(%d)", f.Size)
		}
		return "text"
	case schema.Time:
		return "datetime"
	case schema.Bytes:
		return "BLOB"
	}
	return string(f.DataType)
}

func (sqliteDialect) DefaultValueOf(*schema.Field) clause.Expression { return clause.Expr{SQL: "NULL"} }

func (sqliteDialect) BindVarTo(w clause.Writer, _ *gorm.Statement, _ any) { _ = w.WriteByte('?') }

func (sqliteDialect) QuoteTo(w clause.Writer, name string) {
	for i, part := range strings.Split(name, ".") {
		if i > 0 {
			_ = w.WriteByte('.')
		}
		_, _ = w.WriteString(quoteName(strings.Trim(part, "`\"")))
	}
}

// quoteName quotes an identifier as both databases understand it.
func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (sqliteDialect) Explain(query string, args ...any) string {
	return logger.ExplainSQL(query, nil, `'`, args...)
}

func (sqliteDialect) SavePoint(tx *gorm.DB, name string) error {
	return tx.Exec("SAVEPOINT " + quoteName(name)).Error
}

func (sqliteDialect) RollbackTo(tx *gorm.DB, name string) error {
	return tx.Exec("ROLLBACK TO SAVEPOINT " + quoteName(name)).Error
}

var (
	_ gorm.Dialector                     = sqliteDialect{}
	_ gorm.SavePointerDialectorInterface = sqliteDialect{}
)

// registerDecimalScale gives decimals that GORM loads the decimal places of their fields, which SQLite does not keep.
func registerDecimalScale(db *gorm.DB) error {
	var known sync.Map // of *schema.Schema: its decimal fields
	return db.Callback().Query().After("gorm:query").Before("gorm:preload").Register("orm:decimal_scale", func(db *gorm.DB) {
		stmt := db.Statement
		if db.Error != nil || stmt.Schema == nil {
			return
		}
		fields, ok := known.Load(stmt.Schema)
		if !ok {
			fields, _ = known.LoadOrStore(stmt.Schema, decimalFields(stmt.Schema))
		}
		if fields := fields.([]*schema.Field); len(fields) > 0 {
			fixDecimals(stmt.ReflectValue, stmt.Schema.ModelType, fields)
		}
	})
}

func decimalFields(s *schema.Schema) []*schema.Field {
	fields := []*schema.Field{}
	for _, f := range s.Fields {
		if f.IndirectFieldType == reflect.TypeFor[Decimal]() && f.Scale > 0 && f.DBName != "" {
			fields = append(fields, f)
		}
	}
	return fields
}

func fixDecimals(v reflect.Value, model reflect.Type, fields []*schema.Field) {
	v = reflect.Indirect(v)
	switch {
	case !v.IsValid():
	case v.Kind() == reflect.Slice || v.Kind() == reflect.Array:
		for i := range v.Len() {
			fixDecimals(v.Index(i), model, fields)
		}
	case v.Type() == model:
		for _, f := range fields {
			if d := reflect.Indirect(v.FieldByIndex(f.StructField.Index)); d.IsValid() {
				d.Set(reflect.ValueOf(d.Interface().(Decimal).Quantize(f.Scale, HalfEven)))
			}
		}
	}
}
