package pyvalue

import (
	"bytes"
	"math/big"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// contextDigits is how many digits Python's decimals have where no other number is given.
const contextDigits = 28

// DecimalRules are the arguments of a decimal field.
type DecimalRules struct {
	MaxDigits int          // digits in all; 0 means any number
	Places    int          // digits after the point; -1 means any number, kept as written
	Rounding  orm.Rounding // for output; the zero value rounds half even
	Normalize bool         // output without zeros at the end
	Number    bool         // output as a JSON number instead of text
}

// Parse reads a decimal field: numbers (a float through its shortest text) and text as Python's Decimal takes it.
// The codes MaxDigits, MaxPlaces and MaxWholeDigits are found in this order. The result has exactly Places places.
func (r DecimalRules) Parse(v any) (orm.Decimal, Code) {
	s := Trim(pyjson.Str(v))
	if len(s) > MaxNumberLength && pyjson.Length(s) > MaxNumberLength {
		return orm.Decimal{}, TooLong
	}
	s = strings.ReplaceAll(asciiDigits(s), "_", "")
	if !numeral(s) {
		return orm.Decimal{}, Invalid
	}
	d, err := orm.ParseDecimal(strings.TrimPrefix(s, "+"))
	if err != nil {
		return orm.Decimal{}, Invalid
	}
	if code := r.precision(d); code != Accepted {
		return orm.Decimal{}, code
	}
	return r.fit(d)
}

// precision counts the digits as they were written.
func (r DecimalRules) precision(d orm.Decimal) Code {
	total, places := d.Digits(), 0
	switch exp := d.Exponent(); {
	case exp >= 0:
		total += exp
	case total > -exp:
		places = -exp
	default:
		total, places = -exp, -exp
	}
	switch {
	case r.MaxDigits > 0 && total > r.MaxDigits:
		return MaxDigits
	case r.Places >= 0 && places > r.Places:
		return MaxPlaces
	case r.MaxDigits > 0 && r.Places >= 0 && total-places > r.MaxDigits-r.Places:
		return MaxWholeDigits
	}
	return Accepted
}

// fit gives d its places; a number with too many digits for that is invalid.
func (r DecimalRules) fit(d orm.Decimal) (orm.Decimal, Code) {
	if r.Places < 0 {
		return d, Accepted
	}
	limit := contextDigits
	if r.MaxDigits > 0 {
		limit = r.MaxDigits
	}
	if d.IsZero() {
		return zero(d, r.Places), Accepted
	}
	if d.Digits()+d.Exponent()+r.Places > limit {
		return orm.Decimal{}, Invalid
	}
	return d.Quantize(r.Places, r.Rounding), Accepted
}

// zero returns 0 with that many places and the sign of d.
func zero(d orm.Decimal, places int) orm.Decimal {
	z := orm.NewDecimal(new(big.Int), -places)
	if d.Negative() {
		return z.Neg()
	}
	return z
}

// Append appends d as a JSON value.
func (r DecimalRules) Append(dst []byte, d orm.Decimal) []byte {
	if r.Places >= 0 {
		d = d.Quantize(r.Places, r.Rounding)
	}
	if r.Number {
		return pyjson.AppendFloat(dst, d.Float64())
	}
	if r.Normalize && d.Digits() > contextDigits {
		d = d.Quantize(contextDigits-d.Digits()-d.Exponent(), orm.HalfEven)
	}
	start := len(dst) + 1
	dst = d.AppendFixed(append(dst, '"'), max(0, -d.Exponent()))
	if r.Normalize {
		dst = dst[:start+normalLength(dst[start:])]
	}
	return append(dst, '"')
}

// normalLength returns the length of a plain numeral without the zeros behind its point.
func normalLength(plain []byte) int {
	n := len(plain)
	if bytes.IndexByte(plain, '.') < 0 {
		return n
	}
	for plain[n-1] == '0' {
		n--
	}
	if plain[n-1] == '.' {
		n--
	}
	return n
}
