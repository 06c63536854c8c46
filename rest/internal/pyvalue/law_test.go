package pyvalue_test

import (
	"fmt"
	"math/big"
	"net/netip"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

// around puts white space around a text; not the separators 1C to 1F, which no number of Python may have around it.
func around(t *rapid.T, text string) string {
	blanks := rapid.StringOfN(rapid.RuneFrom([]rune(" \t\n\r\v\f\u00a0\u2003\u3000")), 0, 2, -1)
	return blanks.Draw(t, "before") + text + blanks.Draw(t, "after")
}

func TestIntegersReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[-+]?[0-9]{1,30}`).Draw(t, "text")
		want, _ := new(big.Int).SetString(strings.TrimPrefix(text, "+"), 10)
		grouped := strings.ReplaceAll(text, "00", "0_0")
		for _, spelling := range []string{text, grouped, around(t, text), text + ".0", text + ".000"} {
			if n, code := pyvalue.Integer(spelling); code != pyvalue.Accepted || n.Big().Cmp(want) != 0 {
				t.Fatalf("%q: %s, %q; want %s", spelling, n, code, want)
			}
		}
		for _, spelling := range []string{text + "x", "_" + text, text + "_", "- " + text, text + "e0", "0x" + text, text + ".5"} {
			if n, code := pyvalue.Integer(spelling); code == pyvalue.Accepted {
				t.Fatalf("%q was read as %s", spelling, n)
			}
		}
	})
}

func TestFloatsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Float64().Filter(func(f float64) bool { return f-f == 0 }).Draw(t, "f")
		for _, spelling := range []any{want, pyjson.Repr(want), around(t, strconv.FormatFloat(want, 'e', -1, 64)), strings.ToUpper(strconv.FormatFloat(want, 'g', -1, 64))} {
			if got, code := pyvalue.Float(spelling); code != pyvalue.Accepted || got != want {
				t.Fatalf("%q: %v, %q; want %v", spelling, got, code, want)
			}
		}
	})
}

// TestDecimalsKeepTheirDigits: a number that fits the rules is taken in all spellings, exactly; one digit more is refused.
func TestDecimalsKeepTheirDigits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		places, whole := rapid.IntRange(1, 6).Draw(t, "places"), rapid.IntRange(1, 12).Draw(t, "whole")
		rules := pyvalue.DecimalRules{MaxDigits: whole + places, Places: places}
		digits := rapid.StringMatching(fmt.Sprintf(`[1-9][0-9]{%d}\.[0-9]{%d}`, whole-1, places)).Draw(t, "digits")
		text := rapid.SampledFrom([]string{"", "-"}).Draw(t, "sign") + digits
		want := orm.MustDecimal(text)
		for _, spelling := range []string{text, around(t, text), text + "E0", text + "e+0", strings.Replace(text, digits, "0"+digits, 1)} {
			got, code := rules.Parse(spelling)
			if code != pyvalue.Accepted || got.Cmp(want) != 0 || string(rules.Append(nil, got)) != `"`+text+`"` {
				t.Fatalf("%q: %s, %q; want %s", spelling, got, code, want)
			}
		}
		for spelling, want := range map[string]pyvalue.Code{
			text + "1": pyvalue.MaxDigits, "9" + digits: pyvalue.MaxDigits, text + "E1": pyvalue.MaxWholeDigits, "NaN": pyvalue.Invalid,
			"-Infinity": pyvalue.Invalid, text + "x": pyvalue.Invalid, "": pyvalue.Invalid,
		} {
			if got, code := rules.Parse(spelling); code != want {
				t.Fatalf("%q by %d digits, %d places: %s, %q; want %q", spelling, rules.MaxDigits, places, got, code, want)
			}
		}
	})
}

func TestUUIDsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want uuid.UUID
		copy(want[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		for _, format := range []pyvalue.UUIDFormat{pyvalue.UUIDHexVerbose, pyvalue.UUIDHex, pyvalue.UUIDURN} {
			text := strings.Trim(string(pyvalue.AppendUUID(nil, want, format)), `"`)
			for _, spelling := range []string{text, "{" + text + "}", strings.ReplaceAll(text, "-", "")} {
				if got, code := pyvalue.UUID(spelling); code != pyvalue.Accepted || got != want {
					t.Fatalf("%q: %s, %q; want %s", spelling, got, code, want)
				}
			}
			if got, code := pyvalue.UUID(text + "0"); code == pyvalue.Accepted {
				t.Fatalf("%q with a digit more was read as %s", text, got)
			}
		}
		number, _ := new(big.Int).SetString(strings.Trim(string(pyvalue.AppendUUID(nil, want, pyvalue.UUIDInt)), `"`), 10)
		if got, code := pyvalue.UUID(pyjson.NewBig(number)); code != pyvalue.Accepted || got != want {
			t.Fatalf("%s: %s, %q; want %s", number, got, code, want)
		}
	})
}

