package models

import (
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// Category is a shelf of the shop. Categories form a tree; deleting one deletes those below it.
type Category struct {
	ID       int64     `gorm:"primaryKey" json:"id" orm:"label=ID"`
	Name     string    `gorm:"size:100;unique" json:"name"`
	Slug     string    `gorm:"size:50;unique" json:"slug" orm:"slug"`
	ParentID *int64    `json:"parent"`
	Parent   *Category `json:"-" orm:"blank,on_delete=cascade,related=children"`

	Children []*Category `gorm:"foreignKey:ParentID" json:"-"`
	Products []*Product  `gorm:"foreignKey:CategoryID" json:"-"`

	ProductCount int64 `gorm:"->;-:migration" json:"-" orm:"count=products"`
}

// Meta describes the table in Django's terms.
func (Category) Meta() orm.Meta {
	return orm.Meta{App: "catalog", VerboseMany: "categories", Ordering: []string{"name"}}
}

// TableName is Django's.
func (Category) TableName() string { return "catalog_category" }

// String is the name.
func (c Category) String() string { return c.Name }

// Tag is a word that products are found by.
type Tag struct {
	ID   int64  `gorm:"primaryKey" json:"id" orm:"label=ID"`
	Name string `gorm:"size:50;unique" json:"name"`
}

// Meta describes the table in Django's terms.
func (Tag) Meta() orm.Meta { return orm.Meta{App: "catalog", Ordering: []string{"name"}} }

// TableName is Django's.
func (Tag) TableName() string { return "catalog_tag" }

// String is the name.
func (t Tag) String() string { return t.Name }

// ProductStatus says who sees a product.
type ProductStatus string

// The states of a product.
const (
	ProductDraft    ProductStatus = "draft"    // being prepared; only its maker and the staff see it
	ProductActive   ProductStatus = "active"   // on sale
	ProductArchived ProductStatus = "archived" // no longer sold
)

// Choices are the states with their labels.
func (ProductStatus) Choices() []orm.Choice {
	return []orm.Choice{
		{Value: ProductDraft, Label: "Draft"},
		{Value: ProductActive, Label: "Active"},
		{Value: ProductArchived, Label: "Archived"},
	}
}

// Product is something the shop sells.
type Product struct {
	ID            int64          `gorm:"primaryKey" json:"id" orm:"label=ID"`
	SKU           string         `gorm:"column:sku;size:32;unique" json:"sku"`
	Name          string         `gorm:"size:200" json:"name"`
	Slug          string         `gorm:"size:50;unique" json:"slug" orm:"slug"`
	Description   string         `json:"description" orm:"blank"`
	CategoryID    int64          `json:"category"`
	Category      *Category      `json:"-" orm:"on_delete=protect,related=products"`
	Price         orm.Decimal    `gorm:"precision:10;scale:2" json:"price" validate:"gte=0"`
	Stock         int64          `json:"stock" orm:"positive,default=0"`
	Status        ProductStatus  `gorm:"size:10" json:"status" orm:"default=draft"`
	Attributes    orm.JSON       `json:"attributes" orm:"blank,default={}"`
	Weight        *float64       `json:"weight" orm:"blank"`
	AvailableFrom *orm.Date      `json:"available_from" orm:"blank"`
	Image         *orm.File      `gorm:"size:100" json:"image" orm:"image,blank,upload_to=products/"`
	CreatedByID   *int64         `json:"created_by"`
	CreatedBy     *identity.User `json:"-" orm:"blank,on_delete=set_null,related=products"`
	CreatedAt     time.Time      `gorm:"autoCreateTime" json:"created_at"`
	UpdatedAt     time.Time      `gorm:"autoUpdateTime" json:"updated_at"`
	Tags          []*Tag         `gorm:"many2many:catalog_product_tags" json:"tags" orm:"blank,related=products"`

	Reviews []*Review `gorm:"foreignKey:ProductID" json:"-"`

	Rating      *float64 `gorm:"->;-:migration" json:"-" orm:"avg=reviews__rating"`
	ReviewCount int64    `gorm:"->;-:migration" json:"-" orm:"count=reviews"`
}

// Meta describes the table in Django's terms.
func (Product) Meta() orm.Meta { return orm.Meta{App: "catalog", Ordering: []string{"id"}} }

// TableName is Django's.
func (Product) TableName() string { return "catalog_product" }

// String is the name.
func (p Product) String() string { return p.Name }

// InStock tells whether at least one piece is left.
func (p *Product) InStock() bool { return p.Stock > 0 }

// SKUPattern is what an SKU looks like, and SKUMessage the refusal of anything else.
const (
	SKUPattern = `^[A-Z]{2,5}-[0-9]{3,6}$`
	SKUMessage = "Enter a SKU such as ABC-1234."
)

// Review is what one user thinks of one product; there is at most one for each pair.
type Review struct {
	ID        uuid.UUID      `gorm:"primaryKey" json:"id" orm:"readonly,default=uuid4"`
	ProductID int64          `json:"product"`
	Product   *Product       `json:"-" orm:"on_delete=cascade,related=reviews"`
	AuthorID  int64          `json:"author"`
	Author    *identity.User `json:"-" orm:"on_delete=cascade,related=reviews"`
	Rating    int64          `json:"rating" orm:"positive_small" validate:"gte=1,lte=5"`
	Title     string         `gorm:"size:120" json:"title"`
	Body      string         `json:"body" orm:"blank"`
	CreatedAt time.Time      `gorm:"autoCreateTime" json:"created_at"`
}

// Meta describes the table in Django's terms.
func (Review) Meta() orm.Meta {
	return orm.Meta{
		App:      "catalog",
		Ordering: []string{"-created_at", "id"},
		Unique:   []orm.Unique{{Fields: []string{"product", "author"}}},
	}
}

// TableName is Django's.
func (Review) TableName() string { return "catalog_review" }

// String is the title.
func (r Review) String() string { return r.Title }
