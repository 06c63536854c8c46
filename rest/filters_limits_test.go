package rest

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/google/uuid"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// TestListsOfValuesAreBounded gives each kind of list as many values as it may have, and one more.
func TestListsOfValuesAreBounded(t *testing.T) {
	kinds := rowKind("").Choices()
	many := func(n int) string { return strings.TrimSuffix(strings.Repeat("1,", n), ",") }
	again := func(n int, value string) string { return strings.TrimSuffix(strings.Repeat("p="+value+"&", n), "&") }
	for name, c := range map[string]struct {
		filter Filter
		query  func(n int) string
	}{
		"numbers":      {Filter{Field: "number", Lookup: "in"}, func(n int) string { return "p=" + many(n) }},
		"keys":         {Filter{Field: "shelf", Lookup: "in"}, func(n int) string { return "p=" + many(n) }},
		"choices":      {Filter{Field: "kind", Kind: FilterMultipleChoice, Choices: kinds}, func(n int) string { return again(n, "a") }},
		"related rows": {Filter{Field: "labels"}, func(n int) string { return again(n, "1") }},
		"texts":        {Filter{Field: "title", Kind: FilterIn}, func(n int) string { return "p=" + many(n) }},
	} {
		t.Run(name, func(t *testing.T) {
			listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
				m := listModels(t)["row"]
				if got := askFilter(t, db, m, c.filter, c.query(maxValues)); got.Errors != nil || got.Fails != "" {
					t.Errorf("%d values: %v %s", maxValues, got.Errors, got.Fails)
				}
				got := askFilter(t, db, m, c.filter, c.query(maxValues+1))
				if diff := cmp.Diff([]string{"At most 1000 values may be given."}, got.Errors); diff != "" || got.Fails != "" {
					t.Errorf("one more: %s (-want +got)\n%s", got.Fails, diff)
				}
			})
		})
	}
}

// TestNumbersOfAnySize compares with numbers that no column can hold: they are above all values or below.
func TestNumbersOfAnySize(t *testing.T) {
	huge, fine := "9"+strings.Repeat("0", 49), "1e-300"
	cases := []struct {
		field, lookup, value string
		all                  bool
	}{
		{"number", "lt", huge, true},
		{"number", "lte", huge, true},
		{"number", "gt", huge, false},
		{"number", "exact", huge, false},
		{"number", "gt", "-" + huge, true},
		{"number", "lt", "-" + huge, false},
		{"number", "in", huge + ",-" + huge, false},
		{"number", "range", "-" + huge + "," + huge, true},
		{"number", "range", huge + "," + huge, false},
		{"number", "range", "-" + huge + ",-" + huge, false},
		{"number", "lt", "2147483648", true},
		{"number", "lt", "9223372036854775808", true},
		{"number", "gt", "-9223372036854775809", true},
		{"amount", "lt", huge, true},
		{"amount", "gte", "-" + huge, true},
		{"amount", "exact", fine, false},
		{"amount", "gt", "-1e4000", true},
		{"amount", "lt", "-1e4000", false},
		{"ratio", "exact", huge, false},
		{"day", "year__lt", huge, true},
		{"day", "year__gt", huge, false},
		{"day", "year", "0", false},
		{"day", "year__gte", "-1", true},
		{"day", "year__lte", "9999", true},
		{"day", "year__lte", "10000", true},
		{"day", "month", huge, false},
	}
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		m := listModels(t)["row"]
		var total int64
		if err := db.SQL.QueryRow("SELECT count(*) FROM kitchen_row").Scan(&total); err != nil {
			t.Fatal(err)
		}
		for _, c := range cases {
			got := askFilter(t, db, m, Filter{Field: c.field, Lookup: c.lookup}, "p="+url.QueryEscape(c.value))
			if got.Fails != "" || got.Errors != nil || (got.Count == total) != c.all || !c.all && got.Count != 0 {
				t.Errorf("%s__%s=%.20s: %d of %d rows, %v %s", c.field, c.lookup, c.value, got.Count, total, got.Errors, got.Fails)
			}
		}
	})
}

