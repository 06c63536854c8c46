package viewsets_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/resttest"
)

// TestOversell: 200 customers want one of 50 pieces at the same time; exactly 50 get one.
func TestOversell(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 50)
		ann := s.as(t, "ann", false)
		statuses, odd := crowd(200, func(int) *resttest.Answer { return ann.Clone().Post("/api/orders/", order(1)) })
		if diff := cmp.Diff(map[int]int{http.StatusCreated: 50, http.StatusBadRequest: 150}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s%.500q", diff, odd)
		}
		if left, sold := s.count(t, "SELECT stock FROM catalog_product"), s.count(t, "SELECT COUNT(*) FROM orders_orderitem"); left != 0 || sold != 50 {
			t.Errorf("%d pieces are left, %d are sold", left, sold)
		}
		if empty := s.count(t, "SELECT COUNT(*) FROM orders_order WHERE id NOT IN (SELECT order_id FROM orders_orderitem)"); empty != 0 {
			t.Errorf("%d orders without lines are left of refused ones", empty)
		}
		a := ann.Post("/api/orders/", order(1))
		if want := `400 {"items":{"0":{"quantity":["Only 0 left in stock."]}}}`; a.String() != want {
			t.Errorf("got %s, want %s", a, want)
		}
	})
}

// TestCancelRace: of 12 cancellations of one order one is made, and the stock comes back once.
func TestCancelRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 2, 10)
		ann := s.as(t, "ann", false)
		placed := ann.Post("/api/orders/", order(1, 2))
		if placed.Status != http.StatusCreated {
			t.Fatal(placed)
		}
		path := fmt.Sprintf("/api/orders/%s/cancel/", placed.Field("id"))
		statuses, odd := crowd(12, func(int) *resttest.Answer { return ann.Clone().Post(path, nil) })
		if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusConflict: 11}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s%.500q", diff, odd)
		}
		if stock := s.count(t, "SELECT SUM(stock) FROM catalog_product"); stock != 20 {
			t.Errorf("the stock is %d, want 20", stock)
		}
	})
}

// TestPayAndCancelRace: whichever comes first, the order ends cancelled and its stock is back, or it is shipped and stays.
func TestPayAndCancelRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 10)
		admin := s.as(t, "admin", true)
		id := admin.Post("/api/orders/", order(1)).Field("id")
		must(t, s.db.Gorm.Exec("UPDATE orders_order SET status = 'paid'").Error)
		statuses, odd := crowd(12, func(i int) *resttest.Answer {
			return admin.Clone().Post(fmt.Sprintf("/api/orders/%s/%s/", id, []string{"ship", "cancel"}[i%2]), nil)
		})
		if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusConflict: 11}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s%.500q", diff, odd)
		}
		stock := s.count(t, "SELECT stock FROM catalog_product")
		cancelled := s.count(t, "SELECT COUNT(*) FROM orders_order WHERE status = 'cancelled'")
		if stock != 9+cancelled {
			t.Errorf("the stock is %d with %d orders cancelled", stock, cancelled)
		}
	})
}

// TestOrdersDoNotDeadlock: orders that name the same products in opposite order wait for each other.
func TestOrdersDoNotDeadlock(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 4, 1000)
		ann := s.as(t, "ann", false)
		statuses, odd := crowd(40, func(i int) *resttest.Answer {
			products := []int{1, 2, 3, 4}
			if i%2 == 1 {
				slices.Reverse(products)
			}
			return ann.Clone().Post("/api/orders/", order(products...))
		})
		if diff := cmp.Diff(map[int]int{http.StatusCreated: 40}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s%.500q", diff, odd)
		}
		if stock := s.count(t, "SELECT SUM(stock) FROM catalog_product"); stock != 4*(1000-40) {
			t.Errorf("the stock is %d, want %d", stock, 4*(1000-40))
		}
	})
}

