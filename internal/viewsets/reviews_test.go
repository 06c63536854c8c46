package viewsets_test

import (
	"fmt"
	"net/http"
	"testing"
)

// TestReviewsOfOneProduct goes through the reviews below a product: they are objects of another model than the product's.
func TestReviewsOfOneProduct(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 2, 5)
		ann, ben := s.as(t, "ann", false), s.as(t, "ben", false)
		review := map[string]any{"rating": 4, "title": "Good"}
		if a := ann.Post("/api/products/1/reviews/", review); a.Status != http.StatusCreated || a.Field("author") != "ann" {
			t.Fatalf("first review: %s", a)
		}
		if a := ben.Post("/api/products/1/reviews/", review); a.Status != http.StatusCreated {
			t.Fatalf("another's review: %s", a)
		}
		if a := ann.Post("/api/products/1/reviews/", review); a.Status != http.StatusConflict {
			t.Errorf("second review: %s", a)
		}
		if a := ann.Post("/api/products/1/reviews/", map[string]any{"rating": 6}); a.Status != http.StatusBadRequest {
			t.Errorf("wrong review: %s", a)
		}
		if a := s.Post("/api/products/1/reviews/", review); a.Status != http.StatusUnauthorized {
			t.Errorf("nobody's review: %s", a)
		}
		for path, want := range map[string]string{"/api/products/1/reviews/": "2", "/api/products/2/reviews/": "0"} {
			if a := s.Get(path); a.Status != http.StatusOK || fmt.Sprint(a.Field("count")) != want {
				t.Errorf("%s: got %s, want a count of %s", path, a, want)
			}
		}
		if a := s.Get("/api/products/3/reviews/"); a.Status != http.StatusNotFound {
			t.Errorf("of no product: %s", a)
		}
		if a := s.Get("/api/products/1/"); fmt.Sprintf("%v %v", a.Field("rating"), a.Field("review_count")) != "4.0 2" {
			t.Errorf("the product does not count its reviews: %s", a)
		}
	})
}
