package serializers

import (
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// AddressData is where an order goes.
type AddressData struct {
	Name       string `json:"name" rest:"maxlength=100"`
	Line1      string `json:"line1" rest:"maxlength=200"`
	Line2      string `json:"line2" rest:"optional,blank,maxlength=200"`
	City       string `json:"city" rest:"maxlength=100"`
	PostalCode string `json:"postal_code" rest:"regex,maxlength=10"`
	Country    string `json:"country" rest:"minlength=2,maxlength=2"`
}

// Address is the form of an address; countries are stored in upper case.
var Address = &rest.Serializer[AddressData]{
	Fields: func(d *AddressData) []rest.FieldOption {
		return []rest.FieldOption{
			rest.Matches(&d.PostalCode, `^[A-Za-z0-9][A-Za-z0-9 -]{1,9}$`, "This value does not match the required pattern."),
			rest.Clean(&d.Country, func(_ *rest.Request, country string) (string, error) { return strings.ToUpper(country), nil }),
		}
	},
}

// OrderItemData is a line of an order.
type OrderItemData struct {
	ID          int64                        `json:"id"`
	Product     rest.Related[models.Product] `json:"product" rest:"lock"`
	ProductName string                       `json:"product_name" rest:"readonly,source=Product.Name"`
	Quantity    int64                        `json:"quantity"`
	UnitPrice   orm.Decimal                  `json:"unit_price" rest:"readonly"`
	LineTotal   orm.Decimal                  `json:"line_total" rest:"decimal,digits=12,places=2"`
}

// OrderItem is the form of a line; only products on sale can be ordered.
var OrderItem = &rest.ModelSerializer[models.OrderItem, OrderItemData]{
	Fields: func(d *OrderItemData) []rest.FieldOption {
		return []rest.FieldOption{rest.Field(&d.Product, forSale)}
	},
}

func forSale(p rest.Related[models.Product]) error {
	if p.Object.Status != models.ProductActive {
		return rest.InvalidCode("not_for_sale", "This product is not for sale.")
	}
	return nil
}

// OrderData is an order with its lines.
type OrderData struct {
	ID              uuid.UUID                   `json:"id"`
	Customer        rest.Related[identity.User] `json:"customer" rest:"slug=Username,readonly"`
	Status          models.OrderStatus          `json:"status" rest:"readonly"`
	ShippingAddress AddressData                 `json:"shipping_address"`
	Note            string                      `json:"note"`
	Items           []OrderItemData             `json:"items" rest:"noempty"`
	Total           orm.Decimal                 `json:"total" rest:"decimal,digits=12,places=2"`
	PlacedAt        time.Time                   `json:"placed_at"`
}

// Order is the form of an order; placing one takes its products out of the stock.
var Order = &rest.ModelSerializer[models.Order, OrderData]{
	Fields: func(d *OrderData) []rest.FieldOption {
		return []rest.FieldOption{
			rest.Nested(&d.ShippingAddress, Address),
			rest.Nested(&d.Items, OrderItem),
			rest.Field(&d.Items, productsOnce),
		}
	},
	Create: placeOrder,
}

func productsOnce(items []OrderItemData) error {
	seen := map[int64]bool{}
	for _, item := range items {
		if seen[item.Product.Object.ID] {
			return rest.Invalid("A product may appear only once in an order.")
		}
		seen[item.Product.Object.ID] = true
	}
	return nil
}

// placeOrder stores an order and its lines and takes the stock, in as many statements for many lines as for one. The products
// are locked since the lines were read.
func placeOrder(r *rest.Request, in *rest.Input[OrderData]) (*models.Order, error) {
	lines := in.Data.Items
	if err := enoughStock(lines); err != nil {
		return nil, err
	}
	order := &models.Order{
		ID: uuid.New(), CustomerID: r.User().ID, Customer: r.User(), Status: models.OrderPending,
		ShippingAddress: in.JSON(&in.Data.ShippingAddress), Note: in.Data.Note, PlacedAt: r.DB().NowFunc(),
	}
	rows := []any{order}
	for _, line := range lines {
		product := line.Product.Object
		item := &models.OrderItem{
			OrderID: order.ID, ProductID: product.ID, Product: product, Quantity: line.Quantity, UnitPrice: product.Price,
		}
		order.Items, rows = append(order.Items, item), append(rows, item)
	}
	if err := r.QueueSave(rows...); err != nil {
		return nil, err
	}
	return order, r.Queue(models.TakeOrdered, order.ID)
}

// enoughStock reports every line that asks for more than there is.
func enoughStock(lines []OrderItemData) error {
	short := &rest.Fields{}
	for i, line := range lines {
		if left := line.Product.Object.Stock; left < line.Quantity {
			text := fmt.Sprintf("Only %d left in stock.", left)
			short.Set(fmt.Sprint(i), rest.ErrorFields("quantity", rest.List{rest.Message{Text: text, Code: "invalid"}}))
		}
	}
	if short.Len() > 0 {
		return rest.InvalidDetail(rest.ErrorFields("items", short))
	}
	return nil
}

// OrderUpdateData is what may change of an order that is placed: not its lines.
type OrderUpdateData struct {
	ID              uuid.UUID                   `json:"id"`
	Customer        rest.Related[identity.User] `json:"customer" rest:"slug=Username,readonly"`
	Status          models.OrderStatus          `json:"status" rest:"readonly"`
	ShippingAddress AddressData                 `json:"shipping_address"`
	Note            string                      `json:"note"`
	Items           []OrderItemData             `json:"items" rest:"readonly"`
	Total           orm.Decimal                 `json:"total" rest:"decimal,digits=12,places=2"`
	PlacedAt        time.Time                   `json:"placed_at"`
}

// OrderUpdate is the form of a change of an order: the keys of the address that are sent replace those stored.
var OrderUpdate = &rest.ModelSerializer[models.Order, OrderUpdateData]{
	Fields: func(d *OrderUpdateData) []rest.FieldOption {
		return []rest.FieldOption{rest.Nested(&d.ShippingAddress, Address), rest.Nested(&d.Items, OrderItem)}
	},
	Update: func(r *rest.Request, order *models.Order, in *rest.Input[OrderUpdateData]) (err error) {
		stored := order.ShippingAddress
		if err := in.Apply(r, order); err != nil || !in.Has(&in.Data.ShippingAddress) {
			return err
		}
		order.ShippingAddress, err = rest.MergeJSON(stored, in.JSON(&in.Data.ShippingAddress))
		return err
	},
}

// OrderCountsData counts orders by status.
type OrderCountsData struct {
	Pending   int64 `json:"pending"`
	Paid      int64 `json:"paid"`
	Shipped   int64 `json:"shipped"`
	Cancelled int64 `json:"cancelled"`
}

// OrderStatsData is what the shop sold.
type OrderStatsData struct {
	Orders   int64           `json:"orders"`
	ByStatus OrderCountsData `json:"by_status"`
	Revenue  orm.Decimal     `json:"revenue" rest:"places=2" doc:"Of paid and shipped orders."`
}

// OrderStats is the form of the sales figures.
var OrderStats = &rest.Serializer[OrderStatsData]{}