// TestOrdersAndCancellationsDoNotDeadlock: both lock the products in the same order.
func TestOrdersAndCancellationsDoNotDeadlock(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 3, 1000)
		ann := s.as(t, "ann", false)
		var placed []any
		for range 15 {
			placed = append(placed, ann.Post("/api/orders/", order(3, 2, 1)).Field("id"))
		}
		statuses, odd := crowd(30, func(i int) *resttest.Answer {
			if i%2 == 0 {
				return ann.Clone().Post(fmt.Sprintf("/api/orders/%s/cancel/", placed[i/2]), nil)
			}
			return ann.Clone().Post("/api/orders/", order(2, 3, 1))
		})
		if diff := cmp.Diff(map[int]int{http.StatusCreated: 15, http.StatusOK: 15}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s%.500q", diff, odd)
		}
		if stock := s.count(t, "SELECT SUM(stock) FROM catalog_product"); stock != 3*(1000-15) {
			t.Errorf("the stock is %d, want %d", stock, 3*(1000-15))
		}
	})
}

// TestPricesAndOrdersDoNotDisturbEachOther: a change of the price leaves the stock alone that orders take meanwhile, and a
// delivery adds to it.
func TestPricesAndOrdersDoNotDisturbEachOther(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 100)
		admin, ann := s.as(t, "admin", true), s.as(t, "ann", false)
		statuses, odd := crowd(45, func(i int) *resttest.Answer {
			switch i % 3 {
			case 0:
				return admin.Clone().Patch("/api/products/1/", map[string]any{"price": fmt.Sprintf("%d.00", 1+i)})
			case 1:
				return admin.Clone().Post("/api/products/1/restock/", map[string]any{"quantity": 10})
			}
			return ann.Clone().Post("/api/orders/", order(1))
		})
		if diff := cmp.Diff(map[int]int{http.StatusOK: 30, http.StatusCreated: 15}, statuses); diff != "" {
			t.Errorf("answers (-want +got):\n%s%.500q", diff, odd)
		}
		if stock := s.count(t, "SELECT stock FROM catalog_product"); stock != 100+15*10-15 {
			t.Errorf("the stock is %d, want %d", stock, 100+15*10-15)
		}
	})
}

// TestReviewsRace: a user has one review of a product, however many are sent at once and by whichever address.
func TestReviewsRace(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 1)
		ann := s.as(t, "ann", false)
		statuses, odd := crowd(12, func(i int) *resttest.Answer {
			if i%2 == 0 {
				return ann.Clone().Post("/api/reviews/", `{"product":1,"rating":5,"title":"Good"}`)
			}
			return ann.Clone().Post("/api/products/1/reviews/", `{"rating":5,"title":"Good"}`)
		})
		if statuses[http.StatusCreated] != 1 || statuses[http.StatusCreated]+statuses[http.StatusBadRequest]+statuses[http.StatusConflict] != 12 {
			t.Errorf("answers %v %.500q", statuses, odd)
		}
		if n := s.count(t, "SELECT COUNT(*) FROM catalog_review"); n != 1 {
			t.Errorf("%d reviews, want 1", n)
		}
	})
}

// TestBulkIsAllOrNone: what one row breaks undoes the others, also when it breaks in the database.
func TestBulkIsAllOrNone(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 1, 1)
		admin := s.as(t, "admin", true)
		row := func(sku string) string {
			return fmt.Sprintf(`{"sku":"%s","name":"x","slug":"%s","category":1,"price":"1","tags":["green"]}`, sku, sku)
		}
		if a := admin.Post("/api/products/bulk/", "["+row("AB-001")+","+row("AB-001")+"]"); a.Status != http.StatusBadRequest {
			t.Errorf("a key twice: %s", a)
		}
		if n := s.count(t, "SELECT COUNT(*) FROM catalog_product"); n != 1 {
			t.Errorf("%d products are left", n-1)
		}
		if a := admin.Post("/api/products/bulk/", "["+row("AB-001")+","+row("AB-002")+"]"); a.Status != http.StatusCreated || len(a.List()) != 2 {
			t.Errorf("two: %s", a)
		}
	})
}
