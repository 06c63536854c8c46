package viewsets_test

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
)

// tablesOf are the kinds of statements with the first table of each: "SELECT catalog_tag". A table outside of parentheses goes
// before one inside.
func tablesOf(texts []string) []string {
	list := make([]string, len(texts))
	for i, text := range texts {
		words := strings.Fields(text)
		if words[0] == "SELECT" {
			words = append(strings.Fields(outermost(text)), words...)
		}
		before := func(word string) bool { return word == "FROM" || word == "INTO" || word == "UPDATE" }
		list[i] = words[0] + " " + strings.Trim(words[slices.IndexFunc(words, before)+1], `"`)
	}
	return list
}

var innermost = regexp.MustCompile(`\([^()]*\)`)

// outermost is a statement without what stands in parentheses.
func outermost(text string) string {
	for innermost.MatchString(text) {
		text = innermost.ReplaceAllString(text, "")
	}
	return text
}

// TestStatementsOfANewProduct: a product with three tags, two unique fields and a category takes one statement for each of what
// it names, one for what must be unique and, on PostgreSQL, one to be stored with its tags.
func TestStatementsOfANewProduct(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 10)
		must(t, s.db.Gorm.WithContext(t.Context()).Create(&models.Tag{Name: "old"}).Error)
		admin := s.as(t, "admin", true)
		ctx, count := orm.CountStatements(t.Context())
		admin.Context = ctx
		a := admin.Post("/api/products/", `{"sku":"NEW-0001","name":"New","slug":"new","category":1,"tags":["green","new","old"],"price":"9.90"}`)
		if a.Status != http.StatusCreated {
			t.Fatal(a)
		}
		got := tablesOf(count.Texts())
		want := []string{"SELECT auth_user", "SELECT catalog_category", "SELECT catalog_tag", "SELECT catalog_product", "WITH catalog_product"}
		if s.db.Dialect() == orm.SQLite {
			want = append(want[:4], "INSERT catalog_product", "INSERT catalog_product_tags")
		}
		if len(got) < len(want) {
			t.Fatalf("%q", count.Texts())
		}
		if diff := cmp.Diff(want, got[:len(want)]); diff != "" {
			t.Errorf("%s\n%q", diff, count.Texts())
		}
		for _, text := range count.Texts()[len(want):] { // what is shown of the new product
			if !strings.HasPrefix(text, "SELECT") {
				t.Errorf("%s", text)
			}
		}
		if n := s.count(t, "SELECT COUNT(*) FROM catalog_product_tags WHERE product_id = ?", a.Field("id")); n != 3 {
			t.Errorf("the product has %d tags", n)
		}
	})
}

// TestStatementsOfALongOrder: an order of ten lines issues the statements of one with a single line.
func TestStatementsOfALongOrder(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 10, 100)
		ann := s.as(t, "ann", false)
		place := func(products ...int) []string {
			ctx, count := orm.CountStatements(t.Context())
			ann.Context = ctx
			if a := ann.Post("/api/orders/", order(products...)); a.Status != http.StatusCreated {
				t.Fatal(a)
			}
			return tablesOf(count.Texts())
		}
		one, ten := place(1), place(10, 9, 8, 7, 6, 5, 4, 3, 2, 1)
		if s.db.Dialect() == orm.SQLite { // which gives one key at a time, without a way to the database
			ten = withoutRepeats(ten, "INSERT orders_orderitem")
		}
		if diff := cmp.Diff(one, ten); diff != "" {
			t.Errorf("one line, ten lines:\n%s", diff)
		}
		if left := s.count(t, "SELECT SUM(stock) FROM catalog_product"); left != 1000-11 {
			t.Errorf("%d pieces are left", left)
		}
	})
}

// withoutRepeats leaves one of statements of a kind that follow each other.
func withoutRepeats(list []string, kind string) (out []string) {
	for i, s := range list {
		if s != kind || i == 0 || list[i-1] != kind {
			out = append(out, s)
		}
	}
	return out
}
