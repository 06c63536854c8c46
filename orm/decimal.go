package orm

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// maxExponent bounds the exponents of decimals, and with it the memory that writing one out can take.
const maxExponent = apd.MaxExponent

// arithmeticDigits is the precision of Add, Sub and Mul: that of Python's default context.
const arithmeticDigits = 28

// Decimal is an exact decimal number. It keeps its scale ("1.50" is not "1.5") and the sign of zero, as Python's Decimal
// does; infinities and NaN do not exist. The zero value is 0. Values never change; they may be copied and compared with
// [Decimal.Cmp], not with ==.
type Decimal struct{ d apd.Decimal }

// Rounding says where [Decimal.Quantize] rounds to.
type Rounding int

// The ways of rounding; the names are those of Python's decimal module without "ROUND".
const (
	HalfEven   Rounding = iota // to the nearest, ties to the even digit
	HalfUp                     // to the nearest, ties away from zero
	HalfDown                   // to the nearest, ties towards zero
	Up                         // away from zero
	Down                       // towards zero
	Ceiling                    // towards positive infinity
	Floor                      // towards negative infinity
	ZeroFiveUp                 // towards zero, away from zero when the last digit would become 0 or 5
)

// awayFromZero decides whether a quotient is rounded away from zero. half compares what was cut off to one half; lastDigit is
// of the quotient. Something was cut off.
func (r Rounding) awayFromZero(half, lastDigit int, negative bool) bool {
	switch r {
	case HalfUp:
		return half >= 0
	case HalfDown:
		return half > 0
	case Up:
		return true
	case Down:
		return false
	case Ceiling:
		return !negative
	case Floor:
		return negative
	case ZeroFiveUp:
		return lastDigit == 0 || lastDigit == 5
	}
	return half > 0 || half == 0 && lastDigit%2 == 1
}

// ErrDecimal is what the errors of [ParseDecimal] wrap.
var ErrDecimal = errors.New("not a decimal number")

// ParseDecimal reads a number such as "-12.50", ".5", "3." or "1E+3". Blanks, underscores, infinities, NaN and exponents
// beyond 100,000 are refused with an error that wraps [ErrDecimal].
func ParseDecimal(s string) (Decimal, error) {
	if d, ok := parseShort(s); ok {
		return d, nil
	}
	if !decimalGrammar(s) {
		return Decimal{}, fmt.Errorf("%w: %.40q", ErrDecimal, s)
	}
	var d Decimal
	if _, _, err := d.d.SetString(s); err != nil || d.d.Form != apd.Finite {
		return Decimal{}, fmt.Errorf("%w: %.40q", ErrDecimal, s)
	}
	return d, nil
}

