package models

import (
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// OrderStatus is how far an order has come.
type OrderStatus string

// The states of an order, in the order they are passed through; a cancelled one stays cancelled.
const (
	OrderPending   OrderStatus = "pending"
	OrderPaid      OrderStatus = "paid"
	OrderShipped   OrderStatus = "shipped"
	OrderCancelled OrderStatus = "cancelled"
)

// Choices are the states with their labels.
func (OrderStatus) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: OrderPending, Label: "Pending"},
		{Value: OrderPaid, Label: "Paid"},
		{Value: OrderShipped, Label: "Shipped"},
		{Value: OrderCancelled, Label: "Cancelled"},
	}
}

// Order is what a customer bought at one time. Its items keep the prices of that moment.
type Order struct {
	ID              uuid.UUID      `gorm:"primaryKey" json:"id" orm:"readonly,default=uuid4"`
	CustomerID      int64          `json:"customer"`
	Customer        *identity.User `json:"-" orm:"on_delete=protect,related=orders"`
	Status          OrderStatus    `gorm:"size:10" json:"status" orm:"default=pending"`
	ShippingAddress orm.JSON       `json:"shipping_address"`
	Note            string         `json:"note" orm:"blank"`
	PlacedAt        time.Time      `json:"placed_at" orm:"readonly,default=now"`

	Items []*OrderItem `gorm:"foreignKey:OrderID" json:"-"`
}

// Meta describes the table in Django's terms.
func (Order) Meta() orm.Meta {
	return orm.Meta{App: "orders", Ordering: []string{"-placed_at", "id"}}
}

// TableName is Django's.
func (Order) TableName() string { return "orders_order" }

// String is the id.
func (o Order) String() string { return o.ID.String() }

// Total is the sum of the items. It needs Items to be loaded.
func (o *Order) Total() orm.Decimal {
	total := orm.MustDecimal("0.00")
	for _, item := range o.Items {
		total = total.Add(item.LineTotal())
	}
	return total
}

// OrderItem is one product of an order.
type OrderItem struct {
	ID        int64       `gorm:"primaryKey" json:"id" orm:"label=ID"`
	OrderID   uuid.UUID   `json:"order"`
	Order     *Order      `json:"-" orm:"on_delete=cascade,related=items"`
	ProductID int64       `json:"product"`
	Product   *Product    `json:"-" orm:"on_delete=protect,related=order_items"`
	Quantity  int64       `json:"quantity" orm:"positive" validate:"gte=1"`
	UnitPrice orm.Decimal `gorm:"precision:10;scale:2" json:"unit_price"`
}

// Meta describes the table in Django's terms.
func (OrderItem) Meta() orm.Meta {
	return orm.Meta{
		App:      "orders",
		Verbose:  "order item",
		Ordering: []string{"id"},
		Unique:   []orm.Unique{{Fields: []string{"order", "product"}}},
	}
}

// TableName is Django's.
func (OrderItem) TableName() string { return "orders_orderitem" }

// LineTotal is the price of all pieces.
func (i *OrderItem) LineTotal() orm.Decimal {
	return i.UnitPrice.Mul(orm.DecimalFromInt(i.Quantity))
}
