package main

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
)

// JSON is a stored document.
type JSON json.RawMessage

// MarshalJSON implements json.Marshaler.
func (j JSON) MarshalJSON() ([]byte, error) { return j, nil }

// UnmarshalJSON implements json.Unmarshaler.
func (j *JSON) UnmarshalJSON(text []byte) error { //nolint:unparam // the interface has it
	*j = append((*j)[:0], text...)
	return nil
}

// Value implements driver.Valuer.
func (j JSON) Value() (driver.Value, error) { return string(j), nil } //nolint:unparam // the interface has the error

// Scan implements sql.Scanner.
func (j *JSON) Scan(value any) error {
	switch v := value.(type) {
	case []byte:
		*j = append((*j)[:0], v...)
	case string:
		*j = JSON(v)
	default:
		return fmt.Errorf("a document is stored as text, not as %T", value)
	}
	return nil
}

// Date is a day without a time.
type Date string

// Scan implements sql.Scanner.
func (d *Date) Scan(value any) error {
	switch v := value.(type) {
	case time.Time:
		*d = Date(v.Format(time.DateOnly))
	case string:
		*d = Date(v)
	case []byte:
		*d = Date(v)
	default:
		return fmt.Errorf("a date is not stored as %T", value)
	}
	return nil
}

// Category is a shelf of the catalogue.
type Category struct {
	ID       int64  `json:"id"`
	Name     string `json:"name"`
	Slug     string `json:"slug"`
	ParentID *int64 `json:"parent"`
}

// TableName is Django's.
func (Category) TableName() string { return "catalog_category" }

// Tag is a word that products are found by.
type Tag struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// TableName is Django's.
func (Tag) TableName() string { return "catalog_tag" }

// Product is something that is sold.
type Product struct {
	ID            int64           `json:"id"`
	SKU           string          `json:"sku" gorm:"column:sku"`
	Name          string          `json:"name"`
	Slug          string          `json:"slug"`
	Description   string          `json:"description"`
	CategoryID    int64           `json:"-"`
	Category      Category        `json:"category"`
	Tags          []Tag           `json:"tags" gorm:"many2many:catalog_product_tags;joinForeignKey:ProductID;joinReferences:TagID"`
	Price         decimal.Decimal `json:"price" gorm:"type:numeric(10,2)"`
	Stock         int32           `json:"stock"`
	Status        string          `json:"status"`
	Attributes    JSON            `json:"attributes" gorm:"type:jsonb"`
	Weight        *float64        `json:"weight"`
	AvailableFrom *Date           `json:"available_from"`
	Image         *string         `json:"image"`
	CreatedByID   *int64          `json:"created_by"`
	CreatedAt     time.Time       `json:"created_at"`
	UpdatedAt     time.Time       `json:"updated_at"`
}

// TableName is Django's.
func (Product) TableName() string { return "catalog_product" }

// User is an account.
type User struct {
	ID          int64
	Username    string
	Email       string
	IsActive    bool
	IsStaff     bool
	IsSuperuser bool
}

// TableName is Django's.
func (User) TableName() string { return "auth_user" }

// Order is what a customer bought at one time.
type Order struct {
	ID              uuid.UUID   `json:"id" gorm:"type:uuid;primaryKey"`
	CustomerID      int64       `json:"customer"`
	Status          string      `json:"status"`
	ShippingAddress JSON        `json:"shipping_address"`
	Note            string      `json:"note"`
	PlacedAt        time.Time   `json:"placed_at"`
	Items           []OrderItem `json:"items"`
}

// TableName is Django's.
func (Order) TableName() string { return "orders_order" }

// OrderItem is one product of an order.
type OrderItem struct {
	ID        int64           `json:"id"`
	OrderID   uuid.UUID       `json:"-" gorm:"type:uuid"`
	ProductID int64           `json:"product"`
	Quantity  int32           `json:"quantity"`
	UnitPrice decimal.Decimal `json:"unit_price"`
}

// TableName is Django's.
func (OrderItem) TableName() string { return "orders_orderitem" }

// Page is a list's answer.
type Page struct {
	Count    int64     `json:"count"`
	Next     *string   `json:"next"`
	Previous *string   `json:"previous"`
	Results  []Product `json:"results"`
}
