package migrate

import (
	"bytes"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/quintet-go/quintet/orm"
)

// Digest says which rows a table has, whatever their order: their number, and the sum of the hashes of what they mean. Equal
// rows have equal hashes in both databases.
type Digest struct {
	Rows      int64
	high, low uint64
}

// Checksum is the sum in 32 digits.
func (d Digest) Checksum() string { return fmt.Sprintf("%016x%016x", d.high, d.low) }

// add adds a row.
func (d *Digest) add(row []byte) {
	hash := sha256.Sum256(row)
	var carry uint64
	d.low, carry = bits.Add64(d.low, binary.BigEndian.Uint64(hash[8:]), 0)
	d.high, _ = bits.Add64(d.high, binary.BigEndian.Uint64(hash[:]), carry)
	d.Rows++
}

// valueType is how the values of a type go from one database to another.
type valueType struct {
	// read makes the Go value of what either database gives; an error says why it is none of the type.
	read func(raw any, t ColumnType) (any, error)
	// copied is what pgx sends for it by COPY, inserted what database/sql takes; nil means the value itself.
	copied, inserted func(v any) any
	// text appends the one form that equal values have.
	text func(dst []byte, v any) []byte
}

var valueTypes = map[string]valueType{
	"Boolean":      {read: scanned[bool], text: func(dst []byte, v any) []byte { return strconv.AppendBool(dst, v.(bool)) }},
	"Char":         {read: readText, text: appendText},
	"Text":         {read: readText, text: appendText},
	"SmallInteger": {read: scanned[int16], text: appendPrinted},
	"Integer":      {read: scanned[int32], text: appendPrinted},
	"BigInteger":   {read: scanned[int64], text: appendPrinted},
	"Float":        {read: readFloat, text: func(dst []byte, v any) []byte { return appendFloat(dst, v.(float64)) }},
	"Decimal":      {read: readDecimal, copied: numeric, text: appendDecimal},
	"Date":         {read: scanned[orm.Date], copied: func(v any) any { return v.(orm.Date).Time(time.UTC) }, text: appendPrinted},
	"DateTime":     {read: readTime, text: func(dst []byte, v any) []byte { return v.(time.Time).AppendFormat(dst, time.RFC3339Nano) }},
	"Time":         {read: scanned[orm.TimeOfDay], copied: clock, text: appendPrinted},
	"Duration":     {read: scanned[orm.Duration], copied: interval, text: appendPrinted},
	"UUID":         {read: scanned[uuid.UUID], copied: func(v any) any { return pgtype.UUID{Bytes: v.(uuid.UUID), Valid: true} }, text: appendPrinted},
	"JSON": {
		read: readJSON, copied: func(v any) any { return v.(document).source },
		inserted: func(v any) any { return v.(document).stored }, text: func(dst []byte, v any) []byte { return append(dst, v.(document).sorted...) },
	},
	"Binary": {read: scanned[[]byte], text: func(dst []byte, v any) []byte { return append(dst, v.([]byte)...) }},
	"IPAddress": {
		read:     readAddress,
		copied:   func(v any) any { return netip.PrefixFrom(v.(netip.Addr), v.(netip.Addr).BitLen()) },
		inserted: func(v any) any { return v.(netip.Addr).String() }, text: appendPrinted,
	},
}

// scanned reads a value as database/sql does.
func scanned[T any](raw any, t ColumnType) (any, error) {
	var n sql.Null[T]
	if err := n.Scan(raw); err != nil {
		return nil, notOf(raw, t)
	}
	return n.V, nil
}

func notOf(raw any, t ColumnType) error {
	if b, ok := raw.([]byte); ok {
		raw = string(b)
	}
	return fmt.Errorf("%.60q is no %s: correct it", fmt.Sprint(raw), t)
}

func readText(raw any, t ColumnType) (any, error) {
	var n sql.Null[string]
	if err := n.Scan(raw); err != nil {
		return nil, notOf(raw, t)
	}
	limit := 0
	if size := t.arguments(); len(size) == 1 {
		limit = size[0]
	}
	switch {
	case strings.ContainsRune(n.V, 0):
		return nil, errors.New(`it has the character NUL, which PostgreSQL does not store: remove it (replace(…, char(0), ''))`)
	case !utf8.ValidString(n.V):
		return nil, errors.New("it is not UTF-8: write it in UTF-8")
	}
	if err := checkLength(limit, n.V); err != nil {
		return nil, fmt.Errorf("%w: shorten it, or let a migration make the column longer", err)
	}
	return n.V, nil
}

