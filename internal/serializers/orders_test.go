package serializers_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
)

const address = `{"name":"Ann","line1":"Road 1","city":"Bern","postal_code":"3000","country":"ch"}`

// order is the body of an order: ids and quantities in turn.
func order(items ...int64) string {
	lines := make([]string, 0, len(items)/2)
	for i := 0; i < len(items); i += 2 {
		lines = append(lines, fmt.Sprintf(`{"product":%d,"quantity":%d}`, items[i], items[i+1]))
	}
	return `{"shipping_address":` + address + `,"items":[` + strings.Join(lines, ",") + `]}`
}

func (c *counter) stock(t *testing.T, id int64) (n int64) {
	t.Helper()
	if err := c.db.Gorm.Model(&models.Product{}).Where("id = ?", id).Pluck("stock", &n).Error; err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAddressForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		const pattern = `400 {"postal_code":["This value does not match the required pattern."]}`
		with := func(part, other string) string { return strings.Replace(address, part, other, 1) }
		c.exchanges(t, []exchange{
			{"POST", "/address/", address, `200 {"name":"Ann","line1":"Road 1"…`},
			{"POST", "/address/", with("3000", "-300"), pattern},
			{"POST", "/address/", with("3000", "3"), pattern},
			{"POST", "/address/", with("3000", "3000_1"), pattern},
			{"POST", "/address/", with("3000", "１２３"), pattern},
			{"POST", "/address/", with("3000", "12345678901"), `400 {"postal_code":["Ensure this field has no more than 10 characters.","This value does not match the required pattern."]}`},
			{"POST", "/address/", with(`"ch"`, `"c"`), `400 {"country":["Ensure this field has at least 2 characters."]}`},
			{"POST", "/address/", with(`"ch"`, `"che"`), `400 {"country":["Ensure this field has no more than 2 characters."]}`},
			{"POST", "/address/", `{}`, `400 {"name":["This field is required."],"line1":["This field is required."],"city":["This field is required."],` +
				`"postal_code":["This field is required."],"country":["This field is required."]}`},
		})
		for _, code := range []string{"SW1A 1AA", "12-345", "ab"} {
			if a := c.Post("/address/", with("3000", code)); a.Status != 200 || a.Field("country") != "CH" || a.Field("postal_code") != code {
				t.Errorf("%s: %s", code, a)
			}
		}
	})
}

func TestOrderRefusals(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		few, many := product(t, c, "few", 2, "1.00", models.ProductActive), product(t, c, "many", 9, "2.00", models.ProductActive)
		draft := product(t, c, "draft", 9, "2.00", models.ProductDraft)
		c.exchanges(t, []exchange{
			{"POST", "/orders/", order(), `400 {"items":{"non_field_errors":["This list may not be empty."]}}`},
			{"POST", "/orders/", order(99, 1), `400 {"items":{"0":{"product":["Invalid pk \"99\" - object does not exist."]}}}`},
			{"POST", "/orders/", order(draft.ID, 1), `400 {"items":{"0":{"product":["This product is not for sale."]}}}`},
			{"POST", "/orders/", order(few.ID, 1, draft.ID, 0), `400 {"items":{"1":{"product":["This product is not for sale."],"quantity":["Ensure this value is greater than or equal to 1."]}}}`},
			{"POST", "/orders/", order(few.ID, 1, few.ID, 1), `400 {"items":["A product may appear only once in an order."]}`},
			{"POST", "/orders/", order(few.ID, 3, many.ID, 1), `400 {"items":{"0":{"quantity":["Only 2 left in stock."]}}}`},
			{"POST", "/orders/", order(many.ID, 10, few.ID, 2), `400 {"items":{"0":{"quantity":["Only 9 left in stock."]}}}`},
			{"POST", "/orders/", order(many.ID, 10, few.ID, 7), `400 {"items":{"0":{"quantity":["Only 9 left in stock."]},"1":{"quantity":["Only 2 left in stock."]}}}`},
		})
		var n int64
		if err := c.db.Gorm.Model(&models.Order{}).Count(&n).Error; err != nil || n != 0 || c.stock(t, few.ID) != 2 || c.stock(t, many.ID) != 9 {
			t.Errorf("refused orders left %d rows, %v, stocks %d and %d", n, err, c.stock(t, few.ID), c.stock(t, many.ID))
		}
	})
}

