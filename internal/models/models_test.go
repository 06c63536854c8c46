package models_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
)

// description is how the reference describes a field of a model.
type description struct {
	Name          string  `json:"name"`
	Type          string  `json:"type"`
	Column        string  `json:"column"`
	Null          bool    `json:"null"`
	Blank         bool    `json:"blank"`
	Unique        bool    `json:"unique"`
	PrimaryKey    bool    `json:"primary_key"`
	Editable      bool    `json:"editable"`
	MaxLength     int     `json:"max_length"`
	MaxDigits     int     `json:"max_digits"`
	DecimalPlaces int     `json:"decimal_places"`
	Label         string  `json:"verbose_name"`
	Help          string  `json:"help_text"`
	UploadTo      string  `json:"upload_to"`
	To            string  `json:"to"`
	Table         string  `json:"table"`
	OnDelete      string  `json:"on_delete"`
	Choices       [][]any `json:"choices"`
	Default       any     `json:"default"`
}

type modelDescription struct {
	Table    string        `json:"table"`
	Ordering []string      `json:"ordering"`
	Together [][]string    `json:"unique_together"`
	Verbose  string        `json:"verbose_name"`
	Fields   []description `json:"fields"`
}

// kinds are Django's field classes; a file field is described by its base class.
var kinds = map[orm.Kind]string{
	orm.Auto: "AutoField", orm.BigAuto: "BigAutoField", orm.Boolean: "BooleanField", orm.Char: "CharField",
	orm.Email: "CharField", orm.Text: "TextField", orm.Slug: "SlugField", orm.UUID: "UUIDField",
	orm.PositiveInteger: "PositiveIntegerField", orm.PositiveSmallInteger: "PositiveSmallIntegerField",
	orm.Float: "FloatField", orm.DecimalNumber: "DecimalField", orm.CalendarDate: "DateField", orm.DateTime: "DateTimeField",
	orm.JSONValue: "JSONField", orm.ImagePath: "FileField", orm.ForeignKey: "ForeignKey", orm.OneToOne: "OneToOneField",
	orm.ManyToMany: "ManyToManyField",
}

var onDelete = map[orm.OnDelete]string{orm.Cascade: "CASCADE", orm.Protect: "PROTECT", orm.SetNull: "SET_NULL"}

// describe says of our field what the reference says of its own.
func describe(f *orm.Field) description {
	d := description{
		Name: f.Name, Type: kinds[f.Kind], Column: f.Column, Null: f.Null, Blank: f.Blank, Unique: f.Unique,
		PrimaryKey: f.PrimaryKey, Editable: f.Editable, MaxLength: f.MaxLength, MaxDigits: f.MaxDigits,
		DecimalPlaces: f.DecimalPlaces, Label: f.Label, Help: f.Help, UploadTo: f.UploadTo,
	}
	if f.Related != nil {
		d.To = f.Related.Label()
		d.OnDelete = onDelete[f.OnDelete]
	}
	if f.Kind == orm.ManyToMany {
		d.Column, d.Table, d.OnDelete = f.Name, f.JoinTable, ""
	}
	for _, c := range f.Choices {
		d.Choices = append(d.Choices, []any{text(c.Value), c.Label})
	}
	if f.HasDefault {
		d.Default = f.Default
	}
	return d
}

// text is a value as JSON knows it.
func text(v any) any {
	data, _ := json.Marshal(v)
	var plain any
	json.Unmarshal(data, &plain)
	return plain
}

// expect brings the reference's description to what a Go declaration can say.
func expect(d description) description {
	if d.PrimaryKey {
		d.Blank, d.Unique = false, false // implied
		d.Editable = false
	}
	if d.Type == "UUIDField" {
		d.MaxLength = 0
	}
	switch v := d.Default.(type) {
	case string:
		d.Default = map[string]string{"now()": "now", "uuid4()": "uuid4", "dict()": "{}"}[v]
		if d.Default == "" {
			d.Default = v
		}
	case nil:
	default:
		d.Default = strings.TrimSpace(string(must(json.Marshal(v))))
	}
	if d.Type == "DateTimeField" && !d.Editable {
		d.Blank = false // automatic: nobody gives it
	}
	return d
}

func must(data []byte, _ error) []byte { return data }

