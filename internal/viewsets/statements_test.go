package viewsets_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/resttest"
)

// grow brings the shop to n products, orders and further users; every order has three lines.
func (s *shop) grow(t *testing.T, have, n int) {
	t.Helper()
	s.products(t, have+1, n-have, 1000)
	g := s.db.Gorm.WithContext(t.Context())
	for i := have + 1; i <= n; i++ {
		user, err := s.users.CreateUser(t.Context(), identity.NewUser{Username: fmt.Sprintf("user%d", i), Password: "x"})
		must(t, err)
		must(t, g.Exec("INSERT INTO auth_group (name) VALUES (?)", fmt.Sprintf("group%d", i)).Error)
		must(t, g.Exec("INSERT INTO auth_user_groups (user_id, group_id) SELECT ?, id FROM auth_group", user.ID).Error)
		o := &models.Order{ID: uuid.New(), CustomerID: user.ID, Status: models.OrderPending, ShippingAddress: orm.JSON("{}"), PlacedAt: g.NowFunc()}
		must(t, g.Create(o).Error)
		for product := max(1, i-2); product <= i; product++ {
			must(t, g.Create(&models.OrderItem{OrderID: o.ID, ProductID: int64(product), Quantity: 1, UnitPrice: orm.MustDecimal("1")}).Error)
		}
		must(t, g.Create(&models.Review{ID: uuid.New(), ProductID: int64(i), AuthorID: user.ID, Rating: 5, Title: "Good", CreatedAt: g.NowFunc()}).Error)
	}
}

// TestStatementsOfLists: a list of 1, 10 and 100 rows issues the same number of statements: one for the rows, one for their
// number, one for each to-many relation, and one for the account that a token names.
func TestStatementsOfLists(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		admin := s.as(t, "admin", true)
		lists := []struct {
			path   string
			client *resttest.Client
			most   int64
		}{
			{"/api/products/?page_size=100", s.Client, 2 + 1}, // tags
			{"/api/products/?page_size=100&search=tea&ordering=rating", s.Client, 2 + 1},
			{"/api/products/low_stock/?page_size=100&threshold=10000", s.Client, 2 + 1},
			{"/api/categories/?page_size=100", s.Client, 2},
			{"/api/categories/1/products/?page_size=100", s.Client, 2 + 1 + 1}, // the category itself
			{"/api/tags/", s.Client, 1},
			{"/api/reviews/?page_size=50", s.Client, 2},
			{"/api/orders/?page_size=100", admin, 2 + 1 + 1}, // lines with their products, the account
			{"/api/users/?page_size=100", admin, 2 + 1 + 1},  // groups, the account
			{"/api/groups/?page_size=100", admin, 2 + 1 + 1}, // permissions, the account
		}
		first := map[string]int64{}
		have := 0
		for _, n := range []int{1, 10, 100} {
			s.grow(t, have, n)
			have = n
			got := map[string]int64{}
			for _, l := range lists {
				a := l.client.Get(l.path)
				if a.Status != 200 {
					t.Fatalf("%s: %.300s", l.path, a)
				}
				if got[l.path] = a.Statements; a.Statements > l.most {
					t.Errorf("%s with %d rows: %d statements, want at most %d", l.path, n, a.Statements, l.most)
				}
			}
			if n == 1 {
				first = got
			}
			if diff := cmp.Diff(first, got); diff != "" {
				t.Errorf("%d rows (-1 row +%d rows):\n%s", n, n, diff)
			}
		}
		if rows := len(s.Get("/api/products/?page_size=100").List()); rows != 100 {
			t.Errorf("the list had %d rows", rows)
		}
		if rows := len(admin.Get("/api/orders/?page_size=100").List()); rows != 100 {
			t.Errorf("the orders were %d", rows)
		}
	})
}

// TestStatementsOfAnOrder: placing an order with ten lines takes as many statements besides those of the lines as one with
// a single line.
func TestStatementsOfAnOrder(t *testing.T) {
	each(t, func(t *testing.T, s *shop) {
		s.products(t, 1, 10, 100)
		ann := s.as(t, "ann", false)
		one := ann.Post("/api/orders/", order(1))
		ten := ann.Post("/api/orders/", order(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
		if one.Status != 201 || ten.Status != 201 {
			t.Fatalf("%s\n%s", one, ten)
		}
		if further := ten.Statements - one.Statements; further > 9 { // the stock of each product
			t.Errorf("nine further lines cost %d statements", further)
		}
	})
}
