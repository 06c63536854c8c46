package rowscan

import (
	"bytes"
	"database/sql"
	"encoding/binary"
	"math"
	"reflect"
	"time"
	"unsafe"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/quintet-go/quintet/orm"
)

// decoder reads a value as PostgreSQL sent it into the variable at p; false when it does not know the column's type or
// format, and p is as it was.
type decoder func(r *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool

// assigner puts a driver's value, not nil, into the variable at p; done is false when it does not know the value's type.
type assigner func(src any, p unsafe.Pointer) (done bool, err error)

func decoderFor(t reflect.Type) decoder {
	switch t {
	case reflect.TypeFor[time.Time]():
		return decodeTime
	case reflect.TypeFor[orm.Date]():
		return decodeDate
	case reflect.TypeFor[orm.TimeOfDay]():
		return decodeTimeOfDay
	case reflect.TypeFor[orm.Decimal]():
		return decodeDecimal
	case reflect.TypeFor[orm.JSON]():
		return decodeJSON
	case reflect.TypeFor[uuid.UUID]():
		return decodeUUID
	case reflect.TypeFor[orm.File]():
		return decodeText
	case reflect.TypeFor[[]byte]():
		return decodeBytes
	}
	if scans(t) {
		return nil
	}
	switch sizedKind(t) {
	case reflect.Bool:
		return decodeBool
	case reflect.String:
		return decodeText
	case reflect.Float64:
		return decodeFloat
	case reflect.Int64:
		return decodeInt64
	case reflect.Int32:
		return decodeInt32
	case reflect.Int16:
		return decodeInt16
	}
	return nil
}

// sizedKind is the kind of a type, that of its size for int.
func sizedKind(t reflect.Type) reflect.Kind {
	switch {
	case t.Kind() != reflect.Int:
		return t.Kind()
	case t.Size() == 8:
		return reflect.Int64
	}
	return reflect.Int32
}

// scans tells whether a type reads driver's values by itself.
func scans(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[sql.Scanner]())
}

func decodeBool(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.BoolOID || f.Format != pgtype.BinaryFormatCode || len(raw) != 1 {
		return false
	}
	*(*bool)(p) = raw[0] != 0
	return true
}

func decodeText(r *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	switch f.DataTypeOID {
	case pgtype.VarcharOID, pgtype.TextOID, pgtype.BPCharOID, pgtype.NameOID:
		*(*string)(p) = r.arena.text(raw)
		return true
	}
	return false
}

func decodeFloat(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.Float8OID || f.Format != pgtype.BinaryFormatCode || len(raw) != 8 {
		return false
	}
	*(*float64)(p) = math.Float64frombits(binary.BigEndian.Uint64(raw))
	return true
}

// integer reads a number of any width.
func integer(f *pgconn.FieldDescription, raw []byte) (int64, bool) {
	if f.Format != pgtype.BinaryFormatCode {
		return 0, false
	}
	switch {
	case f.DataTypeOID == pgtype.Int8OID && len(raw) == 8:
		return int64(binary.BigEndian.Uint64(raw)), true
	case f.DataTypeOID == pgtype.Int4OID && len(raw) == 4:
		return int64(int32(binary.BigEndian.Uint32(raw))), true
	case f.DataTypeOID == pgtype.Int2OID && len(raw) == 2:
		return int64(int16(binary.BigEndian.Uint16(raw))), true
	}
	return 0, false
}

func decodeInt64(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	n, ok := integer(f, raw)
	if ok {
		*(*int64)(p) = n
	}
	return ok
}

func decodeInt32(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	n, ok := integer(f, raw)
	if !ok || n != int64(int32(n)) {
		return false
	}
	*(*int32)(p) = int32(n)
	return true
}

func decodeInt16(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	n, ok := integer(f, raw)
	if !ok || n != int64(int16(n)) {
		return false
	}
	*(*int16)(p) = int16(n)
	return true
}

// postgresEpoch is 2000-01-01 in seconds of Unix time.
const postgresEpoch = 946_684_800

// decodeTime reads a moment as UTC; infinities are left to the general way.
func decodeTime(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.TimestamptzOID || f.Format != pgtype.BinaryFormatCode || len(raw) != 8 {
		return false
	}
	micros := int64(binary.BigEndian.Uint64(raw))
	if micros == math.MaxInt64 || micros == math.MinInt64 {
		return false
	}
	seconds, rest := micros/1e6, micros%1e6
	*(*time.Time)(p) = time.Unix(postgresEpoch+seconds, rest*1000).UTC()
	return true
}

// postgresDayZero is 2000-01-01.
var postgresDayZero = orm.DateOf(time.Unix(postgresEpoch, 0).UTC())

// decodeDate leaves infinities, and years that no orm.Date has, to the general way.
func decodeDate(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.DateOID || f.Format != pgtype.BinaryFormatCode || len(raw) != 4 {
		return false
	}
	date, ok := postgresDayZero.AddDays(int(int32(binary.BigEndian.Uint32(raw))))
	if ok {
		*(*orm.Date)(p) = date
	}
	return ok
}

