package viewsets_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
)

// TestLowStock: the threshold is whatever Python's int() takes, of any size.
func TestLowStock(t *testing.T) {
	const refused = `400 {"threshold":["A valid integer is required."]}`
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 3)
		s.products(t, 2, 1, 10)
		s.products(t, 3, 1, 2_000_000_000)
		for threshold, want := range map[string]string{
			"":                           refused,
			"x":                          refused,
			"1.0":                        refused,
			"1__0":                       refused,
			strings.Repeat("9", 4301):    refused,
			"3":                          "0 products",
			"4":                          "1 products",
			" 1_1 ":                      "2 products",
			"١١":                         "2 products",
			"-1":                         "0 products",
			"2147483647":                 "3 products",
			"2147483648":                 "3 products",
			"9223372036854775808":        "3 products",
			strings.Repeat("9", 100):     "3 products",
			"-2147483649":                "0 products",
			"-" + strings.Repeat("9", 9): "0 products",
			"-9223372036854775809":       "0 products",
		} {
			a := s.Get("/api/products/low_stock/?threshold=" + url.QueryEscape(threshold))
			got := a.String()
			if a.Status == 200 {
				got = fmt.Sprint(a.Field("count"), " products")
			}
			if got != want {
				t.Errorf("%.30q: got %s, want %s", threshold, got, want)
			}
		}
		if a := s.Get("/api/products/low_stock/"); fmt.Sprint(a.Field("count")) != "1" {
			t.Errorf("without a threshold it is 10: %s", a)
		}
	})
}