// TestWhatFormsRefuse has one wrong value for each way of reading, with the text of Django's forms.
func TestWhatFormsRefuse(t *testing.T) {
	kinds := rowKind("").Choices()
	null := url.QueryEscape("a\x00b")
	const choice = "Select a valid choice. That choice is not one of the available choices."
	db := ormtestSQLite(t)
	m := listModels(t)["row"]
	for _, c := range []struct {
		filter Filter
		query  string
		want   string
	}{
		{Filter{Field: "title"}, "p=" + null, "Null characters are not allowed."},
		{Filter{Field: "title", Lookup: "in"}, "p=a," + null, "Null characters are not allowed."},
		{Filter{Field: "title", Lookup: "regex"}, "p=(", "Enter a valid regular expression."},
		{Filter{Field: "title", Lookup: "iregex"}, "p=(%3F%3Dx)", "Enter a valid regular expression."},
		{Filter{Field: "title", Lookup: "regex"}, "p=(a)%5C1", "Enter a valid regular expression."},
		{Filter{Field: "number"}, "p=x", "Enter a number."},
		{Filter{Field: "number"}, "p=NaN", "Enter a number."},
		{Filter{Field: "number"}, "p=Infinity", "Enter a number."},
		{Filter{Field: "number"}, "p=" + strings.Repeat("1", 1001), "Enter a number."},
		{Filter{Field: "number"}, "p=1e51", "Ensure this value is less than or equal to 1e+50."},
		{Filter{Field: "number", Lookup: "in"}, "p=1,x", "Enter a number."},
		{Filter{Field: "number", Lookup: "range"}, "p=1", "Range query expects two values."},
		{Filter{Field: "number", Lookup: "range"}, "p=1,2,3", "Range query expects two values."},
		{Filter{Field: "number", Kind: FilterNumberRange}, "p_min=x&p_max=y", "Enter a number."},
		{Filter{Field: "day"}, "p=2024-02-30", "Enter a valid date."},
		{Filter{Field: "day", Kind: FilterDateFromToRange}, "p_before=soon", "Enter a valid date."},
		{Filter{Field: "day", Kind: FilterDateRange}, "p=tomorrow", "Select a valid choice. tomorrow is not one of the available choices."},
		{Filter{Field: "moment"}, "p=02/17/2023", "Enter a valid date/time."},
		{Filter{Field: "moment"}, "p=iso-8601", "Enter a valid date/time."},
		{Filter{Field: "moment", Kind: FilterDateTime}, "p=17.2.2023", "Enter a valid date/time."},
		{Filter{Field: "clock"}, "p=25:00", "Enter a valid time."},
		{Filter{Field: "span"}, "p=a+while", "Enter a valid duration."},
		{Filter{Field: "span"}, "p=9999999999+00:00:00", "The number of days must be between -999999999 and 999999999."},
		{Filter{Field: "ref"}, "p=123", "Enter a valid UUID."},
		{Filter{Field: "kind"}, "p=z", "Select a valid choice. z is not one of the available choices."},
		{Filter{Field: "kind", Lookup: "in", Kind: FilterChoice}, "p=a,z", "Select a valid choice. z is not one of the available choices."},
		{Filter{Field: "kind", Kind: FilterMultipleChoice, Choices: kinds}, "p=a&p=z", "Select a valid choice. z is not one of the available choices."},
		{Filter{Field: "shelf"}, "p=77", choice},
		{Filter{Field: "shelf"}, "p=x", choice},
		{Filter{Field: "shelf"}, "p=" + null, "Null characters are not allowed."},
		{Filter{Field: "shelf", Lookup: "in"}, "p=1,77", choice},
		{Filter{Field: "shelf", Lookup: "in"}, "p=1,x", choice},
		{Filter{Field: "shelf", Lookup: "in", Required: true}, "p=1,", "This field is required."},
		{Filter{Field: "shelf", To: "slug"}, "p=nowhere", choice},
		{Filter{Field: "labels"}, "p=1&p=77", "Select a valid choice. 77 is not one of the available choices."},
		{Filter{Field: "labels"}, "p=x", "“x” is not a valid value."},
		{Filter{Field: "labels", Required: true}, "q=1", "This field is required."},
		{Filter{Field: "number", Lookup: "in", Required: true}, "p=1,,2", "This field is required."},
		{Filter{Kind: FilterOrdering, Order: [][2]string{{"n", "number"}}}, "p=x", "Select a valid choice. x is not one of the available choices."},
		{Filter{Kind: FilterOrdering, Order: [][2]string{{"n", "number"}}, Required: true}, "p=", "This field is required."},
	} {
		got := askFilter(t, db, m, c.filter, c.query)
		if diff := cmp.Diff([]string{c.want}, got.Errors); diff != "" || got.Fails != "" {
			t.Errorf("%+v ?%.60s: %s (-want +got)\n%s", c.filter, c.query, got.Fails, diff)
		}
	}
}

