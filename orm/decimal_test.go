package orm_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"os"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

// TestDecimalIsPythons replays what Python's decimal module made of the same operations.
func TestDecimalIsPythons(t *testing.T) {
	text, err := os.ReadFile("testdata/decimal.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		row := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		op, a, b, want := row[0], row[1], row[2], row[3]
		if got := compute(t, op, orm.MustDecimal(a), b); got != want {
			t.Errorf("%s %s %s = %s, want %s", op, a, b, got, want)
		}
	}
}

func compute(t *testing.T, op string, a orm.Decimal, b string) string {
	t.Helper()
	if mode, ok := strings.CutPrefix(op, "quantize"); ok {
		rounding, err := strconv.Atoi(mode)
		if err != nil {
			t.Fatal(err)
		}
		places, err := strconv.Atoi(b)
		if err != nil {
			t.Fatal(err)
		}
		return a.Quantize(places, orm.Rounding(rounding)).String()
	}
	switch op {
	case "str":
		return a.String()
	case "plain":
		return a.Plain()
	case "add":
		return a.Add(orm.MustDecimal(b)).String()
	case "sub":
		return a.Sub(orm.MustDecimal(b)).String()
	case "mul":
		return a.Mul(orm.MustDecimal(b)).String()
	case "cmp":
		return strconv.Itoa(a.Cmp(orm.MustDecimal(b)))
	}
	t.Fatalf("unknown operation %q", op)
	return ""
}

func TestParseDecimalRefuses(t *testing.T) {
	for _, s := range []string{
		"", "-", "+", ".", "-.", "1..2", "1.2.3", " 1", "1 ", "1_000", "NaN", "Infinity", "-inf", "sNaN1", "1e", "e5", "1e+", "0x10", "１",
		"1e100001", "1e999999999999", "--1", "1-", "1e5.0",
	} {
		if d, err := orm.ParseDecimal(s); !errors.Is(err, orm.ErrDecimal) {
			t.Errorf("ParseDecimal(%q) = %v, %v; want ErrDecimal", s, d, err)
		}
	}
}

func TestDecimalFixed(t *testing.T) {
	for _, c := range []struct {
		in     string
		places int
		want   string
	}{
		{"10.5", 2, "10.50"},
		{"1E+3", 2, "1000.00"},
		{"-0", 2, "-0.00"},
		{"0.005", 2, "0.00"},
		{"0.015", 2, "0.02"},
		{"-0.004", 2, "-0.00"},
		{"12", 0, "12"},
		{"0.000001", 7, "0.0000010"},
		{"1234.5", -2, "1200"},
	} {
		if got := orm.MustDecimal(c.in).Fixed(c.places); got != c.want {
			t.Errorf("%s.Fixed(%d) = %q, want %q", c.in, c.places, got, c.want)
		}
	}
}

// TestDecimalFromFloat has what Django makes of SQLite's numbers, fifteen digits at most.
func TestDecimalFromFloat(t *testing.T) {
	for f, want := range map[float64]string{
		10.5: "10.5", 0.1: "0.1", 1.0 / 3: "0.333333333333333", 2.675: "2.675", 1e22: "10000000000000000000000",
		1e-7: "1E-7", 123456789.125: "123456789.125", 0: "0", 99999999.99: "99999999.99", 1e15: "1000000000000000", -19.99: "-19.99",
	} {
		if got, err := orm.DecimalFromFloat(f); err != nil || got.String() != want {
			t.Errorf("DecimalFromFloat(%v) = %v, %v; want %s", f, got, err, want)
		}
	}
	for _, f := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, err := orm.DecimalFromFloat(f); !errors.Is(err, orm.ErrDecimal) {
			t.Errorf("DecimalFromFloat(%v): %v, want ErrDecimal", f, err)
		}
	}
}

