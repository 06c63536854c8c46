package pyvalue_test

import (
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

func TestDecimalAsTheReference(t *testing.T) {
	type row struct {
		Rule string
		written
	}
	rules := map[string]pyvalue.DecimalRules{
		"money":       {MaxDigits: 5, Places: 2},
		"number":      {MaxDigits: 5, Places: 2, Number: true},
		"free":        {Places: -1},
		"whole":       {MaxDigits: 3},
		"places":      {Places: 3},
		"digits":      {MaxDigits: 6, Places: -1},
		"normal":      {MaxDigits: 6, Places: 3, Normalize: true},
		"free_normal": {Places: -1, Normalize: true},
		"up":          {MaxDigits: 6, Places: 2, Rounding: orm.HalfUp},
	}
	for _, c := range referencetest.Rows[row](t, "decimal.json") {
		rule, ok := rules[c.Rule]
		if !ok {
			t.Fatalf("no rule %s", c.Rule)
		}
		d, code := rule.Parse(referencetest.Parse(t, c.In))
		c.check(t, c.Rule, rule.Append(nil, d), code)
	}
}

func TestDecimalRoundingAsTheReference(t *testing.T) {
	type row struct {
		Mode    string
		In, Out []string
	}
	modes := map[string]orm.Rounding{
		"HALF_EVEN": orm.HalfEven, "HALF_UP": orm.HalfUp, "HALF_DOWN": orm.HalfDown, "UP": orm.Up, "DOWN": orm.Down,
		"CEILING": orm.Ceiling, "FLOOR": orm.Floor, "05UP": orm.ZeroFiveUp,
	}
	for _, c := range referencetest.Rows[row](t, "decimal_rounding.json") {
		rule := pyvalue.DecimalRules{MaxDigits: 12, Places: 2, Rounding: modes[c.Mode]}
		for i, in := range c.In {
			if got := string(rule.Append(nil, orm.MustDecimal(in))); got != c.Out[i] {
				t.Errorf("%s by %s: got %s, want %s", in, c.Mode, got, c.Out[i])
			}
		}
	}
}

func TestDurationAsTheReference(t *testing.T) {
	type row struct {
		written
		Iso, Str *string
	}
	for _, c := range referencetest.Rows[row](t, "duration.json") {
		s, code := pyvalue.Duration(referencetest.Parse(t, c.In))
		c.check(t, "duration", append(s.Append([]byte{'"'}), '"'), code)
		if got := string(s.AppendISO(nil)); c.Iso != nil && got != *c.Iso {
			t.Errorf("%s in ISO: got %s, want %s", c.In, got, *c.Iso)
		}
		if got := s.String(); c.Str != nil && got != *c.Str {
			t.Errorf("%s as Python's str: got %s, want %s", c.In, got, *c.Str)
		}
	}
}

func TestSpanOfStoredDurations(t *testing.T) {
	cases := []struct {
		span pyvalue.Span
		d    orm.Duration
		fits bool
	}{
		{pyvalue.Span{}, 0, true},
		{pyvalue.Span{Days: -1, Micros: 86_399_000_000}, -orm.Second, true},
		{pyvalue.Span{Days: 2, Micros: 1}, 2*orm.Day + 1, true},
		{pyvalue.Span{Days: 106_751_991}, 106_751_991 * orm.Day, true},
		{pyvalue.Span{Days: 106_751_992}, 0, false},
		{pyvalue.Span{Days: -999_999_999}, 0, false},
	}
	for _, c := range cases {
		d, ok := c.span.Duration()
		if ok != c.fits || ok && d != c.d {
			t.Errorf("%+v: got %d, %v", c.span, d, ok)
		}
		if back := pyvalue.SpanOf(c.d); c.fits && back != c.span {
			t.Errorf("%d: got %+v, want %+v", c.d, back, c.span)
		}
	}
	if (pyvalue.Span{Days: 1}).Cmp(pyvalue.Span{Days: -1, Micros: 5}) != 1 || (pyvalue.Span{Micros: 1}).Cmp(pyvalue.Span{Micros: 2}) != -1 {
		t.Error("Cmp")
	}
}

func FuzzNumbers(f *testing.F) {
	for _, s := range []string{"1_000", "1.50", "٣e٢", "P1DT1.5S", "-1 02:03:04.5", "inf", "1e400", "3 days 01:02:03"} {
		f.Add(s)
	}
	rules := []pyvalue.DecimalRules{{MaxDigits: 8, Places: 2}, {Places: -1}, {Places: 3}}
	f.Fuzz(func(t *testing.T, s string) {
		for _, rule := range rules {
			d, code := rule.Parse(s)
			if code != pyvalue.Accepted || d.Exponent() > 1000 {
				continue
			}
			again, code := rule.Parse(d.Plain())
			if code != pyvalue.Accepted || !again.Equal(d) {
				t.Fatalf("%q became %s became %s %s", s, d, again, code)
			}
		}
		if span, code := pyvalue.Duration(s); code == pyvalue.Accepted {
			again, code := pyvalue.Duration(string(span.AppendISO(nil)))
			if code != pyvalue.Accepted || again != span {
				t.Fatalf("%q became %s became %s %s", s, span, again, code)
			}
		}
		n, intCode := pyvalue.Integer(s)
		d, code := rules[1].Parse(s)
		if intCode == pyvalue.Accepted && code == pyvalue.Accepted && d.Exponent() <= 0 && n.String() != trimmed(d) {
			t.Fatalf("%q is %s as an integer and %s as a decimal", s, n, d)
		}
		pyvalue.Float(s)
		pyvalue.UUID(s)
	})
}

// trimmed returns the whole part of a decimal as Python writes an integer.
func trimmed(d orm.Decimal) string {
	whole := d.Quantize(0, orm.Down)
	if whole.IsZero() {
		return "0"
	}
	return whole.Plain()
}
