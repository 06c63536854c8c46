package main

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-playground/validator/v10"
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ProductInput is the body of a new product.
type ProductInput struct {
	SKU         string          `json:"sku" validate:"required,max=32,sku"`
	Name        string          `json:"name" validate:"required,max=200"`
	Slug        string          `json:"slug" validate:"required,max=50,slug"`
	Description string          `json:"description"`
	CategoryID  int64           `json:"category_id" validate:"required"`
	TagIDs      []int64         `json:"tag_ids"`
	Price       decimal.Decimal `json:"price"`
	Stock       int32           `json:"stock" validate:"gte=0"`
	Status      string          `json:"status" validate:"omitempty,oneof=draft active archived"`
	Attributes  JSON            `json:"attributes"`
	Weight      *float64        `json:"weight"`
}

// OrderInput is the body of a new order.
type OrderInput struct {
	ShippingAddress JSON   `json:"shipping_address"`
	Note            string `json:"note"`
	Items           []struct {
		Product  int64 `json:"product" validate:"required"`
		Quantity int32 `json:"quantity" validate:"gte=1"`
	} `json:"items" validate:"required,min=1,dive"`
}

// read binds and checks a body; a false answer has been given already.
func read(c echo.Context, in any) (bool, error) {
	if err := c.Bind(in); err != nil {
		return false, err
	}
	var wrong validator.ValidationErrors
	if err := c.Validate(in); errors.As(err, &wrong) {
		messages := map[string][]string{}
		for _, field := range wrong {
			messages[field.Field()] = append(messages[field.Field()], field.Tag())
		}
		return false, c.JSON(http.StatusBadRequest, messages)
	} else if err != nil {
		return false, err
	}
	return true, nil
}

func (a *app) create(c echo.Context) error {
	var in ProductInput
	if ok, err := read(c, &in); !ok {
		return err
	}
	db := a.db.WithContext(c.Request().Context())
	category, tags, wrong, err := in.lookUp(db)
	if err != nil {
		return err
	}
	if len(wrong) > 0 {
		return c.JSON(http.StatusBadRequest, wrong)
	}
	if in.Status == "" {
		in.Status = "draft"
	}
	if in.Attributes == nil {
		in.Attributes = JSON("{}")
	}
	user := c.Get(userKey).(*User).ID
	p := Product{
		SKU: in.SKU, Name: in.Name, Slug: in.Slug, Description: in.Description, CategoryID: category.ID, Tags: tags, Price: in.Price,
		Stock: in.Stock, Status: in.Status, Attributes: in.Attributes, Weight: in.Weight, CreatedByID: &user,
	}
	// the tags exist already, so only the rows of pairs are written
	err = db.Transaction(func(tx *gorm.DB) error { return tx.Omit("Category", "Tags.*").Create(&p).Error })
	if err != nil {
		return err
	}
	p.Category = category
	return c.JSON(http.StatusCreated, p)
}

// lookUp checks what needs the database, and loads the related rows.
func (in *ProductInput) lookUp(db *gorm.DB) (category Category, tags []Tag, wrong map[string][]string, err error) {
	wrong = map[string][]string{}
	if in.Price.IsNegative() || in.Price.Exponent() < -2 {
		wrong["price"] = []string{"A valid number is required."}
	}
	for column, value := range map[string]string{"sku": in.SKU, "slug": in.Slug} {
		var n int64
		if err := db.Model(&Product{}).Where(column+" = ?", value).Count(&n).Error; err != nil {
			return category, nil, nil, err
		}
		if n > 0 {
			wrong[column] = []string{"product with this " + column + " already exists."}
		}
	}
	err = db.First(&category, in.CategoryID).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		wrong["category_id"] = []string{"object does not exist."}
	} else if err != nil {
		return category, nil, nil, err
	}
	tags = []Tag{}
	if len(in.TagIDs) == 0 {
		return category, tags, wrong, nil
	}
	err = db.Find(&tags, in.TagIDs).Error
	if len(tags) != len(in.TagIDs) {
		wrong["tag_ids"] = []string{"object does not exist."}
	}
	return category, tags, wrong, err
}

func (a *app) order(c echo.Context) error {
	var in OrderInput
	if ok, err := read(c, &in); !ok {
		return err
	}
	if in.ShippingAddress == nil {
		in.ShippingAddress = JSON("{}")
	}
	o := Order{
		ID: uuid.New(), CustomerID: c.Get(userKey).(*User).ID, Status: "pending", ShippingAddress: in.ShippingAddress, Note: in.Note,
		PlacedAt: time.Now().UTC(),
	}
	err := a.db.WithContext(c.Request().Context()).Transaction(func(tx *gorm.DB) error { return place(tx, &o, &in) })
	if err != nil {
		return err
	}
	return c.JSON(http.StatusCreated, o)
}

// place stores an order and takes the stock.
func place(tx *gorm.DB, o *Order, in *OrderInput) error {
	products, err := lock(tx, in)
	if err != nil {
		return err
	}
	for _, item := range in.Items {
		p := products[item.Product]
		if p == nil || p.Stock < item.Quantity {
			return echo.NewHTTPError(http.StatusBadRequest, "Insufficient stock.")
		}
		o.Items = append(o.Items, OrderItem{ProductID: p.ID, Quantity: item.Quantity, UnitPrice: p.Price})
	}
	if err := tx.Create(o).Error; err != nil {
		return err
	}
	for _, item := range in.Items {
		err := tx.Model(&Product{}).Where("id = ?", item.Product).UpdateColumn("stock", gorm.Expr("stock - ?", item.Quantity)).Error
		if err != nil {
			return err
		}
	}
	return nil
}

// lock loads the products of an order, locked where the database locks rows.
func lock(tx *gorm.DB, in *OrderInput) (map[int64]*Product, error) {
	ids := make([]int64, len(in.Items))
	for i, item := range in.Items {
		ids[i] = item.Product
	}
	slices.Sort(ids)
	if tx.Dialector.Name() == "postgres" {
		tx = tx.Clauses(clause.Locking{Strength: "UPDATE"})
	}
	var rows []*Product
	if err := tx.Order("id").Find(&rows, ids).Error; err != nil {
		return nil, err
	}
	products := make(map[int64]*Product, len(rows))
	for _, p := range rows {
		products[p.ID] = p
	}
	return products, nil
}
