package rest_test

import (
	"fmt"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/rest"
)

// A filter set: filters of fields with their lookups, renamed ones, and one with a condition of its own.
func ExampleFilters() {
	filters := rest.Filters{
		rest.By("price", "exact", "gte", "lte"), // ?price= ?price__gte= ?price__lte=
		rest.By("category__slug", "exact", "in"),
		{Name: "min_price", Field: "price", Lookup: "gte"},
		{Name: "created", Field: "created_at", Kind: rest.FilterDateFromToRange}, // ?created_after= ?created_before=
		{Name: "tag", Field: "tags", To: "name", Kind: rest.FilterModelMultipleChoice},
		{Name: "in_stock", Kind: rest.FilterBoolean, Method: func(_ *rest.Request, q *gorm.DB, value any) *gorm.DB {
			if value.(bool) {
				return q.Where("catalog_product.stock > 0")
			}
			return q.Where("catalog_product.stock = 0")
		}},
	}
	fmt.Println(len(filters), filters[2].Name)
	// Output: 6 min_price
}

// The three paginations.
func ExamplePagination() {
	paginations := []rest.Pagination{
		rest.PageNumber{Size: 20, SizeParam: "page_size", MaxSize: 100},
		rest.LimitOffset{Default: 25, Max: 200},
		rest.Cursor{Size: 20, Order: []string{"-created_at", "id"}},
		rest.NoPagination,
	}
	fmt.Println(len(paginations))
	// Output: 4
}