func readFloat(raw any, t ColumnType) (any, error) {
	v, err := scanned[float64](raw, t)
	if err == nil && math.IsNaN(v.(float64)) {
		err = errors.New("it is NaN, which SQLite does not store: give it a number or NULL")
	}
	return v, err
}

func readDecimal(raw any, t ColumnType) (any, error) {
	v, err := scanned[orm.Decimal](raw, t)
	size := t.arguments()
	if err != nil || len(size) != 2 {
		return v, err
	}
	d, places := v.(orm.Decimal), size[1]
	fitting := d.Quantize(places, orm.HalfEven)
	switch {
	case !fitting.Equal(d):
		return nil, fmt.Errorf("%s has more than the %d decimal places of the column: round it (round(…, %[2]d))", d, places)
	case fitting.Digits() > size[0]:
		return nil, fmt.Errorf("%s has more than the %d digits of the column: correct it, or let a migration allow more", d, size[0])
	}
	return fitting, nil
}

func appendDecimal(dst []byte, v any) []byte {
	d := v.(orm.Decimal)
	if d.IsZero() && d.Negative() { // PostgreSQL does not keep the sign
		d = d.Neg()
	}
	return append(dst, d.Plain()...)
}

func numeric(v any) any {
	d := v.(orm.Decimal)
	n := d.Coefficient()
	if d.Negative() {
		n.Neg(n)
	}
	return pgtype.Numeric{Int: n, Exp: int32(d.Exponent()), Valid: true}
}

func readTime(raw any, t ColumnType) (any, error) {
	v, err := scanned[time.Time](raw, t)
	if err != nil {
		return nil, err
	}
	return v.(time.Time).UTC().Truncate(time.Microsecond), nil
}

func clock(v any) any {
	hour, minute, second, micros := v.(orm.TimeOfDay).Parts()
	seconds := int64(hour)*3600 + int64(minute)*60 + int64(second)
	return pgtype.Time{Microseconds: seconds*int64(time.Second/time.Microsecond) + int64(micros), Valid: true}
}

func interval(v any) any {
	days, seconds, micros := v.(orm.Duration).Parts()
	return pgtype.Interval{
		Days: int32(days), Microseconds: int64(seconds)*int64(time.Second/time.Microsecond) + int64(micros), Valid: true,
	}
}

func readAddress(raw any, t ColumnType) (any, error) {
	v, err := scanned[string](raw, t)
	if err != nil {
		return nil, err
	}
	address, err := netip.ParseAddr(v.(string))
	if err != nil || address.Zone() != "" {
		return nil, notOf(raw, t)
	}
	return address, nil
}

// document is a JSON value.
type document struct {
	source string // as it was read
	stored string // as Django stores it in SQLite
	sorted []byte // the one form of its meaning: keys sorted, each once, numbers as plain decimals
}

func readJSON(raw any, t ColumnType) (any, error) {
	v, err := scanned[orm.JSON](raw, t)
	if err != nil {
		return nil, err
	}
	text := v.(orm.JSON)
	stored, err := jsonStyle{ascii: true}.format(nil, text, 0)
	if err != nil {
		return nil, notOf(raw, t)
	}
	var value any
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, notOf(raw, t)
	}
	if bytes.Contains(stored, []byte(`\u0000`)) && hasNUL(value) {
		return nil, errors.New(`a text in it has the character NUL (\u0000), which PostgreSQL does not store: remove it`)
	}
	sorted, err := json.Marshal(plainNumbers(value))
	return document{source: text.String(), stored: string(stored), sorted: sorted}, err
}

// hasNUL tells whether a text in a JSON value has the character NUL.
func hasNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, item := range v {
			if hasNUL(item) {
				return true
			}
		}
	case map[string]any:
		for key, item := range v {
			if hasNUL(key) || hasNUL(item) {
				return true
			}
		}
	}
	return false
}

// plainNumbers writes the numbers of a JSON value in the one form that equal ones have: 1.50 and 15e-1 are 1.5.
func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		return plainNumber(v)
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for key := range v {
			v[key] = plainNumbers(v[key])
		}
	}
	return v
}

func plainNumber(n json.Number) json.Number {
	d, err := orm.ParseDecimal(n.String())
	if err != nil {
		return n // beyond what PostgreSQL stores
	}
	text := d.Plain()
	if strings.Contains(text, ".") {
		text = strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
	}
	if d.IsZero() {
		text = "0"
	}
	return json.Number(text)
}

func appendText(dst []byte, v any) []byte { return append(dst, v.(string)...) }

func appendPrinted(dst []byte, v any) []byte { return fmt.Append(dst, v) }