// parseShort reads plain numbers of up to 18 digits, nearly all there are.
func parseShort(s string) (Decimal, bool) {
	digits := s
	negative := strings.HasPrefix(s, "-")
	if negative {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 19 {
		return Decimal{}, false
	}
	var coefficient int64
	point := -1
	for i := range len(digits) {
		switch c := digits[i]; {
		case c >= '0' && c <= '9':
			coefficient = coefficient*10 + int64(c-'0')
		case c == '.' && point < 0:
			point = i
		default:
			return Decimal{}, false
		}
	}
	if point < 0 && len(digits) > 18 || point >= 0 && len(digits) == 1 {
		return Decimal{}, false
	}
	var d Decimal
	d.d.Coeff.SetInt64(coefficient)
	d.d.Negative = negative
	if point >= 0 {
		d.d.Exponent = -int32(len(digits) - point - 1)
	}
	return d, true
}

// decimalGrammar tells whether s is [sign] digits [. digits] [E [sign] digits] with a digit on one side of the point.
func decimalGrammar(s string) bool {
	s = trimSign(s)
	whole := leadingDigits(s)
	s = s[whole:]
	fraction := 0
	if strings.HasPrefix(s, ".") {
		fraction = leadingDigits(s[1:])
		s = s[1+fraction:]
	}
	if whole+fraction == 0 {
		return false
	}
	if s == "" {
		return true
	}
	if s[0] != 'e' && s[0] != 'E' {
		return false
	}
	s = trimSign(s[1:])
	return s != "" && leadingDigits(s) == len(s)
}

func trimSign(s string) string {
	if s != "" && (s[0] == '+' || s[0] == '-') {
		return s[1:]
	}
	return s
}

func leadingDigits(s string) int {
	n := 0
	for n < len(s) && s[n] >= '0' && s[n] <= '9' {
		n++
	}
	return n
}

// MustDecimal is [ParseDecimal] for constants in a program; it panics when s is no number.
func MustDecimal(s string) Decimal {
	d, err := ParseDecimal(s)
	if err != nil {
		panic(err)
	}
	return d
}

// DecimalFromInt is n with no decimal places.
func DecimalFromInt(n int64) Decimal { return DecimalOf(n, 0) }

// DecimalOf is coefficient × 10^exponent; see [NewDecimal].
func DecimalOf(coefficient int64, exponent int) Decimal {
	var d Decimal
	d.d.Coeff.SetInt64(coefficient)
	d.d.Negative = coefficient < 0
	d.d.Coeff.Abs(&d.d.Coeff)
	d.d.Exponent = int32(min(max(exponent, -maxExponent), maxExponent))
	return d
}

// NewDecimal is coefficient × 10^exponent. An exponent beyond ±100,000 is cut to that. See [Decimal.Neg] for -0.
func NewDecimal(coefficient *big.Int, exponent int) Decimal {
	var d Decimal
	d.d.Coeff.SetMathBigInt(new(big.Int).Abs(coefficient))
	d.d.Negative = coefficient.Sign() < 0
	d.d.Exponent = int32(min(max(exponent, -maxExponent), maxExponent))
	return d
}

// DecimalFromFloat is the decimal with the fewest digits, 15 at most, that stands for f: what Django makes of a number
// that SQLite stored as a float. Infinities and NaN are errors.
func DecimalFromFloat(f float64) (Decimal, error) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return Decimal{}, fmt.Errorf("%w: %v", ErrDecimal, f)
	}
	if d, ok := fromShortFloat(f); ok {
		return d, nil
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'e', 14, 64), "e")
	mantissa = strings.TrimSuffix(strings.TrimRight(mantissa, "0"), ".")
	d, err := ParseDecimal(mantissa + "e" + exponent)
	if err == nil && d.d.Exponent > 0 {
		d, err = ParseDecimal(d.Plain())
	}
	return d, err
}

// fromShortFloat takes floats that stand for up to 15 digits, 6 of them behind the point, nearly all there are: no two such
// numbers have the same float.
func fromShortFloat(f float64) (Decimal, bool) {
	const unit, mostDigits = 1e6, 1e15
	scaled := math.Round(f * unit)
	if math.Abs(scaled) >= mostDigits || scaled/unit != f {
		return Decimal{}, false
	}
	coefficient, places := int64(math.Abs(scaled)), 6
	for ; places > 0 && coefficient%10 == 0; places-- {
		coefficient /= 10
	}
	d := DecimalOf(coefficient, -places)
	d.d.Negative = math.Signbit(f)
	return d, true
}

// Coefficient is the absolute value of the number's digits, read as one whole number.
func (d Decimal) Coefficient() *big.Int { return d.d.Coeff.MathBigInt() }

// Exponent is the power of ten of the last digit: -2 for "1.50".
func (d Decimal) Exponent() int { return int(d.d.Exponent) }

// Digits is how many digits the coefficient has; 1 for zero.
func (d Decimal) Digits() int { return int(d.d.NumDigits()) }

// Negative tells whether there is a minus sign, which zero can have too.
func (d Decimal) Negative() bool { return d.d.Negative }

// Sign is -1, 0 or 1.
func (d Decimal) Sign() int { return d.d.Sign() }

// IsZero tells whether d is 0 with whatever scale and sign.
func (d Decimal) IsZero() bool { return d.d.IsZero() }

// Cmp is -1, 0 or 1 when d is less than, equal to or greater than e as a number, whatever their scales.
func (d Decimal) Cmp(e Decimal) int { return d.d.Cmp(&e.d) }

// Equal tells whether d and e are the same number: 1.5 and 1.50 are.
func (d Decimal) Equal(e Decimal) bool { return d.Cmp(e) == 0 }

// Add is d + e, rounded half even to 28 digits as by Python's default context. A sum beyond what [ParseDecimal] reads becomes
// the greatest number of 28 digits, one too small for it loses its last digits.
func (d Decimal) Add(e Decimal) Decimal {
	if d.d.Exponent < e.d.Exponent {
		d, e = e, d
	}
	sum := d.signed()
	sum.Mul(sum, powerOfTen(d.Exponent()-e.Exponent()))
	sum.Add(sum, e.signed())
	negative := sum.Sign() < 0 || sum.Sign() == 0 && d.Negative() && e.Negative()
	return rounded(sum.Abs(sum), e.Exponent(), negative)
}

