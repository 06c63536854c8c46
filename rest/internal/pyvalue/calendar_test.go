package pyvalue_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones of the recordings, on every machine

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
	"github.com/quintet-go/quintet/rest/internal/referencetest"
)

// written is what the reference answered: a rendered value or a code. Crash means that it failed with an exception
// nobody caught, which is a refusal here.
type written struct{ In, Out, Code, Crash string }

func (w written) check(t *testing.T, what string, got []byte, code pyvalue.Code) {
	t.Helper()
	switch {
	case w.Crash != "":
		if code == pyvalue.Accepted {
			t.Errorf("%s of %s: got %s, want a refusal", what, w.In, got)
		}
	case string(code) != w.Code:
		t.Errorf("%s of %s: got code %q (%s), want %q %s", what, w.In, code, got, w.Code, w.Out)
	case code == pyvalue.Accepted && string(got) != w.Out:
		t.Errorf("%s of %s: got %s, want %s", what, w.In, got, w.Out)
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestDateAsTheReference(t *testing.T) {
	in := must[pyvalue.InputFormats](t)(pyvalue.DateInput())
	for _, c := range referencetest.Rows[written](t, "date.json") {
		d, code := in.Date(referencetest.Parse(t, c.In))
		c.check(t, "date", pyvalue.OutputFormat{}.AppendDate(nil, d), code)
	}
}

func TestTimeAsTheReference(t *testing.T) {
	in := must[pyvalue.InputFormats](t)(pyvalue.TimeInput())
	for _, c := range referencetest.Rows[written](t, "time.json") {
		d, code := in.Time(referencetest.Parse(t, c.In))
		c.check(t, "time", pyvalue.OutputFormat{}.AppendTime(nil, d), code)
	}
}

func TestDateTimeAsTheReference(t *testing.T) {
	type row struct {
		Zone string
		written
	}
	in := must[pyvalue.InputFormats](t)(pyvalue.DateTimeInput())
	skipped := 0
	for _, c := range referencetest.Rows[row](t, "datetime.json") {
		zone := must[*time.Location](t)(time.LoadLocation(c.Zone))
		at, code := in.DateTime(referencetest.Parse(t, c.In), zone)
		// The reference shows times that clocks skip as they were written; here they are shown as clocks do.
		if shown := reshow(t, in, c.Out, zone); shown != c.Out {
			skipped++
			c.Out = shown
		}
		c.check(t, "datetime in "+c.Zone, pyvalue.OutputFormat{}.AppendDateTime(nil, at), code)
	}
	if skipped != 8 {
		t.Errorf("%d of the recorded times are skipped by clocks, want 8", skipped)
	}
}

// reshow renders the same instant as the rendered text, in zone.
func reshow(t *testing.T, in pyvalue.InputFormats, text string, zone *time.Location) string {
	t.Helper()
	if text == "" {
		return text
	}
	at, code := in.DateTime(strings.Trim(text, `"`), zone)
	if code != pyvalue.Accepted {
		t.Fatalf("%s: %s", text, code)
	}
	return string(pyvalue.OutputFormat{}.AppendDateTime(nil, at))
}

func TestInputFormatsAsTheReference(t *testing.T) {
	type row struct {
		Format, In string
		Out        *string
	}
	for _, c := range referencetest.Rows[row](t, "strptime.json") {
		in := must[pyvalue.InputFormats](t)(pyvalue.DateTimeInput(c.Format))
		at, code := in.DateTime(c.In, time.UTC)
		got := string(pyvalue.OutputFormat{}.AppendDateTime(nil, at))
		switch {
		case c.Out == nil && code == pyvalue.Accepted:
			t.Errorf("%q as %q: got %s, want a refusal", c.In, c.Format, got)
		case c.Out != nil && (code != pyvalue.Accepted || got != *c.Out):
			t.Errorf("%q as %q: got %s %s, want %s", c.In, c.Format, got, code, *c.Out)
		}
	}
}

func TestSeveralInputFormats(t *testing.T) {
	in := must[pyvalue.InputFormats](t)(pyvalue.DateInput("%d.%m.%Y", "ISO-8601", "%d %b %Y"))
	for _, text := range []string{"29.02.2024", "2024-02-29", "29 Feb 2024"} {
		if d, code := in.Date(text); code != pyvalue.Accepted || d.String() != "2024-02-29" {
			t.Errorf("%s: got %s %s", text, d, code)
		}
	}
	clock := must[pyvalue.InputFormats](t)(pyvalue.TimeInput("%H.%M"))
	if c, code := clock.Time("12.30"); code != pyvalue.Accepted || c.String() != "12:30:00" {
		t.Errorf("12.30: got %s %s", c, code)
	}
	if _, code := clock.Time("12:30"); code != pyvalue.Invalid {
		t.Error("12:30 was taken without ISO among the formats")
	}
}

func TestBadFormatsAreFoundAtStartUp(t *testing.T) {
	input := map[string]string{
		"%Q":          "directive %Q cannot be read",
		"%Y %":        "ends in the middle",
		"%d %d":       "%d stands twice",
		"%d %x":       "%d stands twice",
		"%G-%V":       "%G needs %V and a day of the week",
		"%Y-%V-%u":    "%V needs %G",
		"%-d":         "directive %- cannot be read",
		"%G-%V-%u %j": "not %j",
	}
	for format, want := range input {
		if _, err := pyvalue.DateInput(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("input %q: got %v, want %q", format, err, want)
		}
	}
	output := map[string]string{
		"%Q": "directive %Q cannot be written", "%": "ends in the middle", "%-": "ends in the middle",
		"%-f": "directive %-f", "%^d": "directive %^d", "%s": "directive %s", "%~": "directive %~", "%/": "directive %/",
		"%-Y": "directive %-Y",
	}
	for format, want := range output {
		if _, err := pyvalue.NewOutputFormat(format); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("output %q: got %v, want %q", format, err, want)
		}
	}
}

func TestOutputFormatsAsTheReference(t *testing.T) {
	type row struct {
		Format               string
		Datetime, Date, Time []string
	}
	berlin := must[*time.Location](t)(time.LoadLocation("Europe/Berlin"))
	at := func(year int, month time.Month, day, hour, minute, second, micro int) time.Time {
		return time.Date(year, month, day, hour, minute, second, micro*1000, berlin)
	}
	all := []time.Time{
		at(1, 1, 2, 3, 4, 5, 6), at(999, 12, 31, 23, 59, 59, 999999), at(2024, 2, 29, 0, 5, 9, 0), at(9999, 12, 31, 12, 0, 0, 120),
		at(2021, 1, 3, 13, 0, 0, 0), at(2020, 12, 31, 11, 59, 59, 1), at(2023, 1, 1, 0, 0, 0, 0),
	}
	modern := []time.Time{all[2], all[4], all[5], all[6]}
	for _, c := range referencetest.Rows[row](t, "strftime.json") {
		f := must[pyvalue.OutputFormat](t)(pyvalue.NewOutputFormat(c.Format))
		for i, m := range all {
			if got := string(f.AppendDate(nil, orm.DateOf(m))); got != c.Date[i] {
				t.Errorf("date by %q: got %s, want %s", c.Format, got, c.Date[i])
			}
			if got := string(f.AppendTime(nil, orm.TimeOfDayOf(m))); got != c.Time[i] {
				t.Errorf("time by %q: got %s, want %s", c.Format, got, c.Time[i])
			}
		}
		for i, m := range modern {
			if got := string(f.AppendDateTime(nil, m)); got != c.Datetime[i] {
				t.Errorf("datetime by %q: got %s, want %s", c.Format, got, c.Datetime[i])
			}
		}
	}
}

func TestHumanFormatsAsTheReference(t *testing.T) {
	type row struct {
		Formats              []string
		Datetime, Date, Time string
	}
	for _, c := range referencetest.Rows[row](t, "human.json") {
		compile := must[pyvalue.InputFormats](t)
		got := row{
			c.Formats, compile(pyvalue.DateTimeInput(c.Formats...)).Human(), compile(pyvalue.DateInput(c.Formats...)).Human(),
			compile(pyvalue.TimeInput(c.Formats...)).Human(),
		}
		if got.Datetime != c.Datetime || got.Date != c.Date || got.Time != c.Time {
			t.Errorf("got %+v, want %+v", got, c)
		}
	}
}

func TestOutputDoesNotAllocate(t *testing.T) {
	f := must[pyvalue.OutputFormat](t)(pyvalue.NewOutputFormat("%A, %-d. %B %Y %I:%M %p %z"))
	dst := make([]byte, 0, 256)
	now, clock, day := time.Now(), orm.TimeOfDayOf(time.Now()), orm.DateOf(time.Now())
	n := testing.AllocsPerRun(100, func() {
		dst = f.AppendDateTime(dst[:0], now)
		dst = pyvalue.OutputFormat{}.AppendDateTime(dst, now)
		dst = pyvalue.OutputFormat{}.AppendDate(dst, day)
		dst = pyvalue.OutputFormat{}.AppendTime(dst, clock)
		dst = pyvalue.Span{Days: 1, Micros: 5}.Append(dst)
		dst = pyvalue.Span{Days: -1, Micros: 5}.AppendISO(dst)
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzDateTime(f *testing.F) {
	for _, s := range []string{"2024-02-29T12:30:45.5+02:30", "2024W094T12", "2024-2-9 1:5 Z", "12:30", "", "2024-W01-1T1230Z"} {
		f.Add(s)
	}
	utc := must[pyvalue.InputFormats](f)(pyvalue.DateTimeInput(pyvalue.ISO, "%d/%m/%y %H:%M:%S.%f %z"))
	date := must[pyvalue.InputFormats](f)(pyvalue.DateInput())
	clock := must[pyvalue.InputFormats](f)(pyvalue.TimeInput())
	zone := time.FixedZone("", -5*3600)
	f.Fuzz(func(t *testing.T, s string) {
		if at, code := utc.DateTime(s, zone); code == pyvalue.Accepted {
			text := string(pyvalue.OutputFormat{}.AppendDateTime(nil, at))
			again, code := utc.DateTime(strings.Trim(text, `"`), zone)
			if code != pyvalue.Accepted || !again.Equal(at) {
				t.Fatalf("%q became %s became %v %s", s, text, again, code)
			}
		}
		if d, code := date.Date(s); code == pyvalue.Accepted {
			if again, code := date.Date(d.String()); code != pyvalue.Accepted || again != d {
				t.Fatalf("%q became %v", s, d)
			}
		}
		if c, code := clock.Time(s); code == pyvalue.Accepted {
			if again, code := clock.Time(c.String()); code != pyvalue.Accepted || again != c {
				t.Fatalf("%q became %v", s, c)
			}
		}
	})
}