// TestKeysOfOtherKinds chooses related rows by a UUID and by text.
func TestKeysOfOtherKinds(t *testing.T) {
	id := uuid.MustParse("0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa")
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		key := map[string]string{orm.SQLite: "char(32)", orm.Postgres: "uuid"}[db.Dialect()]
		exec(t, db, "CREATE TABLE maker (id "+key+" PRIMARY KEY)")
		exec(t, db, "CREATE TABLE made (id bigint PRIMARY KEY, maker_id "+key+" NULL)")
		registry, err := orm.NewRegistry(&madeBy{}, &made{})
		if err != nil {
			t.Fatal(err)
		}
		g := db.Gorm.WithContext(t.Context())
		if err := errors.Join(g.Create(&madeBy{id}).Error, g.Create(&made{ID: 1, MakerID: &id}).Error, g.Create(&made{ID: 2}).Error); err != nil {
			t.Fatal(err)
		}
		m := registry.Model(made{})
		for _, c := range []struct {
			filter Filter
			query  string
			want   lookupAnswer
		}{
			{Filter{Field: "maker"}, "p=" + id.String(), lookupAnswer{IDs: []int64{1}, Count: 1}},
			{Filter{Field: "maker"}, "p=" + strings.ToUpper(strings.ReplaceAll(id.String(), "-", "")), lookupAnswer{IDs: []int64{1}, Count: 1}},
			{Filter{Field: "maker", Lookup: "in"}, "p={" + id.String() + "},", lookupAnswer{IDs: []int64{1}, Count: 1}},
			{Filter{Field: "maker", Exclude: true}, "p=" + id.String(), lookupAnswer{IDs: []int64{2}, Count: 1}},
			{Filter{Field: "maker", NullLabel: "nobody"}, "p=null", lookupAnswer{IDs: []int64{2}, Count: 1}},
			{Filter{Field: "maker"}, "p=" + uuid.Nil.String(), lookupAnswer{Errors: []string{"Select a valid choice. That choice is not one of the available choices."}}},
			{Filter{Field: "maker"}, "p=x", lookupAnswer{Errors: []string{"“x” is not a valid UUID."}}},
			{Filter{Field: "maker", Kind: FilterModelMultipleChoice}, "p=" + id.String(), lookupAnswer{IDs: []int64{1}, Count: 1}},
		} {
			got := askFilter(t, db, m, c.filter, c.query)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%+v ?%s (-want +got)\n%s", c.filter, c.query, diff)
			}
		}
		set, _ := compileFilters(m, sqlite{}, Filters{By("maker")}, "test")
		if p := set.parameters(); len(p) != 1 || p[0].Format != "uuid" {
			t.Errorf("the parameter is %+v", p)
		}
	})
}

type madeBy struct {
	ID uuid.UUID `gorm:"primaryKey"`
}

func (madeBy) TableName() string { return "maker" }
func (madeBy) Meta() orm.Meta    { return orm.Meta{App: "test", Name: "maker"} }

type made struct {
	ID      int64 `gorm:"primaryKey"`
	MakerID *uuid.UUID
	Maker   *madeBy `orm:"on_delete=set_null"`
}

func (made) TableName() string { return "made" }
func (made) Meta() orm.Meta    { return orm.Meta{App: "test", Name: "made"} }

