package orm_test

import (
	"database/sql"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
)

func TestRegistryFinds(t *testing.T) {
	r := library(t)
	book := r.Model(Book{})
	for name, got := range map[string]*orm.Model{
		"pointer": r.Model(&Book{}), "type": r.Model(reflect.TypeFor[Book]()), "label": r.ByLabel("library.book"), "Label": r.ByLabel("library.Book"),
	} {
		if got != book || got == nil {
			t.Errorf("by %s: %v", name, got)
		}
	}
	if r.Model(time.Time{}) != nil || r.Model(nil) != nil || r.ByLabel("library.page") != nil {
		t.Error("it finds what is not there")
	}
	var labels []string
	for _, m := range r.Models() {
		labels = append(labels, m.Label())
	}
	if got := strings.Join(labels, " "); got != "library.Shelf library.Subject library.Book library.Loan library.Slip library.Audit" {
		t.Errorf("the models are %s", got)
	}
}

func TestMetaDefaults(t *testing.T) {
	m := library(t).Model(Book{}).Meta
	want := orm.Meta{
		App: "library", Name: "book", Verbose: "book", VerboseMany: "books", Ordering: []string{"shelf__name", "-title"},
		Unique:      []orm.Unique{{Fields: []string{"title", "shelf"}, Name: "library_book_title_shelf_id_e1c7cabb_uniq", Code: "unique"}},
		Permissions: []string{"add", "change", "delete", "view"},
	}
	want.Unique[0].Name = orm.IndexName("library_book", []string{"title", "shelf_id"}, "_uniq")
	if diff := cmp.Diff(want, m); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestIndexName has names that Django gave.
func TestIndexName(t *testing.T) {
	for _, c := range []struct {
		table, columns, suffix, want string
	}{
		{"catalog_product_tags", "product_id tag_id", "_uniq", "catalog_product_tags_product_id_tag_id_daa0ee1f_uniq"},
		{"catalog_review", "product_id author_id", "_uniq", "catalog_review_product_id_author_id_d56ea42e_uniq"},
		{"catalog_category", "parent_id", "", "catalog_category_parent_id_f61bd017"},
		{"catalog_tag", "name", "_like", "catalog_tag_name_c2802f4e_like"},
		{"auth_user_user_permissions", "user_id permission_id", "_uniq", "auth_user_user_permissions_user_id_permission_id_14a6b632_uniq"},
		{"django_content_type", "app_label model", "_uniq", "django_content_type_app_label_model_76bd3d3b_uniq"},
	} {
		if got := orm.IndexName(c.table, strings.Fields(c.columns), c.suffix); got != c.want {
			t.Errorf("%s(%s): %s, want %s", c.table, c.columns, got, c.want)
		}
	}
	if got := orm.IndexName(strings.Repeat("t", 60), []string{strings.Repeat("c", 60)}, "_uniq"); len(got) > 63 || !strings.HasSuffix(got, "_uniq") {
		t.Errorf("a long name becomes %s", got)
	}
}

// fieldFacts is what the table below says of a field.
type fieldFacts struct {
	Column, GoName, Label           string
	Kind, ColumnKind                orm.Kind
	Null, Blank, Unique, ReadOnly   bool
	Length, Digits, Places, Choices int
	Default                         string
}

func factsOf(f *orm.Field) fieldFacts {
	return fieldFacts{
		f.Column, f.GoName, f.Label, f.Kind, f.ColumnKind(), f.Null, f.Blank, f.Unique, !f.Editable, f.MaxLength, f.MaxDigits,
		f.DecimalPlaces, len(f.Choices), f.Default,
	}
}

func TestFields(t *testing.T) {
	want := map[string]fieldFacts{
		"id":         {Column: "id", GoName: "ID", Kind: orm.UUID, Unique: true, ReadOnly: true, Default: "uuid4"},
		"isbn":       {Column: "isbn", GoName: "ISBN", Kind: orm.Char, Length: 13, Unique: true},
		"title":      {Column: "title", GoName: "Title", Label: "Title, in full", Kind: orm.Text, Default: "Untitled"},
		"mood":       {Column: "mood", GoName: "Mood", Kind: orm.Char, Length: 5, Choices: 1, Default: "sad"},
		"price":      {Column: "price", GoName: "Price", Kind: orm.DecimalNumber, Digits: 8, Places: 2, Default: "9.90"},
		"discount":   {Column: "discount", GoName: "Discount", Kind: orm.DecimalNumber, Digits: 4, Places: 3, Null: true},
		"pages":      {Column: "pages", GoName: "Pages", Kind: orm.PositiveInteger, Default: "1"},
		"weight":     {Column: "weight", GoName: "Weight", Kind: orm.Float, Null: true},
		"lent":       {Column: "lent", GoName: "Lent", Kind: orm.Boolean, Default: "true"},
		"published":  {Column: "published", GoName: "Published", Kind: orm.CalendarDate, Null: true},
		"opens":      {Column: "opens", GoName: "Opens", Kind: orm.ClockTime, Null: true},
		"reading":    {Column: "reading", GoName: "Reading", Kind: orm.Interval, Null: true},
		"notes":      {Column: "notes", GoName: "Notes", Kind: orm.JSONValue, Blank: true, Default: "{}"},
		"cover":      {Column: "cover", GoName: "Cover", Kind: orm.ImagePath, Length: 100, Null: true},
		"scan":       {Column: "scan", GoName: "Scan", Kind: orm.Binary},
		"seen":       {Column: "seen", GoName: "Seen", Kind: orm.DateTime, Null: true},
		"address":    {Column: "address", GoName: "Address", Kind: orm.IPAddress, Null: true},
		"added_at":   {Column: "added_at", GoName: "AddedAt", Label: "added at", Kind: orm.DateTime, Blank: true, ReadOnly: true},
		"changed_at": {Column: "changed_at", GoName: "ChangedAt", Label: "changed at", Kind: orm.DateTime, Blank: true, ReadOnly: true},
		"shelf":      {Column: "shelf_id", GoName: "Shelf", Kind: orm.ForeignKey, ColumnKind: orm.BigInteger},
		"sequel":     {Column: "sequel_id", GoName: "Sequel", Kind: orm.ForeignKey, ColumnKind: orm.UUID, Null: true},
		"subjects":   {GoName: "Subjects", Kind: orm.ManyToMany, Blank: true},
	}
	m := library(t).Model(Book{})
	var names []string
	for _, f := range m.Fields {
		names = append(names, f.Name)
		w := want[f.Name]
		if w.Label == "" {
			w.Label = f.Name
		}
		if w.ColumnKind == 0 {
			w.ColumnKind = w.Kind
		}
		if diff := cmp.Diff(w, factsOf(f)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", f.Name, diff)
		}
	}
	if len(names) != len(want) || names[0] != "id" || names[len(names)-1] != "subjects" {
		t.Errorf("the fields are %v", names)
	}
}

func TestFieldDetails(t *testing.T) {
	m := library(t).Model(Book{})
	if f := m.Field("title"); f.Help != "As on the cover." || f.Validate != "min=1" {
		t.Errorf("title: %q %q", f.Help, f.Validate)
	}
	if f := m.Field("cover"); f.UploadTo != "covers/" {
		t.Errorf("cover: %q", f.UploadTo)
	}
	if f := m.Field("address"); f.Protocol != "IPv4" {
		t.Errorf("address: %q", f.Protocol)
	}
	if f := m.Field("added_at"); !f.AutoNowAdd || f.AutoNow {
		t.Error("added_at is set when it is not added")
	}
	if f := m.Field("changed_at"); f.AutoNowAdd || !f.AutoNow {
		t.Error("changed_at is not set on each change")
	}
	f := m.Field("subjects")
	if f.JoinTable != "library_book_subjects" || f.JoinColumn != "book_id" || f.JoinRelatedColumn != "subject_id" {
		t.Errorf("subjects: %s %s %s", f.JoinTable, f.JoinColumn, f.JoinRelatedColumn)
	}
	if got := library(t).Model(Slip{}).PK; got.Kind != orm.OneToOne || got.Name != "loan" || got.ColumnKind() != orm.BigInteger {
		t.Errorf("the slip's key is %+v", got)
	}
	if got := library(t).Model(Shelf{}).PK.Kind; got != orm.BigAuto {
		t.Errorf("the shelf's key is of kind %v", got)
	}
	if got := library(t).Model(Loan{}).Field("book"); !got.DBIndex || got.OnDelete != orm.Cascade {
		t.Errorf("the loan's book: %+v", got)
	}
}

func TestModelFinds(t *testing.T) {
	m := library(t).Model(Book{})
	if m.Field("pk") != m.PK || m.Field("page") != nil || m.Field("shelf_id") != nil {
		t.Error("Field finds the wrong fields")
	}
	if m.ByColumn("shelf_id") != m.Field("shelf") || m.ByColumn("") != nil || m.ByColumn("shelf") != nil {
		t.Error("ByColumn finds the wrong fields")
	}
	if m.ByGoName("Shelf") != m.Field("shelf") || m.ByGoName("ShelfID") != m.Field("shelf") || m.ByGoName("shelf") != nil {
		t.Error("ByGoName finds the wrong fields")
	}
	if a := m.Annotation("loan_count"); a == nil || a.Function != "count" || a.Path != "loans" || m.Annotation("pages") != nil {
		t.Errorf("the annotation is %+v", a)
	}
	book := &Book{ShelfID: 7, Subjects: []*Subject{{}}}
	if got := m.Field("shelf").Get(reflect.ValueOf(book)).Int(); got != 7 {
		t.Errorf("Get gives %d", got)
	}
	if got := m.Field("subjects").Get(reflect.ValueOf(book)).Len(); got != 1 {
		t.Errorf("Get gives %d subjects", got)
	}
}

func TestReverses(t *testing.T) {
	r := library(t)
	for _, c := range []struct {
		model                         any
		name, query, goName, from, fd string
		many                          bool
	}{
		{Shelf{}, "children", "children", "Children", "library.Shelf", "parent", true},
		{Shelf{}, "books", "books", "Books", "library.Book", "shelf", true},
		{Subject{}, "books", "books", "", "library.Book", "subjects", true},
		{Loan{}, "slip", "slip", "", "library.Slip", "loan", false},
		{Book{}, "audit_set", "audit", "", "library.Audit", "book", true},
	} {
		got := r.Model(c.model).Reverse(c.name)
		if got == nil {
			t.Errorf("%T has no %s", c.model, c.name)
			continue
		}
		if got.QueryName != c.query || got.GoName != c.goName || got.From.Label() != c.from || got.Field.Name != c.fd || got.Many != c.many || got.Field.Reverse != got {
			t.Errorf("%T.%s is %+v", c.model, c.name, got)
		}
	}
	for _, rev := range r.Model(Shelf{}).Reverses {
		if rev.From.Label() == "library.Audit" {
			t.Error("related=+ gives a reverse relation")
		}
	}
}

func TestNewHasDefaults(t *testing.T) {
	m := library(t).Model(Book{})
	a, b := m.New().(*Book), m.New().(*Book)
	if a.ID == uuid.Nil || a.ID == b.ID {
		t.Errorf("the ids are %v and %v", a.ID, b.ID)
	}
	if a.Title != "Untitled" || a.Mood != "sad" || a.Price.String() != "9.90" || a.Pages != 1 || !a.Lent || string(a.Notes) != "{}" {
		t.Errorf("the defaults are %+v", a)
	}
	a.Notes[0] = 'x'
	if c := m.New().(*Book); string(c.Notes) != "{}" {
		t.Error("objects share a default")
	}
	a.Title = "Dune"
	m.ApplyDefaults(a)
	if a.Title != "Untitled" {
		t.Error("ApplyDefaults leaves values")
	}
	if v, ok := m.Field("pages").Initial(); !ok || v != int32(1) {
		t.Errorf("Initial gives %v, %v", v, ok)
	}
	if _, ok := m.Field("isbn").Initial(); ok {
		t.Error("isbn has a default")
	}
}

func TestDefaultsOfAllTypes(t *testing.T) {
	registry, err := orm.NewRegistry(&Everything{})
	if err != nil {
		t.Fatal(err)
	}
	e := registry.Models()[0].New().(*Everything)
	if d := time.Since(e.At); d < 0 || d > time.Minute || e.At.Location() != time.UTC || e.At.Nanosecond()%1000 != 0 {
		t.Errorf("now is %v", e.At)
	}
	if e.Day != orm.DateOf(e.At) || e.Fixed.String() != "2000-01-01" {
		t.Errorf("the days are %v and %v", e.Day, e.Fixed)
	}
	if e.Rate != 1.5 || *e.Count != 3 || e.Size != 4 || e.Wait != 90*orm.Second || e.File != "none.txt" {
		t.Errorf("the defaults are %+v", e)
	}
	want := map[string]orm.Kind{
		"id": orm.Auto, "rate": orm.Float, "count": orm.SmallInteger, "size": orm.PositiveBigInteger, "slug": orm.Slug, "home": orm.URL,
		"mail": orm.Email, "file": orm.FilePath, "maybe": orm.BigInteger, "clock": orm.ClockTime, "long": orm.Text,
	}
	for name, kind := range want {
		f := registry.Models()[0].Field(name)
		if f == nil || f.Kind != kind {
			t.Errorf("%s is %+v, want kind %d", name, f, kind)
		}
	}
	if f := registry.Models()[0].Field("maybe"); !f.Null {
		t.Error("sql.NullInt64 is not null")
	}
	if f := registry.Models()[0].Field("slug"); f.MaxLength != 50 || !f.DBIndex || f.UniqueFor["date"] != "day" {
		t.Errorf("slug is %+v", f)
	}
}

type Everything struct {
	ID    int32         `gorm:"primaryKey"`
	At    time.Time     `orm:"default=now"`
	Day   orm.Date      `orm:"default=now"`
	Fixed orm.Date      `orm:"default=2000-01-01"`
	Clock orm.TimeOfDay `orm:"default=now"`
	Wait  orm.Duration  `orm:"default=00:01:30"`
	Rate  float32       `orm:"default=1.5"`
	Count *int16        `orm:"default=3"`
	Size  uint          `orm:"default=4"`
	Slug  string        `orm:"slug,unique_for_date=day"`
	Home  string        `orm:"url"`
	Mail  string        `orm:"email"`
	File  orm.File      `orm:"default=none.txt"`
	Long  string        `gorm:"size:10" orm:"text"`
	Maybe sql.NullInt64
	Skip  chan int `gorm:"-"`
}

func (Everything) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (Everything) TableName() string { return "a_everything" }
