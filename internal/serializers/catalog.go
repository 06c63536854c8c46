package serializers

import (
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// CategoryData is a category.
type CategoryData struct {
	ID           int64                         `json:"id"`
	Name         string                        `json:"name"`
	Slug         string                        `json:"slug"`
	Parent       rest.Related[models.Category] `json:"parent"`
	ProductCount int64                         `json:"product_count" rest:"readonly"`
}

// Category is the form of a category.
var Category = &rest.ModelSerializer[models.Category, CategoryData]{
	Fields: func(d *CategoryData) []rest.FieldOption {
		return []rest.FieldOption{rest.Clean(&d.Parent, noCycle)}
	},
}

// noCycle refuses a parent that is the category itself or one of its descendants.
func noCycle(r *rest.Request, parent rest.Related[models.Category]) (rest.Related[models.Category], error) {
	category := rest.Updating[models.Category](r)
	if category == nil || parent.Object == nil {
		return parent, nil
	}
	below, err := models.IsBelow(r.DB(), parent.Object.ID, category.ID)
	if err == nil && below {
		err = rest.InvalidCode("cycle", "A category cannot be its own ancestor.")
	}
	return parent, err
}

// CategoryBriefData is a category as part of something else.
type CategoryBriefData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
	Slug string `json:"slug"`
}

// CategoryTreeData is a category with everything below it.
type CategoryTreeData struct {
	ID       int64              `json:"id"`
	Name     string             `json:"name"`
	Slug     string             `json:"slug"`
	Children []CategoryTreeData `json:"children"`
}

// CategoryTree is the form of a branch of the tree.
var CategoryTree = &rest.Serializer[CategoryTreeData]{}

// TagData is a tag.
type TagData struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Tag is the form of a tag.
var Tag = &rest.ModelSerializer[models.Tag, TagData]{}

// ProductData is a product.
type ProductData struct {
	ID             int64                         `json:"id"`
	SKU            string                        `json:"sku"`
	Name           string                        `json:"name"`
	Slug           string                        `json:"slug"`
	Description    string                        `json:"description"`
	Category       rest.Related[models.Category] `json:"category"`
	CategoryDetail CategoryBriefData             `json:"category_detail" rest:"readonly,declared,source=Category"`
	Tags           []rest.Related[models.Tag]    `json:"tags" rest:"slug=Name,optional"`
	Price          orm.Decimal                   `json:"price"`
	Stock          int64                         `json:"stock"`
	InStock        bool                          `json:"in_stock"`
	Status         models.ProductStatus          `json:"status"`
	Attributes     orm.JSON                      `json:"attributes"`
	Weight         *float64                      `json:"weight"`
	AvailableFrom  *orm.Date                     `json:"available_from"`
	Image          *orm.File                     `json:"image"`
	Rating         *float64                      `json:"rating" rest:"readonly"`
	ReviewCount    int64                         `json:"review_count" rest:"readonly"`
	CreatedBy      rest.Related[identity.User]   `json:"created_by" rest:"string"`
	CreatedAt      time.Time                     `json:"created_at"`
	UpdatedAt      time.Time                     `json:"updated_at"`
}

// PriceNeeded is the refusal of an active product without a price.
const PriceNeeded = "An active product must have a price."

// Product is the form of a product.
var Product = &rest.ModelSerializer[models.Product, ProductData]{
	Fields: func(d *ProductData) []rest.FieldOption {
		return []rest.FieldOption{
			rest.Matches(&d.SKU, models.SKUPattern, models.SKUMessage),
			rest.Field(&d.Attributes, isObject),
		}
	},
	Validate: func(_ *rest.Request, in *rest.Input[ProductData]) error {
		if in.Data.Status == models.ProductActive && in.Data.Price.IsZero() {
			return rest.InvalidField("price", PriceNeeded)
		}
		return nil
	},
}

// isObject refuses JSON that is no object.
func isObject(j orm.JSON) error {
	if len(j) == 0 || j[0] != '{' {
		return rest.Invalid("Attributes must be an object.")
	}
	return nil
}

// RestockData is what comes into the stock.
type RestockData struct {
	Quantity int64  `json:"quantity" rest:"min=1,max=100000"`
	Note     string `json:"note" rest:"optional,blank,maxlength=100"`
}

// Restock is the form of a delivery.
var Restock = &rest.Serializer[RestockData]{}

// StockData is what is left of a product.
type StockData struct {
	ID    int64  `json:"id"`
	SKU   string `json:"sku"`
	Stock int64  `json:"stock"`
}

// Stock is the answer to a delivery.
var Stock = &rest.Serializer[StockData]{}

// ReviewData is a review.
type ReviewData struct {
	ID        uuid.UUID                    `json:"id"`
	Product   rest.Related[models.Product] `json:"product"`
	Author    rest.Related[identity.User]  `json:"author" rest:"slug=Username,readonly"`
	Rating    int64                        `json:"rating"`
	Title     string                       `json:"title"`
	Body      string                       `json:"body"`
	CreatedAt time.Time                    `json:"created_at"`
}

// Review is the form of a review; its author is the caller.
var Review = &rest.ModelSerializer[models.Review, ReviewData]{
	Fields: func(d *ReviewData) []rest.FieldOption {
		return []rest.FieldOption{rest.Default(&d.Author, caller)}
	},
}

// caller is who sends the request.
func caller(r *rest.Request) rest.Related[identity.User] {
	return rest.Related[identity.User]{Object: r.User()}
}

// ProductReviewData is a review among those of one product.
type ProductReviewData struct {
	ID        uuid.UUID                   `json:"id"`
	Author    rest.Related[identity.User] `json:"author" rest:"string"`
	Rating    int64                       `json:"rating"`
	Title     string                      `json:"title"`
	Body      string                      `json:"body"`
	CreatedAt time.Time                   `json:"created_at"`
}

// ProductReview is the form of a review whose product the address names.
var ProductReview = &rest.ModelSerializer[models.Review, ProductReviewData]{}
