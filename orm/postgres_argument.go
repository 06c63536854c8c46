package orm

import (
	"database/sql/driver"
	"encoding"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// appendPlain appends a value of the types that models mostly have, behind its length, without asking pgx how. done is false
// for what it leaves to pgx; nothing is appended then.
func (a argument) appendPlain(out []byte, value any) (longer []byte, format int16, done bool) {
	switch v := value.(type) {
	case nil:
		return appendNull(out), a.format, true
	case string:
		return appendText(out, v), pgtype.TextFormatCode, true
	case int64:
		return a.appendInteger(out, v)
	case bool:
		return a.appendFixed(out, pgtype.BoolOID, 1, uint64(boolByte(v)))
	case float64:
		return a.appendFixed(out, pgtype.Float8OID, 8, math.Float64bits(v))
	case time.Time:
		return a.appendFixed(out, pgtype.TimestamptzOID, 8, uint64(sincePostgres(v)))
	case uuid.UUID:
		return a.appendUUID(out, v)
	case Decimal:
		return a.appendDecimal(out, v)
	case JSON:
		return a.appendJSON(out, v)
	}
	return a.appendOther(out, value)
}

// appendOther appends pointers to plain values, and texts of types of their own.
func (a argument) appendOther(out []byte, value any) (longer []byte, format int16, done bool) {
	v := reflect.ValueOf(value)
	switch {
	case v.Kind() == reflect.Pointer && v.IsNil() && !speaksWhenNil(v):
		return appendNull(out), a.format, true
	case v.Kind() == reflect.Pointer && plainPointers[v.Type()]:
		return a.appendPlain(out, v.Elem().Interface())
	case v.Kind() == reflect.String && a.isText() && !writesItself(value):
		return appendText(out, v.String()), pgtype.TextFormatCode, true
	}
	return out, 0, false
}

// plainPointers are the nullable types of plain values.
var plainPointers = map[reflect.Type]bool{
	reflect.TypeFor[*string](): true, reflect.TypeFor[*int64](): true, reflect.TypeFor[*bool](): true,
	reflect.TypeFor[*float64](): true, reflect.TypeFor[*time.Time](): true, reflect.TypeFor[*uuid.UUID](): true,
	reflect.TypeFor[*Decimal](): true,
}

// speaksWhenNil tells whether a nil pointer may stand for something else than NULL.
func speaksWhenNil(v reflect.Value) bool {
	if _, valuer := v.Interface().(driver.Valuer); !valuer {
		return false
	}
	_, ofValue := reflect.Zero(v.Type().Elem()).Interface().(driver.Valuer)
	return !ofValue
}

// writesItself tells whether a type says by a method how it is stored.
func writesItself(value any) bool {
	switch value.(type) {
	case driver.Valuer, pgtype.TextValuer, encoding.TextMarshaler, fmt.Stringer:
		return true
	}
	return false
}

func (a argument) isText() bool {
	return a.oid == pgtype.TextOID || a.oid == pgtype.VarcharOID || a.oid == pgtype.BPCharOID
}

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

// sincePostgres are the microseconds since 2000, from which PostgreSQL counts.
func sincePostgres(t time.Time) int64 {
	const epoch = 946684800 // seconds since 1970
	return (t.Unix()-epoch)*1e6 + int64(t.Nanosecond())/1000
}

func appendNull(out []byte) []byte { return append(out, 0xff, 0xff, 0xff, 0xff) }

func appendText(out []byte, text string) []byte {
	return append(binary.BigEndian.AppendUint32(out, uint32(len(text))), text...)
}

// appendFixed appends a number of so many bytes, for a parameter of the type that has them.
func (a argument) appendFixed(out []byte, oid uint32, size int, bits uint64) (longer []byte, format int16, done bool) {
	if a.oid != oid {
		return out, 0, false
	}
	out = binary.BigEndian.AppendUint32(out, uint32(size))
	for shift := 8 * (size - 1); shift >= 0; shift -= 8 {
		out = append(out, byte(bits>>shift))
	}
	return out, pgtype.BinaryFormatCode, true
}

// appendInteger leaves a number that the type does not hold to pgx, which says so.
func (a argument) appendInteger(out []byte, n int64) (longer []byte, format int16, done bool) {
	switch {
	case a.oid == pgtype.Int4OID && int64(int32(n)) == n:
		return a.appendFixed(out, pgtype.Int4OID, 4, uint64(n))
	case a.oid == pgtype.Int2OID && int64(int16(n)) == n:
		return a.appendFixed(out, pgtype.Int2OID, 2, uint64(n))
	}
	return a.appendFixed(out, pgtype.Int8OID, 8, uint64(n))
}

func (a argument) appendUUID(out []byte, id uuid.UUID) (longer []byte, format int16, done bool) {
	if a.oid != pgtype.UUIDOID {
		return out, 0, false
	}
	return append(binary.BigEndian.AppendUint32(out, uint32(len(id))), id[:]...), pgtype.BinaryFormatCode, true
}

func (a argument) appendDecimal(out []byte, d Decimal) (longer []byte, format int16, done bool) {
	if a.oid != pgtype.NumericOID {
		return out, 0, false
	}
	start := len(out)
	out = d.appendPlain(append(out, 0, 0, 0, 0))
	binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start-4))
	return out, pgtype.TextFormatCode, true
}

// appendJSON leaves what is no JSON to pgx, which says so.
func (a argument) appendJSON(out []byte, j JSON) (longer []byte, format int16, done bool) {
	switch {
	case a.oid != pgtype.JSONBOID && a.oid != pgtype.JSONOID:
		return out, 0, false
	case len(j) == 0:
		return appendNull(out), a.format, true
	case !json.Valid(j):
		return out, 0, false
	}
	return append(binary.BigEndian.AppendUint32(out, uint32(len(j))), j...), pgtype.TextFormatCode, true
}