func decodeTimeOfDay(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.TimeOID || f.Format != pgtype.BinaryFormatCode || len(raw) != 8 {
		return false
	}
	micros := int64(binary.BigEndian.Uint64(raw))
	seconds := int(micros / 1e6)
	t, err := orm.NewTimeOfDay(seconds/3600, seconds/60%60, seconds%60, int(micros%1e6))
	if err != nil {
		return false // 24:00 is no time of day
	}
	*(*orm.TimeOfDay)(p) = t
	return true
}

// decodeDecimal reads numbers of up to 18 digits, nearly all there are.
func decodeDecimal(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.NumericOID || f.Format != pgtype.BinaryFormatCode || len(raw) < 8 {
		return false
	}
	groups, weight := int(binary.BigEndian.Uint16(raw)), int(int16(binary.BigEndian.Uint16(raw[2:])))
	sign, scale := binary.BigEndian.Uint16(raw[4:]), int(binary.BigEndian.Uint16(raw[6:]))
	const positive, negative = 0x0000, 0x4000
	if sign != positive && sign != negative || len(raw) != 8+2*groups {
		return false
	}
	// The number is the sum of group[i] · 10000^(weight-i); whole is how many groups stand before the point.
	whole := max(weight+1, 0)
	digits := 4*whole + scale
	if digits > 18 {
		return false
	}
	var n int64
	for i := weight - whole + 1; digits > 0; i, digits = i+1, digits-4 {
		group, unit := int64(0), int64(10_000)
		if i >= 0 && i < groups {
			group = int64(binary.BigEndian.Uint16(raw[8+2*i:]))
		}
		for range 4 - digits { // of the last group, those behind the scale are zeros
			group, unit = group/10, unit/10
		}
		n = n*unit + group
	}
	if sign == negative {
		n = -n
	}
	*(*orm.Decimal)(p) = orm.DecimalOf(n, -scale)
	return true
}

func decodeJSON(r *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	switch {
	case f.DataTypeOID == pgtype.JSONBOID && f.Format == pgtype.BinaryFormatCode && len(raw) > 0 && raw[0] == 1:
		raw = raw[1:] // the version of the format
	case f.DataTypeOID == pgtype.JSONOID, f.DataTypeOID == pgtype.JSONBOID && f.Format == pgtype.TextFormatCode:
	default:
		return false
	}
	*(*orm.JSON)(p) = r.arena.bytes(raw)
	return true
}

func decodeUUID(_ *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.UUIDOID || f.Format != pgtype.BinaryFormatCode || len(raw) != 16 {
		return false
	}
	copy((*uuid.UUID)(p)[:], raw)
	return true
}

func decodeBytes(r *Reader, f *pgconn.FieldDescription, raw []byte, p unsafe.Pointer) bool {
	if f.DataTypeOID != pgtype.ByteaOID || f.Format != pgtype.BinaryFormatCode {
		return false
	}
	*(*[]byte)(p) = r.arena.bytes(raw)
	return true
}

func assignerFor(t reflect.Type) assigner {
	if scans(t) {
		return func(src any, p unsafe.Pointer) (bool, error) {
			return true, reflect.NewAt(t, p).Interface().(sql.Scanner).Scan(src)
		}
	}
	switch t {
	case reflect.TypeFor[time.Time]():
		return assignTime
	case reflect.TypeFor[[]byte]():
		return converted[[]byte]
	}
	return kindAssigners[t.Kind()]
}

var kindAssigners = map[reflect.Kind]assigner{
	reflect.String: converted[string], reflect.Bool: converted[bool], reflect.Float64: converted[float64],
	reflect.Float32: converted[float32], reflect.Int: converted[int], reflect.Int64: converted[int64],
	reflect.Int32: converted[int32], reflect.Int16: converted[int16], reflect.Int8: converted[int8],
	reflect.Uint: converted[uint], reflect.Uint64: converted[uint64], reflect.Uint32: converted[uint32],
	reflect.Uint16: converted[uint16], reflect.Uint8: converted[uint8],
}

// converted assigns a value of the variable's own type, or one that database/sql knows how to convert.
func converted[T any](src any, p unsafe.Pointer) (bool, error) {
	if v, ok := src.(T); ok {
		if own, isBytes := any(v).([]byte); isBytes { // they belong to the driver
			v, _ = any(bytes.Clone(own)).(T)
		}
		*(*T)(p) = v
		return true, nil
	}
	var to sql.Null[T]
	if err := to.Scan(src); err != nil {
		return false, err
	}
	*(*T)(p) = to.V
	return true, nil
}

func assignTime(src any, p unsafe.Pointer) (bool, error) {
	t, ok := src.(time.Time)
	if ok {
		*(*time.Time)(p) = t
	}
	return ok, nil
}