// Sub is d - e, rounded as Add.
func (d Decimal) Sub(e Decimal) Decimal { return d.Add(e.Neg()) }

// Mul is d × e, rounded as Add.
func (d Decimal) Mul(e Decimal) Decimal {
	product := d.Coefficient()
	return rounded(product.Mul(product, e.Coefficient()), d.Exponent()+e.Exponent(), d.Negative() != e.Negative())
}

// signed is the coefficient with the number's sign.
func (d Decimal) signed() *big.Int {
	c := d.Coefficient()
	if d.Negative() {
		c.Neg(c)
	}
	return c
}

// rounded is the result of arithmetic, within its digits and its exponents. The exponent may be any.
func rounded(coefficient *big.Int, exponent int, negative bool) Decimal {
	var result Decimal
	result.d.Coeff.SetMathBigInt(coefficient)
	result.d.Negative = negative
	if more := max(result.Digits()-arithmeticDigits, -maxExponent-exponent); more > 0 {
		exponent += more
		result.d.Coeff.SetMathBigInt(result.cut(more, HalfEven))
	}
	if result.Digits() > arithmeticDigits { // 99…9.9 became 100…0
		exponent++
		result.d.Coeff.SetMathBigInt(result.cut(1, HalfEven))
	}
	if !result.IsZero() && exponent+result.Digits()-1 > maxExponent {
		exponent = maxExponent - arithmeticDigits + 1
		result.d.Coeff.SetMathBigInt(new(big.Int).Sub(powerOfTen(arithmeticDigits), big.NewInt(1)))
	}
	result.d.Exponent = int32(min(exponent, maxExponent))
	return result
}

// Neg is d with the other sign, zero included.
func (d Decimal) Neg() Decimal {
	d.d.Negative = !d.d.Negative
	return d
}

// Quantize is d with exactly that many decimal places; negative ones round to tens, hundreds and so on.
func (d Decimal) Quantize(places int, rounding Rounding) Decimal {
	places = min(max(places, -maxExponent), maxExponent)
	shift := d.Exponent() + places
	if shift == 0 {
		return d
	}
	result := Decimal{}
	result.d.Exponent = int32(-places)
	result.d.Negative = d.d.Negative
	if c, ok := d.shifted(shift); ok {
		result.d.Coeff.SetInt64(c)
		return result
	}
	if shift > 0 {
		c := d.Coefficient()
		result.d.Coeff.SetMathBigInt(c.Mul(c, powerOfTen(shift)))
	} else {
		result.d.Coeff.SetMathBigInt(d.cut(-shift, rounding))
	}
	return result
}

// shifted is the coefficient with up to 9 zeros more, when it is small: nearly always.
func (d Decimal) shifted(zeros int) (int64, bool) {
	const most, mostZeros = 1_000_000_000, 9
	if zeros < 0 || zeros > mostZeros || !d.d.Coeff.IsInt64() || d.d.Coeff.Int64() > most {
		return 0, false
	}
	c := d.d.Coeff.Int64()
	for range zeros {
		c *= 10
	}
	return c, true
}

// cut is the coefficient without its last digits, rounded.
func (d Decimal) cut(digits int, rounding Rounding) *big.Int {
	quotient, half := new(big.Int), -1
	if digits <= d.Digits() {
		power, rest := powerOfTen(digits), new(big.Int)
		quotient.QuoRem(d.Coefficient(), power, rest)
		if rest.Sign() == 0 {
			return quotient
		}
		half = rest.Lsh(rest, 1).Cmp(power)
	} else if d.IsZero() {
		return quotient
	}
	last := int(new(big.Int).Rem(quotient, big.NewInt(10)).Int64())
	if rounding.awayFromZero(half, last, d.d.Negative) {
		quotient.Add(quotient, big.NewInt(1))
	}
	return quotient
}

func powerOfTen(n int) *big.Int { return new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(n)), nil) }

// Fixed is d with exactly that many decimal places, rounded half even, never with an exponent: "12.50".
func (d Decimal) Fixed(places int) string { return string(d.AppendFixed(nil, places)) }

// AppendFixed appends [Decimal.Fixed].
func (d Decimal) AppendFixed(dst []byte, places int) []byte {
	return d.Quantize(places, HalfEven).appendPlain(dst)
}

