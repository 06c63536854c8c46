package orm_test

import (
	"math/big"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

// drawDecimal makes decimals of up to 40 digits, among them zeros of both signs.
func drawDecimal(t *rapid.T, name string) orm.Decimal {
	coefficient := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 16).Draw(t, name))
	d := orm.NewDecimal(coefficient, rapid.IntRange(-20, 20).Draw(t, name+" exponent"))
	if rapid.Bool().Draw(t, name+" negative") {
		return d.Neg()
	}
	return d
}

// rat is the exact value.
func rat(d orm.Decimal) *big.Rat {
	value := new(big.Rat).SetInt(d.Coefficient())
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(d.Exponent(), -d.Exponent()))), nil))
	if d.Exponent() < 0 {
		power.Inv(power)
	}
	value.Mul(value, power)
	if d.Negative() {
		value.Neg(value)
	}
	return value
}

// distance is |d - exact| in units of d's last digit.
func distance(d orm.Decimal, exact *big.Rat) *big.Rat {
	unit := rat(orm.NewDecimal(big.NewInt(1), d.Exponent()))
	off := new(big.Rat).Sub(rat(d), exact)
	return off.Quo(off.Abs(off), unit)
}

// TestDecimalArithmeticIsThatOfFractions compares with exact fractions: a result is the nearest of 28 digits, and exact where
// it needs no more.
func TestDecimalArithmeticIsThatOfFractions(t *testing.T) {
	half := big.NewRat(1, 2)
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDecimal(t, "a"), drawDecimal(t, "b")
		for _, c := range []struct {
			name   string
			result orm.Decimal
			exact  *big.Rat
			scale  int
		}{
			{"+", a.Add(b), new(big.Rat).Add(rat(a), rat(b)), min(a.Exponent(), b.Exponent())},
			{"-", a.Sub(b), new(big.Rat).Sub(rat(a), rat(b)), min(a.Exponent(), b.Exponent())},
			{"×", a.Mul(b), new(big.Rat).Mul(rat(a), rat(b)), a.Exponent() + b.Exponent()},
		} {
			off := distance(c.result, c.exact)
			switch {
			case c.result.Digits() > 28:
				t.Fatalf("%v %s %v has %d digits", a, c.name, b, c.result.Digits())
			case c.result.Exponent() == c.scale && off.Sign() != 0:
				t.Fatalf("%v %s %v = %v is not exact though it fits", a, c.name, b, c.result)
			case c.result.Exponent() != c.scale && c.result.Digits() != 28:
				t.Fatalf("%v %s %v = %v was rounded to %d digits", a, c.name, b, c.result, c.result.Digits())
			case off.Cmp(half) > 0:
				t.Fatalf("%v %s %v = %v is off by %s of a unit", a, c.name, b, c.result, off.FloatString(3))
			case off.Cmp(half) == 0 && c.result.Coefficient().Bit(0) == 1:
				t.Fatalf("%v %s %v = %v: a tie went to the odd digit", a, c.name, b, c.result)
			}
		}
	})
}

func TestDecimalLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := drawDecimal(t, "a"), drawDecimal(t, "b")
		for name, holds := range map[string]bool{
			"a + b = b + a":        same(a.Add(b), b.Add(a)),
			"a × b = b × a":        same(a.Mul(b), b.Mul(a)),
			"a - b = -(b - a)":     a.Sub(b).Equal(b.Sub(a).Neg()),
			"--a = a":              same(a.Neg().Neg(), a),
			"a - a = 0":            a.Sub(a).IsZero(),
			"a <=> b is rational":  a.Cmp(b) == rat(a).Cmp(rat(b)),
			"a <=> b = -(b <=> a)": a.Cmp(b) == -b.Cmp(a),
			"a.Sign = a <=> 0":     a.Sign() == a.Cmp(orm.Decimal{}),
			"Plain is the number":  orm.MustDecimal(a.Plain()).Equal(a),
			"Scan of Value":        comesBack(t, a),
		} {
			if !holds {
				t.Errorf("%s does not hold for %v and %v", name, a, b)
			}
		}
	})
}

// same tells whether even scale and sign agree.
func same(a, b orm.Decimal) bool { return a.String() == b.String() }

func comesBack(t *rapid.T, d orm.Decimal) bool {
	stored, err := d.Value()
	if err != nil {
		t.Fatal(err)
	}
	var back orm.Decimal
	return back.Scan(stored) == nil && back.Equal(d)
}

