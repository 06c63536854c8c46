package main

import (
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// CategoryData is a category.
type CategoryData struct {
	ID     int64                  `json:"id"`
	Name   string                 `json:"name"`
	Slug   string                 `json:"slug"`
	Parent rest.Related[Category] `json:"parent"`
}

// TagData is a tag.
type TagData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// ProductData is a product: category and tags are read nested and written by key.
type ProductData struct {
	ID            int64                       `json:"id"`
	SKU           string                      `json:"sku"`
	Name          string                      `json:"name"`
	Slug          string                      `json:"slug"`
	Description   string                      `json:"description"`
	Category      CategoryData                `json:"category" rest:"readonly"`
	CategoryID    rest.Related[Category]      `json:"category_id" rest:"writeonly,declared,source=Category"`
	Tags          []TagData                   `json:"tags" rest:"readonly"`
	TagIDs        []rest.Related[Tag]         `json:"tag_ids" rest:"writeonly,declared,optional,source=Tags"`
	Price         orm.Decimal                 `json:"price"`
	Stock         int64                       `json:"stock"`
	Status        ProductStatus               `json:"status"`
	Attributes    orm.JSON                    `json:"attributes"`
	Weight        *float64                    `json:"weight"`
	AvailableFrom *orm.Date                   `json:"available_from"`
	Image         *orm.File                   `json:"image"`
	CreatedBy     rest.Related[identity.User] `json:"created_by" rest:"readonly"`
	CreatedAt     time.Time                   `json:"created_at"`
	UpdatedAt     time.Time                   `json:"updated_at"`
}

var productForm = &rest.ModelSerializer[Product, ProductData]{
	Fields: func(d *ProductData) []rest.FieldOption {
		return []rest.FieldOption{rest.Matches(&d.SKU, `^[A-Z0-9][A-Z0-9-]*$`, "Enter a valid value.")}
	},
}

// OrderItemData is a line of an order.
type OrderItemData struct {
	ID        int64                 `json:"id"`
	Product   rest.Related[Product] `json:"product" rest:"lock"`
	Quantity  int64                 `json:"quantity"`
	UnitPrice orm.Decimal           `json:"unit_price" rest:"readonly"`
}

var orderItemForm = &rest.ModelSerializer[OrderItem, OrderItemData]{}

// OrderData is an order with its lines.
type OrderData struct {
	ID              uuid.UUID                   `json:"id"`
	Customer        rest.Related[identity.User] `json:"customer" rest:"readonly"`
	Status          OrderStatus                 `json:"status" rest:"readonly"`
	ShippingAddress orm.JSON                    `json:"shipping_address"`
	Note            string                      `json:"note"`
	PlacedAt        time.Time                   `json:"placed_at"`
	Items           []OrderItemData             `json:"items"`
}

var orderForm = &rest.ModelSerializer[Order, OrderData]{
	Fields: func(d *OrderData) []rest.FieldOption {
		return []rest.FieldOption{rest.Nested(&d.Items, orderItemForm), rest.Field(&d.Items, someAndOnce)}
	},
	Create: placeOrder,
}

// someAndOnce refuses an order without lines, and one that names a product twice.
func someAndOnce(items []OrderItemData) error {
	if len(items) == 0 {
		return rest.Invalid("This list may not be empty.")
	}
	seen := make(map[int64]bool, len(items))
	for _, item := range items {
		id := item.Product.Object.ID
		if seen[id] {
			return rest.Invalid("Duplicate product.")
		}
		seen[id] = true
	}
	return nil
}