// TestAddressesAreCompared has texts that are no addresses, which PostgreSQL would refuse.
func TestAddressesAreCompared(t *testing.T) {
	listTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		column := map[string]string{orm.SQLite: "char(39)", orm.Postgres: "inet"}[db.Dialect()]
		exec(t, db, "CREATE TABLE visit (id bigint PRIMARY KEY, address "+column+" NOT NULL)")
		exec(t, db, "INSERT INTO visit VALUES (1, '10.0.0.1'), (2, '10.0.0.20'), (3, '2001:db8::1')")
		registry, err := orm.NewRegistry(&visit{})
		if err != nil {
			t.Fatal(err)
		}
		m := registry.Model(visit{})
		for _, c := range []struct {
			lookup, value string
			want          []int64
		}{
			{"exact", "10.0.0.1", []int64{1}},
			{"exact", "10.0.0", nil},
			{"exact", "2001:0db8:0:0::0001", []int64{3}},
			{"exact", "fe80::1%eth0", nil},
			{"in", "10.0.0.1,x,2001:DB8::1", []int64{1, 3}},
			{"startswith", "10.0.0.", []int64{1, 2}},
			{"icontains", "DB8", []int64{3}},
			{"endswith", "20", []int64{2}},
			{"isnull", "true", nil},
		} {
			got := askFilter(t, db, m, Filter{Field: "address", Lookup: c.lookup}, "p="+url.QueryEscape(c.value))
			if diff := cmp.Diff(c.want, got.IDs, equateEmpty()); diff != "" || got.Fails != "" {
				t.Errorf("address__%s=%s: %s (-want +got)\n%s", c.lookup, c.value, got.Fails, diff)
			}
		}
	})
}

type visit struct {
	ID      int64  `gorm:"primaryKey"`
	Address string `orm:"ip"`
}

func (visit) TableName() string { return "visit" }
func (visit) Meta() orm.Meta    { return orm.Meta{App: "test"} }

// TestDocumentsAreOnlyAskedForNull: the framework compares no JSON, and says so at start-up.
func TestDocumentsAreOnlyAskedForNull(t *testing.T) {
	registry, err := orm.NewRegistry(&kept{})
	if err != nil {
		t.Fatal(err)
	}
	m := registry.Model(kept{})
	for lookup, want := range map[string]string{
		"isnull": "", "exact": "only isnull can be asked of a JSON or binary field, not exact", "icontains": "not icontains", "in": "not in",
	} {
		for _, field := range []string{"data", "blob"} {
			_, mistakes := compileFilters(m, sqlite{}, Filters{By(field, lookup)}, "shop.Kept")
			if text := strings.Join(mistakes, ""); (want == "") != (text == "") || !strings.Contains(text, want) {
				t.Errorf("%s__%s: %q", field, lookup, mistakes)
			}
		}
	}
	_, mistakes := compileFilters(m, sqlite{}, Filters{{Name: "data", Method: func(_ *Request, q *gorm.DB, _ any) *gorm.DB { return q }}}, "shop.Kept")
	if mistakes != nil {
		t.Errorf("a condition of the author's own: %q", mistakes)
	}
}

type kept struct {
	ID   int64 `gorm:"primaryKey"`
	Data *orm.JSON
	Blob []byte
}

func (kept) TableName() string { return "kept" }
func (kept) Meta() orm.Meta    { return orm.Meta{App: "test"} }