// moments are times with microseconds, of all years that Python has.
var moments = rapid.Custom(func(t *rapid.T) time.Time {
	seconds := rapid.Int64Range(-62135596800+86400, 253402300799-86400).Draw(t, "seconds")
	return time.Unix(seconds, rapid.Int64Range(0, 999_999).Draw(t, "microseconds")*1000).UTC()
})

func TestMomentsReadBack(t *testing.T) {
	in, err := pyvalue.DateTimeInput()
	if err != nil {
		t.Fatal(err)
	}
	out, err := pyvalue.NewOutputFormat("iso-8601")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		want := moments.Draw(t, "at")
		zone := time.FixedZone("", rapid.IntRange(-14*60, 14*60).Draw(t, "offset")*60)
		text := string(out.AppendDateTime(nil, want.In(zone)))
		text = strings.Trim(text, `"`)
		for _, spelling := range []string{text, strings.Replace(text, "T", " ", 1)} {
			got, code := in.DateTime(spelling, time.UTC)
			if code != pyvalue.Accepted || !got.Equal(want) {
				t.Fatalf("%q: %v, %q; want %v", spelling, got, code, want)
			}
		}
		date := strings.Trim(string(out.AppendDate(nil, orm.DateOf(want))), `"`)
		if got, code := mustInput(t, pyvalue.DateInput).Date(date); code != pyvalue.Accepted || got != orm.DateOf(want) {
			t.Fatalf("%q: %v, %q", date, got, code)
		}
		clock := strings.Trim(string(out.AppendTime(nil, orm.TimeOfDayOf(want))), `"`)
		if got, code := mustInput(t, pyvalue.TimeInput).Time(clock); code != pyvalue.Accepted || got != orm.TimeOfDayOf(want) {
			t.Fatalf("%q: %v, %q", clock, got, code)
		}
	})
}

func mustInput(t *rapid.T, compile func(...string) (pyvalue.InputFormats, error)) pyvalue.InputFormats {
	in, err := compile()
	if err != nil {
		t.Fatal(err)
	}
	return in
}

func TestDurationsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := orm.Duration(rapid.Int64Range(-86399999999999, 86399999999999).Draw(t, "microseconds"))
		span := pyvalue.SpanOf(want)
		for _, text := range []string{span.String(), string(span.AppendISO(nil)), string(span.Append(nil))} {
			text = strings.Trim(text, `"`)
			got, code := pyvalue.Duration(text)
			back, ok := got.Duration()
			if code != pyvalue.Accepted || !ok || back != want || got.Cmp(span) != 0 {
				t.Fatalf("%q: %v, %q; want %d", text, got, code, want)
			}
		}
	})
}

// TestAddressesAgreeWithNetip: both take the same addresses, apart from the zones and leading zeros that Python refuses.
func TestAddressesAgreeWithNetip(t *testing.T) {
	four := rapid.StringMatching(`([0-9]{1,3}\.){3}[0-9]{1,3}`)
	six := rapid.OneOf(
		rapid.StringMatching(`([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}`), rapid.StringMatching(`([0-9a-f]{1,4}:){0,4}:([0-9a-f]{1,4}:){0,2}[0-9a-f]{1,4}`),
		rapid.StringMatching(`[0-9a-f:]{2,12}`), rapid.StringMatching(`::ffff:[0-9]{1,3}\.0\.0\.1`),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := four.Draw(t, "four")
		parsed, err := netip.ParseAddr(text)
		if got := pyvalue.ValidIPv4(text); got != (err == nil && parsed.Is4()) {
			t.Fatalf("%s: %v, netip says %v", text, got, err)
		}
		text = six.Draw(t, "six")
		parsed, err = netip.ParseAddr(text)
		if got, ok := pyvalue.ParseIPv6(text); ok != (err == nil && parsed.Is6()) || ok && got != parsed {
			t.Fatalf("%s: %v, %v, netip says %v", text, got, ok, err)
		}
	})
}

// shade is a named string, as the choices of models are; level and share are named numbers, known a named boolean.
type (
	shade string
	level int8
	share float32
	known bool
)

func TestChoiceTextOfGoTypes(t *testing.T) {
	for _, c := range []struct {
		in   any
		want string
	}{
		{shade("dark"), "dark"},
		{level(-3), "-3"},
		{share(0.5), "0.5"},
		{share(2), "2.0"},
		{known(true), "True"},
		{5, "5"},
		{uint8(5), "5"},
		{nil, "None"},
		{[]any{"a"}, "['a']"},
		{orm.MustDecimal("1.50"), "1.50"},
	} {
		if got := pyvalue.ChoiceText(c.in); got != c.want {
			t.Errorf("%T %v: got %s, want %s", c.in, c.in, got, c.want)
		}
	}
	choices := pyvalue.NewChoices(shade("dark"), level(1))
	for in, want := range map[any]any{"dark": shade("dark"), "1": level(1), shade("dark"): shade("dark")} {
		if got, ok := choices.Find(in); !ok || got != want {
			t.Errorf("Find(%v) = %v, %v; want %v", in, got, ok, want)
		}
	}
	if got, ok := choices.Find("Dark"); ok {
		t.Errorf("another spelling was found: %v", got)
	}
}