func TestDecimalParts(t *testing.T) {
	d := orm.MustDecimal("-12.50")
	if d.Coefficient().Cmp(big.NewInt(1250)) != 0 || d.Exponent() != -2 || d.Digits() != 4 || !d.Negative() || d.Sign() != -1 || d.IsZero() {
		t.Errorf("the parts of %v are wrong: %v %v %v %v", d, d.Coefficient(), d.Exponent(), d.Digits(), d.Negative())
	}
	if got := orm.NewDecimal(big.NewInt(-1250), -2).String(); got != "-12.50" {
		t.Errorf("NewDecimal gives %s", got)
	}
	if got := (orm.Decimal{}).String(); got != "0" {
		t.Errorf("the zero value is %q", got)
	}
	if got := orm.DecimalFromInt(-7).Neg().String(); got != "7" {
		t.Errorf("Neg gives %s", got)
	}
	if got := orm.MustDecimal("2.5").Float64(); got != 2.5 {
		t.Errorf("Float64 gives %v", got)
	}
	if !orm.MustDecimal("1.5").Equal(orm.MustDecimal("1.50")) || orm.MustDecimal("1.5").Equal(orm.MustDecimal("1.51")) {
		t.Error("Equal is not numeric")
	}
}

func TestDecimalsNeverChange(t *testing.T) {
	big := orm.MustDecimal("123456789012345678901234567890123456789012345678901234567890.5")
	other := big
	_ = other.Add(orm.MustDecimal("1")).Neg()
	_ = big.Quantize(0, orm.Up)
	if big.String() != "123456789012345678901234567890123456789012345678901234567890.5" || !other.Equal(big) {
		t.Errorf("arithmetic changed its operand to %v", big)
	}
}

func TestDecimalScan(t *testing.T) {
	for _, c := range []struct {
		src  any
		want string
	}{{"12.50", "12.50"}, {[]byte("1E+2"), "1E+2"}, {int64(7), "7"}, {float64(7.25), "7.25"}} {
		var d orm.Decimal
		if err := d.Scan(c.src); err != nil || d.String() != c.want {
			t.Errorf("Scan(%T %v) = %v, %v; want %s", c.src, c.src, d, err, c.want)
		}
	}
	for _, src := range []any{nil, "x", true, []byte("NaN"), math.NaN()} {
		if err := new(orm.Decimal).Scan(src); err == nil {
			t.Errorf("Scan(%v) has no error", src)
		}
	}
	if err := new(orm.Decimal).Scan(nil); !strings.Contains(err.Error(), "*orm.Decimal") {
		t.Errorf("the error of NULL does not say how to mend it: %v", err)
	}
}

func TestDecimalJSON(t *testing.T) {
	var got struct{ A, B, C orm.Decimal }
	if err := json.Unmarshal([]byte(`{"A": "1.50", "B": 2.50, "C": null}`), &got); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(got)
	if err != nil || string(text) != `{"A":"1.50","B":"2.50","C":"0"}` {
		t.Errorf("JSON is %s, %v", text, err)
	}
	if err := json.Unmarshal([]byte(`{"A": "1,5"}`), &got); !errors.Is(err, orm.ErrDecimal) {
		t.Errorf("a wrong number gives %v", err)
	}
}

func TestDecimalTextComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coefficient := new(big.Int).SetBytes(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "coefficient"))
		d := orm.NewDecimal(coefficient, rapid.IntRange(-60, 60).Draw(t, "exponent"))
		for _, text := range []string{d.String(), d.Neg().String(), d.Plain()} {
			back, err := orm.ParseDecimal(text)
			if err != nil || !back.Equal(d) && !back.Neg().Equal(d) {
				t.Fatalf("%s comes back as %v, %v", text, back, err)
			}
		}
		if back, err := orm.ParseDecimal(d.String()); err != nil || back.Exponent() != d.Exponent() {
			t.Fatalf("%v loses its scale: %v", d, err)
		}
	})
}

func FuzzParseDecimal(f *testing.F) {
	for _, s := range []string{"0", "-0.00", "1E+3", ".5", "3.", "1e-10", "12345678901234567890.1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := orm.ParseDecimal(s)
		if err != nil {
			return
		}
		back, err := orm.ParseDecimal(d.String())
		if err != nil || !back.Equal(d) || back.Exponent() != d.Exponent() || back.Negative() != d.Negative() {
			t.Errorf("%q is %v, which comes back as %v, %v", s, d, back, err)
		}
	})
}