// TestErrorsOfAllFiltersTogether come in the order of the filters, whatever that of the parameters.
func TestErrorsOfAllFiltersTogether(t *testing.T) {
	db := ormtestSQLite(t)
	list := listView{filters: Filters{By("number"), By("day"), By("title"), {Name: "q", Field: "title", Required: true}}}.compile(t, listModels(t)["row"], sqlite{})
	got := answerOf(list.page(listRequest(db, "/?day=x&title=a&number=y")))
	if want := `{"number":["Enter a number."],"day":["Enter a valid date."],"q":["This field is required."]}`; got.Status != 400 || got.Body != want {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	// Regular expressions are looked at when the forms are valid.
	list = listView{filters: Filters{By("title", "regex", "iregex"), By("number"), By("shelf")}}.compile(t, listModels(t)["row"], sqlite{})
	for query, want := range map[string]string{
		"title__regex=(&number=x":              `{"number":["Enter a number."]}`,
		"title__regex=(&shelf=99":              `{"shelf":["Select a valid choice. That choice is not one of the available choices."]}`,
		"title__iregex=(&title__regex=%00":     `{"title__regex":["Null characters are not allowed."]}`,
		"title__iregex=)&number=1&shelf=1":     `{"title__iregex":["Enter a valid regular expression."]}`,
		"title__regex=(&title__iregex=[&shelf": `{"title__regex":["Enter a valid regular expression."],"title__iregex":["Enter a valid regular expression."]}`,
	} {
		if got := answerOf(list.page(listRequest(db, "/?"+query))); got.Status != 400 || got.Body != want {
			t.Errorf("?%s: %d %s, want %s", query, got.Status, got.Body, want)
		}
	}
	list = listView{filters: Filters{{Name: "q", Field: "title", Required: true}}}.compile(t, listModels(t)["row"], sqlite{})
	if got := answerOf(list.page(listRequest(db, "/"))); got.Body != `{"q":["This field is required."]}` {
		t.Errorf("without parameters: %d %s", got.Status, got.Body)
	}
}

// TestParametersNobodyDeclared change nothing.
func TestParametersNobodyDeclared(t *testing.T) {
	db := ormtestSQLite(t)
	list := listView{filters: Filters{By("number")}}.compile(t, listModels(t)["row"], sqlite{})
	all := answerOf(list.page(listRequest(db, "/")))
	for _, query := range []string{"title=a", "number__gt=3", "search=a", "ordering=-id", "number=", "page=2", "%zz"} {
		if got := answerOf(list.page(listRequest(db, "/?"+query))); !cmp.Equal(all, got) {
			t.Errorf("?%s: %v", query, got)
		}
	}
}

// TestMomentsAreBoundAsStored looks at the arguments: texts as Django writes them.
func TestMomentsAreBoundAsStored(t *testing.T) {
	at := time.Date(2024, 5, 6, 7, 8, 9, 10_999, time.FixedZone("", 2*3600))
	day, clock := orm.DateOf(at), orm.TimeOfDayOf(at)
	id := uuid.MustParse("0b5cf3a4-41a5-4d0e-8a39-5d3a1c0f00aa")
	for _, c := range []struct {
		value, sqlite, postgres any
	}{
		{at, "2024-05-06 05:08:09.000010", "2024-05-06 05:08:09.000010+00:00"},
		{at.Truncate(time.Second), "2024-05-06 05:08:09", "2024-05-06 05:08:09+00:00"},
		{day, "2024-05-06", "2024-05-06"},
		{clock, "07:08:09.000010", "07:08:09.000010"},
		{-orm.Hour, int64(-3_600_000_000), "-1 days 82800 seconds 0 microseconds"},
		{id, "0b5cf3a441a54d0e8a395d3a1c0f00aa", id.String()},
		{orm.MustDecimal("1E+2"), "100", "100"},
		{true, int64(1), true},
		{false, int64(0), false},
		{"text", "text", "text"},
		{int64(7), int64(7), int64(7)},
	} {
		if got := (sqlite{}).value(c.value); got != c.sqlite {
			t.Errorf("SQLite is given %#v for %v, want %#v", got, c.value, c.sqlite)
		}
		if got := (postgres{}).value(c.value); got != c.postgres {
			t.Errorf("PostgreSQL is given %#v for %v, want %#v", got, c.value, c.postgres)
		}
	}
}

// FuzzSearchTerms splits any text: without quotes at white space and commas, and never into what was not there.
func FuzzSearchTerms(f *testing.F) {
	for _, seed := range []string{"a b,c", `"a b" c`, `x"y z"w`, `'it''s`, `"a\"b"`, "\u3000a\u00a0b", `"`, `a "b`, ",,", "\x00\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		terms := splitSearch(text)
		rest := text
		for _, term := range terms {
			plain := strings.NewReplacer(`\"`, `"`, `\'`, `'`, `\\`, `\`).Replace(rest)
			if !strings.Contains(rest, term) && !strings.Contains(plain, term) {
				t.Errorf("%q is split into %q, but %q is not in it", text, terms, term)
			}
		}
		if strings.ContainsAny(text, `"'`) || strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
			return
		}
		naive := strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })
		if diff := cmp.Diff(naive, terms, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%q (-want +got)\n%s", text, diff)
		}
	})
}
