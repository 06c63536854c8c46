package rowscan

import (
	"reflect"
	"time"
	"unsafe"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
)

// liteDecoder reads the i-th value of the current row of SQLite into the variable at p; false when it does not know what
// SQLite keeps there, and p is as it was.
type liteDecoder func(r *Reader, i int, p unsafe.Pointer) bool

func liteDecoderFor(t reflect.Type) liteDecoder {
	switch t {
	case reflect.TypeFor[time.Time]():
		return liteTime
	case reflect.TypeFor[orm.Date]():
		return liteDate
	case reflect.TypeFor[orm.Decimal]():
		return liteDecimal
	case reflect.TypeFor[orm.JSON]():
		return liteJSON
	case reflect.TypeFor[uuid.UUID]():
		return liteUUID
	case reflect.TypeFor[[]byte]():
		return liteBytes
	}
	if scans(t) {
		return nil
	}
	switch sizedKind(t) {
	case reflect.Bool:
		return liteBool
	case reflect.String:
		return liteText
	case reflect.Float64:
		return liteFloat
	case reflect.Int64:
		return liteInt64
	case reflect.Int32:
		return liteInt32
	case reflect.Int16:
		return liteInt16
	}
	return nil
}

func liteBool(r *Reader, i int, p unsafe.Pointer) bool {
	n, ok := r.lite.Int64(i)
	if !ok || n != 0 && n != 1 {
		return false
	}
	*(*bool)(p) = n == 1
	return true
}

func liteText(r *Reader, i int, p unsafe.Pointer) bool {
	text, ok := r.lite.Text(i)
	if ok {
		*(*string)(p) = r.arena.text(text)
	}
	return ok
}

func liteFloat(r *Reader, i int, p unsafe.Pointer) bool {
	f, ok := r.lite.Float64(i)
	if ok {
		*(*float64)(p) = f
	}
	return ok
}

func liteInt64(r *Reader, i int, p unsafe.Pointer) bool {
	n, ok := r.lite.Int64(i)
	if ok {
		*(*int64)(p) = n
	}
	return ok
}

func liteInt32(r *Reader, i int, p unsafe.Pointer) bool {
	n, ok := r.lite.Int64(i)
	if !ok || n != int64(int32(n)) {
		return false
	}
	*(*int32)(p) = int32(n)
	return true
}

func liteInt16(r *Reader, i int, p unsafe.Pointer) bool {
	n, ok := r.lite.Int64(i)
	if !ok || n != int64(int16(n)) {
		return false
	}
	*(*int16)(p) = int16(n)
	return true
}

func liteTime(r *Reader, i int, p unsafe.Pointer) bool {
	t, ok := r.lite.Time(i)
	if ok {
		*(*time.Time)(p) = t
	}
	return ok
}

func liteDate(r *Reader, i int, p unsafe.Pointer) bool {
	t, ok := r.lite.Time(i)
	if !ok || t.Year() < 1 || t.Year() > 9999 {
		return false
	}
	*(*orm.Date)(p) = orm.DateOf(t)
	return true
}

// liteDecimal reads the numbers that SQLite makes of decimals where it can.
func liteDecimal(r *Reader, i int, p unsafe.Pointer) bool {
	if n, ok := r.lite.Int64(i); ok {
		*(*orm.Decimal)(p) = orm.DecimalFromInt(n)
		return true
	}
	f, ok := r.lite.Float64(i)
	if !ok {
		return false
	}
	d, err := orm.DecimalFromFloat(f)
	if err == nil {
		*(*orm.Decimal)(p) = d
	}
	return err == nil
}

func liteJSON(r *Reader, i int, p unsafe.Pointer) bool {
	text, ok := r.lite.Text(i)
	if ok {
		*(*orm.JSON)(p) = r.arena.bytes(text)
	}
	return ok
}

// liteUUID reads the 32 digits that Django stores.
func liteUUID(r *Reader, i int, p unsafe.Pointer) bool {
	text, ok := r.lite.Text(i)
	if !ok {
		return false
	}
	id, err := uuid.ParseBytes(text)
	if err == nil {
		*(*uuid.UUID)(p) = id
	}
	return err == nil
}

func liteBytes(r *Reader, i int, p unsafe.Pointer) bool {
	blob, ok := r.lite.Blob(i)
	if ok {
		*(*[]byte)(p) = r.arena.bytes(blob)
	}
	return ok
}