// Plain writes all digits, never an exponent: "1000" for 1E+3.
func (d Decimal) Plain() string { return string(d.appendPlain(nil)) }

func (d Decimal) appendPlain(dst []byte) []byte {
	if d.d.Coeff.IsInt64() { // nearly always, and without memory of its own
		var buf [20]byte
		if d.d.Negative {
			dst = append(dst, '-')
		}
		return d.appendDigits(dst, strconv.AppendInt(buf[:0], d.d.Coeff.Int64(), 10))
	}
	return d.appendDigits(d.appendSign(dst))
}

// appendDigits appends digits with the point, or the zeros, that the exponent asks for.
func (d Decimal) appendDigits(dst, digits []byte) []byte {
	switch scale := -d.Exponent(); {
	case scale <= 0:
		dst = append(dst, digits...)
		if !d.IsZero() {
			dst = appendZeros(dst, -scale)
		}
		return dst
	case scale < len(digits):
		dst = append(dst, digits[:len(digits)-scale]...)
		dst = append(dst, '.')
		return append(dst, digits[len(digits)-scale:]...)
	default:
		dst = appendZeros(append(dst, '0', '.'), scale-len(digits))
		return append(dst, digits...)
	}
}

func (d Decimal) appendSign(dst []byte) (signed, digits []byte) {
	if d.d.Negative {
		dst = append(dst, '-')
	}
	var buf [40]byte
	return dst, d.d.Coeff.Append(buf[:0], 10)
}

func appendZeros(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, '0')
	}
	return dst
}

// String is Python's str(): as written, with an exponent for very small numbers and for those with a positive one.
func (d Decimal) String() string { return string(d.Append(nil)) }

// Append appends [Decimal.String].
func (d Decimal) Append(dst []byte) []byte {
	const smallest = -6 // numbers below 1e-6 get an exponent
	adjusted := d.Exponent() + d.Digits() - 1
	if d.Exponent() <= 0 && adjusted >= smallest {
		return d.appendPlain(dst)
	}
	dst, digits := d.appendSign(dst)
	dst = append(dst, digits[0])
	if len(digits) > 1 {
		dst = append(append(dst, '.'), digits[1:]...)
	}
	dst = append(dst, 'E')
	if adjusted >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(adjusted), 10)
}

// Float64 is the nearest float.
func (d Decimal) Float64() float64 {
	f, _ := strconv.ParseFloat(d.String(), 64) // out of range gives the infinity that is wanted
	return f
}

// MarshalText writes [Decimal.String].
func (d Decimal) MarshalText() ([]byte, error) { return d.Append(nil), nil }

// UnmarshalText is [ParseDecimal].
func (d *Decimal) UnmarshalText(text []byte) error {
	parsed, err := ParseDecimal(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// UnmarshalJSON takes a JSON string or number; null leaves d alone. JSON is written as a string, as the reference does.
func (d *Decimal) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		return nil
	}
	if len(text) > 1 && text[0] == '"' && text[len(text)-1] == '"' {
		text = text[1 : len(text)-1]
	}
	return d.UnmarshalText(text)
}

// Value is what is bound to a statement: the plain text.
func (d Decimal) Value() (driver.Value, error) { return d.Plain(), nil }

// Scan takes text, and the numbers that SQLite keeps decimals as; their scale is lost: see [Decimal.Quantize].
// Models loaded by GORM from a database of [Open] have their field's scale.
func (d *Decimal) Scan(src any) (err error) {
	switch v := src.(type) {
	case string:
		*d, err = ParseDecimal(v)
	case []byte:
		*d, err = ParseDecimal(string(v))
	case int64:
		*d = DecimalFromInt(v)
	case float64:
		*d, err = DecimalFromFloat(v)
	default:
		err = scanError(src, "orm.Decimal")
	}
	return err
}

// GormDataType names the type for GORM.
func (Decimal) GormDataType() string { return "decimal" }

// GormDBDataType is the column type for GORM's AutoMigrate.
func (Decimal) GormDBDataType(db *gorm.DB, f *schema.Field) string {
	if db.Name() == Postgres && f.Precision > 0 {
		return fmt.Sprintf("numeric(%d,%d)", f.Precision, f.Scale)
	}
	return "decimal"
}

// scanError says that a database value does not fit.
func scanError(src any, into string) error {
	if src == nil {
		return fmt.Errorf("cannot store NULL in %s; declare the field as a pointer, *%s", into, into)
	}
	return fmt.Errorf("cannot store a %T from the database in %s", src, into)
}