// TestQuantizeRoundsWhereItSays checks each rounding against the exact value: the result is a neighbour, and which one follows
// from the definition.
func TestQuantizeRoundsWhereItSays(t *testing.T) {
	half := big.NewRat(1, 2)
	towards := map[orm.Rounding]func(q, exact *big.Rat) bool{
		orm.Down:    func(q, exact *big.Rat) bool { return new(big.Rat).Abs(q).Cmp(new(big.Rat).Abs(exact)) <= 0 },
		orm.Up:      func(q, exact *big.Rat) bool { return new(big.Rat).Abs(q).Cmp(new(big.Rat).Abs(exact)) >= 0 },
		orm.Floor:   func(q, exact *big.Rat) bool { return q.Cmp(exact) <= 0 },
		orm.Ceiling: func(q, exact *big.Rat) bool { return q.Cmp(exact) >= 0 },
	}
	rapid.Check(t, func(t *rapid.T) {
		d := drawDecimal(t, "d")
		places := rapid.IntRange(-25, 25).Draw(t, "places")
		rounding := orm.Rounding(rapid.IntRange(int(orm.HalfEven), int(orm.ZeroFiveUp)).Draw(t, "rounding"))
		q := d.Quantize(places, rounding)
		off := distance(q, rat(d))
		odd := q.Coefficient().Bit(0) == 1
		away := new(big.Rat).Abs(rat(q)).Cmp(new(big.Rat).Abs(rat(d))) > 0
		last := new(big.Int).Rem(q.Coefficient(), big.NewInt(10)).Int64()
		tie := off.Cmp(half) == 0
		switch {
		case q.Exponent() != -places:
			t.Fatalf("%v.Quantize(%d) = %v has other places", d, places, q)
		case off.Cmp(big.NewRat(1, 1)) >= 0:
			t.Fatalf("%v.Quantize(%d, %d) = %v is no neighbour", d, places, rounding, q)
		case towards[rounding] != nil && !towards[rounding](rat(q), rat(d)):
			t.Fatalf("%v.Quantize(%d, %d) = %v went the other way", d, places, rounding, q)
		case rounding <= orm.HalfDown && off.Cmp(half) > 0:
			t.Fatalf("%v.Quantize(%d, %d) = %v is not the nearest", d, places, rounding, q)
		case tie && (rounding == orm.HalfEven && odd || rounding == orm.HalfUp && !away || rounding == orm.HalfDown && away):
			t.Fatalf("%v.Quantize(%d, %d) = %v: wrong way out of a tie", d, places, rounding, q)
		case rounding == orm.ZeroFiveUp && off.Sign() != 0 && (last == 0 || last == 5):
			t.Fatalf("%v.Quantize(%d, ZeroFiveUp) = %v ends in %d", d, places, q, last)
		case q.Negative() != d.Negative():
			t.Fatalf("%v.Quantize(%d) = %v changed its sign", d, places, q)
		}
		if again := q.Quantize(places, rounding); !same(again, q) {
			t.Fatalf("%v becomes %v when quantized again", q, again)
		}
	})
}

// TestDecimalArithmeticAtTheFarEnds has exponents that cannot be aligned, and results that no decimal can be.
func TestDecimalArithmeticAtTheFarEnds(t *testing.T) {
	nines := strings.Repeat("9", 27)
	greatest, least := "9."+nines+"E+100000", "1E-100000"
	for _, c := range []struct{ a, op, b, want string }{
		{"1E+100000", "add", "1E-100000", "1.000000000000000000000000000E+100000"},
		{"1E-100000", "add", "1E+100000", "1.000000000000000000000000000E+100000"},
		{"1", "add", least, "1.000000000000000000000000000"},
		{"1", "sub", least, "1.000000000000000000000000000"},
		{"0E-100000", "add", "1E+100000", "1.000000000000000000000000000E+100000"},
		{"9E+100000", "add", "9E+100000", greatest},
		{"-9E+100000", "sub", "9E+100000", "-" + greatest},
		{"1E+100000", "mul", "1E+100000", greatest},
		{"-1E+60000", "mul", "1E+60000", "-" + greatest},
		{"1E-60000", "mul", "1E-60000", "0E-100000"},
		{"-1E-60000", "mul", "1E-60000", "-0E-100000"},
		{"6E-50000", "mul", "1E-50001", "1E-100000"},
		{"5E-50000", "mul", "1E-50001", "0E-100000"},
		{"0E+100000", "mul", "0E+100000", "0E+100000"},
		{"1E+100000", "mul", least, "1"},
		{"9999999999999999999999999999", "add", "0.5", "1.000000000000000000000000000E+28"},
		{"-9999999999999999999999999999", "sub", "0.6", "-1.000000000000000000000000000E+28"},
		{greatest, "add", "1E+100000", greatest},
		{greatest, "sub", greatest, "0E+99973"},
	} {
		if got := compute(t, c.op, orm.MustDecimal(c.a), c.b); got != c.want {
			t.Errorf("%s %s %s = %.60s, want %.60s", c.op, c.a, c.b, got, c.want)
		} else if _, err := orm.ParseDecimal(got); err != nil {
			t.Errorf("%s %s %s gives what cannot be read: %v", c.op, c.a, c.b, err)
		}
	}
}

func TestNewDecimalCutsExponents(t *testing.T) {
	for exponent, want := range map[int]int{100_000: 100_000, 100_001: 100_000, 1 << 40: 100_000, -100_001: -100_000, -(1 << 40): -100_000, 7: 7} {
		if got := orm.NewDecimal(big.NewInt(3), exponent); got.Exponent() != want || got.Sign() != 1 {
			t.Errorf("an exponent of %d becomes %d", exponent, got.Exponent())
		}
	}
}

func TestQuantizeBounds(t *testing.T) {
	for _, c := range []struct {
		places int
		want   int
	}{{1 << 40, -100_000}, {-(1 << 40), 100_000}} {
		if got := orm.MustDecimal("1.5").Quantize(c.places, orm.HalfEven); got.Exponent() != c.want {
			t.Errorf("%d places give the exponent %d", c.places, got.Exponent())
		}
	}
}

func TestMustDecimalPanics(t *testing.T) {
	defer func() {
		if err, _ := recover().(error); err == nil || !strings.Contains(err.Error(), `not a decimal number: "1,5"`) {
			t.Errorf("it panics with %v", err)
		}
	}()
	orm.MustDecimal("1,5")
}