func TestModelsAreTheReferences(t *testing.T) {
	data, err := os.ReadFile("../../conformance/testdata/interop/models.json")
	if err != nil {
		t.Fatal(err)
	}
	var reference map[string]modelDescription
	if err := json.Unmarshal(data, &reference); err != nil {
		t.Fatal(err)
	}
	reg, err := orm.NewRegistry(models.All()...)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range reg.Models() {
		label := m.Label()
		if label == "sessions.Row" {
			label = "sessions.Session"
		}
		t.Run(label, func(t *testing.T) {
			want, ok := reference[label]
			if !ok {
				t.Fatal("the reference has no such model")
			}
			compareModel(t, want, m)
		})
	}
}

func compareModel(t *testing.T, want modelDescription, m *orm.Model) {
	got := modelDescription{Table: m.Table, Ordering: m.Meta.Ordering, Verbose: m.Meta.Verbose}
	for _, u := range m.Meta.Unique {
		got.Together = append(got.Together, u.Fields)
	}
	for _, f := range m.Fields {
		d := describe(f)
		if d.PrimaryKey {
			d.Unique, d.Blank, d.Editable = false, false, false
		}
		if d.Type == "DateTimeField" && !d.Editable {
			d.Blank = false
		}
		got.Fields = append(got.Fields, d)
	}
	for i := range want.Fields {
		want.Fields[i] = expect(want.Fields[i])
	}
	if len(want.Ordering) == 0 {
		want.Ordering = nil
	}
	if len(want.Together) == 0 {
		want.Together = nil
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-reference +ours):\n%s", diff)
	}
}

// TestReverses checks the names that relations have from the other side.
func TestReverses(t *testing.T) {
	reg, err := orm.NewRegistry(models.All()...)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"catalog.Category": "children products", "catalog.Tag": "products", "catalog.Product": "reviews order_items",
		"orders.Order": "items", "auth.User": "logentry_set auth_token outstandingtoken_set products reviews orders",
		"auth.Group": "user_set",
	}
	for label, want := range cases {
		var names []string
		for _, r := range reg.ByLabel(label).Reverses {
			names = append(names, r.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%s: got %s, want %s", label, got, want)
		}
	}
}

func TestAnnotations(t *testing.T) {
	reg, err := orm.NewRegistry(models.All()...)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range reg.Models() {
		for _, a := range m.Annotations {
			names = append(names, m.LabelLower()+"."+a.Name)
		}
	}
	want := []string{"catalog.category.product_count", "catalog.product.rating", "catalog.product.review_count"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
}

func TestSKUPattern(t *testing.T) {
	pattern := regexp.MustCompile(models.SKUPattern)
	for sku, want := range map[string]bool{
		"AB-123": true, "ABCDE-123456": true, "ABC-1234": true,
		"A-123": false, "ABCDEF-123": false, "AB-12": false, "AB-1234567": false, "ab-123": false, "AB123": false,
		"AB-123 ": false, "AB-12x": false, "": false, "AB": false, "ÄB-123": false, "AB-١٢٣": false,
	} {
		if got := pattern.MatchString(sku); got != want {
			t.Errorf("%q: got %v, want %v", sku, got, want)
		}
	}
}

func TestTotals(t *testing.T) {
	item := func(quantity int64, price string) *models.OrderItem {
		return &models.OrderItem{Quantity: quantity, UnitPrice: orm.MustDecimal(price)}
	}
	cases := []struct {
		name  string
		order models.Order
		want  string
	}{
		{"no items", models.Order{}, "0.00"},
		{"items", models.Order{Items: []*models.OrderItem{item(3, "19.99"), item(1, "0.01")}}, "59.98"},
		{"the largest", models.Order{Items: []*models.OrderItem{item(2147483647, "99999999.99")}}, "214748364678525163.53"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := c.order.Total().String(); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

func TestInStock(t *testing.T) {
	for stock, want := range map[int64]bool{0: false, 1: true} {
		if got := (&models.Product{Stock: stock}).InStock(); got != want {
			t.Errorf("%d: got %v", stock, got)
		}
	}
}

func TestStrings(t *testing.T) {
	order := models.Order{}
	for got, want := range map[string]string{
		models.Category{Name: "c"}.String(): "c", models.Tag{Name: "t"}.String(): "t",
		models.Product{Name: "p"}.String(): "p", models.Review{Title: "r"}.String(): "r",
		order.String(): "00000000-0000-0000-0000-000000000000",
	} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