func TestOrderTakesStockAndKeepsPrices(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		first, second := product(t, c, "first", 5, "1.10", models.ProductActive), product(t, c, "second", 5, "20.00", models.ProductActive)
		a := c.Post("/orders/", strings.Replace(order(second.ID, 1, first.ID, 5), `"items"`, `"status":"paid","total":"0","customer":"bob","items"`, 1))
		hasKeys(t, a, "id", "customer", "status", "shipping_address", "note", "items", "total", "placed_at")
		if got := fmt.Sprintln(a.Status, a.Field("customer"), a.Field("status"), a.Field("total"), a.Field("note")); got != "201 alice pending 25.50 \n" {
			t.Errorf("%s", a)
		}
		if c.stock(t, first.ID) != 0 || c.stock(t, second.ID) != 4 {
			t.Errorf("stocks %d and %d, want 0 and 4", c.stock(t, first.ID), c.stock(t, second.ID))
		}
		if err := c.db.Gorm.Model(first).Updates(map[string]any{"price": orm.MustDecimal("9.99"), "name": "renamed"}).Error; err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/orders/%v/", a.Field("id"))
		lines := fmt.Sprintf(`"items":[{"id":1,"product":%d,"product_name":"second","quantity":1,"unit_price":"20.00","line_total":"20.00"},`+
			`{"id":2,"product":%d,"product_name":"renamed","quantity":5,"unit_price":"1.10","line_total":"5.50"}],"total":"25.50"`, second.ID, first.ID)
		if a := c.Get(path); !strings.Contains(a.Text(), lines) {
			t.Errorf("%s\nlacks %s", a, lines)
		}
	})
}

func TestOrderUpdateForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		p := product(t, c, "tea", 5, "1.00", models.ProductActive)
		path := fmt.Sprintf("/orders/%v/", c.Post("/orders/", order(p.ID, 1)).Field("id"))
		for _, e := range []struct{ body, address, note string }{
			{`{"note":"Ring twice."}`, `"country":"CH"`, "Ring twice."},
			{`{"shipping_address":{"city":"Basel","country":"de"}}`, `"name":"Ann","line1":"Road 1","city":"Basel","postal_code":"3000","country":"DE"`, "Ring twice."},
			{`{"items":[{"product":1,"quantity":4}],"status":"paid","total":"0.00","customer":"bob"}`, `"city":"Basel"`, "Ring twice."},
		} {
			a := c.Patch(path, e.body)
			if a.Status != 200 || !strings.Contains(strings.ReplaceAll(a.Text(), `"line2":"",`, ""), e.address) || a.Field("note") != e.note {
				t.Errorf("%s: %s\nwant address %s, note %s", e.body, a, e.address, e.note)
			}
			if got := fmt.Sprintln(a.Field("status"), a.Field("total"), a.Field("customer"), len(a.Field("items").([]any)), c.stock(t, p.ID)); got != "pending 1.00 alice 1 4\n" {
				t.Errorf("%s: %s", e.body, got)
			}
		}
		c.exchanges(t, []exchange{
			{"PATCH", path, `{"shipping_address":{"country":"x"}}`, `400 {"shipping_address":{"country":["Ensure this field has at least 2 characters."]}}`},
			{"PATCH", path, `{"shipping_address":null}`, `400 {"shipping_address":["This field may not be null."]}`},
		})
	})
}

// TestLastPieceIsSoldOnce: of many orders at once as many succeed as there are pieces.
func TestLastPieceIsSoldOnce(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		tea, cup := product(t, c, "tea", 3, "1.00", models.ProductActive), product(t, c, "cup", 100, "1.00", models.ProductActive)
		var wait sync.WaitGroup
		var mu sync.Mutex
		answers := map[string]int{}
		for i := range 12 {
			body := order(tea.ID, 1, cup.ID, 1)
			if i%2 == 1 {
				body = order(cup.ID, 1, tea.ID, 1) // the other order of locking
			}
			client := c.Clone()
			wait.Go(func() {
				a := client.Post("/orders/", body)
				mu.Lock()
				defer mu.Unlock()
				answers[fmt.Sprint(a.Status, strings.Contains(a.Text(), "Only 0 left in stock."))]++
			})
		}
		wait.Wait()
		if answers["201 false"] != 3 || answers["400 true"] != 9 || c.stock(t, tea.ID) != 0 || c.stock(t, cup.ID) != 97 {
			t.Errorf("answers %v, stocks %d and %d; want 3 orders and 9 refusals", answers, c.stock(t, tea.ID), c.stock(t, cup.ID))
		}
	})
}

func TestStatsForm(t *testing.T) {
	each(t, func(t *testing.T, c *counter) {
		const counts = `"orders":4,"by_status":{"pending":1,"paid":1,"shipped":1,"cancelled":1}`
		c.exchanges(t, []exchange{{"POST", "/stats/", `{` + counts + `,"revenue":"1.5"}`, `200 {` + counts + `,"revenue":"1.50"}`}})
	})
}
