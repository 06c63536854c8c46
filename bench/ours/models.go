package main

import (
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// allModels are the models of the benchmark besides those that every application has.
func allModels() []any {
	return []any{&Category{}, &Tag{}, &Product{}, &Review{}, &Order{}, &OrderItem{}}
}

// Category is a shelf of the catalogue.
type Category struct {
	ID       int64     `gorm:"primaryKey" json:"id" orm:"label=ID"`
	Name     string    `gorm:"size:100;unique" json:"name"`
	Slug     string    `gorm:"size:50;unique" json:"slug" orm:"slug"`
	ParentID *int64    `json:"parent"`
	Parent   *Category `json:"-" orm:"blank,on_delete=cascade"`
}

// Meta describes the table in Django's terms.
func (Category) Meta() orm.Meta { return orm.Meta{App: "catalog"} }

// TableName is Django's.
func (Category) TableName() string { return "catalog_category" }

// Tag is a word that products are found by.
type Tag struct {
	ID   int64  `gorm:"primaryKey" json:"id" orm:"label=ID"`
	Name string `gorm:"size:50;unique" json:"name"`
}

// Meta describes the table in Django's terms.
func (Tag) Meta() orm.Meta { return orm.Meta{App: "catalog"} }

// TableName is Django's.
func (Tag) TableName() string { return "catalog_tag" }

// ProductStatus says who sees a product.
type ProductStatus string

// Choices are the states with their labels.
func (ProductStatus) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: ProductStatus("draft"), Label: "Draft"},
		{Value: ProductStatus("active"), Label: "Active"},
		{Value: ProductStatus("archived"), Label: "Archived"},
	}
}

// Product is something that is sold.
type Product struct {
	ID            int64          `gorm:"primaryKey" json:"id" orm:"label=ID"`
	SKU           string         `gorm:"column:sku;size:32;unique" json:"sku"`
	Name          string         `gorm:"size:200" json:"name"`
	Slug          string         `gorm:"size:50;unique" json:"slug" orm:"slug"`
	Description   string         `json:"description" orm:"blank"`
	CategoryID    int64          `json:"category"`
	Category      *Category      `json:"-" orm:"on_delete=protect,related=products"`
	Tags          []*Tag         `gorm:"many2many:catalog_product_tags" json:"tags" orm:"blank"`
	Price         orm.Decimal    `gorm:"precision:10;scale:2" json:"price" validate:"gte=0"`
	Stock         int64          `json:"stock" orm:"positive,default=0"`
	Status        ProductStatus  `gorm:"size:10" json:"status" orm:"default=draft"`
	Attributes    orm.JSON       `json:"attributes" orm:"blank,default={}"`
	Weight        *float64       `json:"weight" orm:"blank"`
	AvailableFrom *orm.Date      `json:"available_from" orm:"blank"`
	Image         *orm.File      `gorm:"size:100" json:"image" orm:"image,blank,upload_to=products/"`
	CreatedByID   *int64         `json:"created_by"`
	CreatedBy     *identity.User `json:"-" orm:"blank,on_delete=set_null"`
	CreatedAt     time.Time      `gorm:"autoCreateTime" json:"created_at"`
	UpdatedAt     time.Time      `gorm:"autoUpdateTime" json:"updated_at"`
}

// Meta describes the table in Django's terms.
func (Product) Meta() orm.Meta {
	return orm.Meta{
		App:      "catalog",
		Ordering: []string{"id"},
		Indexes:  []orm.Index{{Fields: []string{"category", "-price"}, Name: priceIndex}},
	}
}

// TableName is Django's.
func (Product) TableName() string { return "catalog_product" }

// Review is what one user thinks of one product.
type Review struct {
	ID        uuid.UUID      `gorm:"primaryKey" json:"id" orm:"readonly,default=uuid4"`
	ProductID int64          `json:"product"`
	Product   *Product       `json:"-" orm:"on_delete=cascade,related=reviews"`
	AuthorID  int64          `json:"author"`
	Author    *identity.User `json:"-" orm:"on_delete=cascade"`
	Rating    int64          `json:"rating" orm:"positive_small" validate:"gte=1,lte=5"`
	Title     string         `gorm:"size:120" json:"title"`
	Body      string         `json:"body" orm:"blank"`
	CreatedAt time.Time      `gorm:"autoCreateTime" json:"created_at"`
}

// Meta describes the table in Django's terms.
func (Review) Meta() orm.Meta {
	return orm.Meta{App: "catalog", Unique: []orm.Unique{{Fields: []string{"product", "author"}}}}
}

// TableName is Django's.
func (Review) TableName() string { return "catalog_review" }

// OrderStatus is how far an order has come.
type OrderStatus string

// Choices are the states with their labels.
func (OrderStatus) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: OrderStatus("pending"), Label: "Pending"},
		{Value: OrderStatus("paid"), Label: "Paid"},
		{Value: OrderStatus("shipped"), Label: "Shipped"},
		{Value: OrderStatus("cancelled"), Label: "Cancelled"},
	}
}

// Order is what a customer bought at one time.
type Order struct {
	ID              uuid.UUID      `gorm:"primaryKey" json:"id" orm:"readonly,default=uuid4"`
	CustomerID      int64          `json:"customer"`
	Customer        *identity.User `json:"-" orm:"on_delete=cascade"`
	Status          OrderStatus    `gorm:"size:10" json:"status" orm:"default=pending"`
	ShippingAddress orm.JSON       `json:"shipping_address" orm:"default={}"`
	Note            string         `json:"note" orm:"blank"`
	PlacedAt        time.Time      `gorm:"autoCreateTime" json:"placed_at"`
	Items           []*OrderItem   `gorm:"foreignKey:OrderID" json:"-"`
}

// Meta describes the table in Django's terms.
func (Order) Meta() orm.Meta { return orm.Meta{App: "orders"} }

// TableName is Django's.
func (Order) TableName() string { return "orders_order" }

// OrderItem is one product of an order, at the price of that moment.
type OrderItem struct {
	ID        int64       `gorm:"primaryKey" json:"id" orm:"label=ID"`
	OrderID   uuid.UUID   `json:"order"`
	Order     *Order      `json:"-" orm:"on_delete=cascade,related=items"`
	ProductID int64       `json:"product"`
	Product   *Product    `json:"-" orm:"on_delete=protect"`
	Quantity  int64       `json:"quantity" orm:"positive" validate:"gte=1"`
	UnitPrice orm.Decimal `gorm:"precision:10;scale:2" json:"unit_price"`
}

// Meta describes the table in Django's terms.
func (OrderItem) Meta() orm.Meta {
	return orm.Meta{
		App: "orders", Verbose: "order item",
		Unique: []orm.Unique{{Fields: []string{"order", "product"}}},
	}
}

// TableName is Django's.
func (OrderItem) TableName() string { return "orders_orderitem" }
