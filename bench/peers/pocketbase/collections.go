package main

import (
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

// makeCollections declares what the other peers have as tables: read by nobody in particular and by editors, written by
// editors.
func makeCollections(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return err
	}
	users.Fields.Add(&core.TextField{Name: "role"})
	if err := app.Save(users); err != nil {
		return err
	}
	categories := collection("categories", &core.TextField{Name: "name", Required: true, Max: 100}, &core.TextField{Name: "slug", Required: true})
	categories.AddIndex("category_name", true, "name", "")
	categories.AddIndex("category_slug", true, "slug", "")
	if err := app.Save(categories); err != nil {
		return err
	}
	categories.Fields.Add(&core.RelationField{Name: "parent", CollectionId: categories.Id, MaxSelect: 1})
	tags := collection("tags", &core.TextField{Name: "name", Required: true, Max: 50})
	tags.AddIndex("tag_name", true, "name", "")
	if err := save(app, categories, tags); err != nil {
		return err
	}
	products := productCollection(users.Id, categories.Id, tags.Id)
	orders := collection("orders",
		&core.RelationField{Name: "customer", CollectionId: users.Id, MaxSelect: 1, Required: true},
		&core.SelectField{Name: "status", Values: []string{"pending", "paid", "shipped", "cancelled"}, MaxSelect: 1},
		&core.JSONField{Name: "shipping_address"}, &core.TextField{Name: "note"}, &core.AutodateField{Name: "placed_at", OnCreate: true})
	if err := save(app, products, orders); err != nil {
		return err
	}
	one := 1.0
	items := collection("order_items",
		&core.RelationField{Name: "order", CollectionId: orders.Id, MaxSelect: 1, Required: true, CascadeDelete: true},
		&core.RelationField{Name: "product", CollectionId: products.Id, MaxSelect: 1, Required: true},
		&core.NumberField{Name: "quantity", OnlyInt: true, Min: &one}, &core.NumberField{Name: "unit_price"})
	items.AddIndex("item_of_order", true, `"order", product`, "")
	return save(app, items)
}

func save(app core.App, collections ...*core.Collection) error {
	for _, c := range collections {
		if err := app.Save(c); err != nil {
			return err
		}
	}
	return nil
}

func collection(name string, fields ...core.Field) *core.Collection {
	const editors = `@request.auth.role = "editor"`
	c := core.NewBaseCollection(name)
	c.ListRule = types.Pointer(`@request.auth.id = "" || ` + editors)
	c.ViewRule = c.ListRule
	c.CreateRule = types.Pointer(editors)
	c.UpdateRule = c.CreateRule
	c.Fields.Add(fields...)
	return c
}

func productCollection(users, categories, tags string) *core.Collection {
	zero := 0.0
	c := collection("products",
		&core.TextField{Name: "sku", Required: true, Max: 32, Pattern: `^[A-Z0-9][A-Z0-9-]*$`},
		&core.TextField{Name: "name", Required: true, Max: 200},
		&core.TextField{Name: "slug", Required: true, Max: 50, Pattern: `^[-a-zA-Z0-9_]+$`},
		&core.TextField{Name: "description"},
		&core.RelationField{Name: "category", CollectionId: categories, MaxSelect: 1, Required: true},
		&core.RelationField{Name: "tags", CollectionId: tags, MaxSelect: 20},
		&core.NumberField{Name: "price", Min: &zero},
		&core.NumberField{Name: "stock", OnlyInt: true, Min: &zero},
		&core.SelectField{Name: "status", Values: []string{"draft", "active", "archived"}, MaxSelect: 1},
		&core.JSONField{Name: "attributes"},
		&core.NumberField{Name: "weight"},
		&core.DateField{Name: "available_from"},
		&core.RelationField{Name: "created_by", CollectionId: users, MaxSelect: 1},
		&core.AutodateField{Name: "created_at", OnCreate: true},
		&core.AutodateField{Name: "updated_at", OnCreate: true, OnUpdate: true})
	c.AddIndex("product_sku", true, "sku", "")
	c.AddIndex("product_slug", true, "slug", "")
	c.AddIndex("product_category_price", false, "category, price", "")
	return c
}
