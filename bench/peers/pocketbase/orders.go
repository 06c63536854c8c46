package main

import (
	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
)

// orderInput is the body of a new order.
type orderInput struct {
	Address map[string]any `json:"shipping_address"`
	Note    string         `json:"note"`
	Items   []line         `json:"items"`
}

type line struct {
	Product  string `json:"product"`
	Quantity int    `json:"quantity"`
}

// placeOrder stores an order with its lines and takes the stock, in one transaction.
func placeOrder(e *core.RequestEvent) error {
	var in orderInput
	if err := e.BindBody(&in); err != nil || len(in.Items) == 0 {
		return e.BadRequestError("bad order", err)
	}
	var out map[string]any
	err := e.App.RunInTransaction(func(tx core.App) (err error) {
		out, err = store(tx, &in, e.Auth.Id)
		return err
	})
	if err != nil {
		return err
	}
	return e.JSON(201, out)
}

// store writes the order and its lines, and returns its JSON form.
func store(tx core.App, in *orderInput, customer string) (map[string]any, error) {
	orders, err := tx.FindCachedCollectionByNameOrId("orders")
	if err != nil {
		return nil, err
	}
	items, err := tx.FindCachedCollectionByNameOrId("order_items")
	if err != nil {
		return nil, err
	}
	order := core.NewRecord(orders)
	order.Load(map[string]any{"customer": customer, "status": "pending", "shipping_address": in.Address, "note": in.Note})
	if err := tx.Save(order); err != nil {
		return nil, err
	}
	var lines []any
	for _, l := range in.Items {
		item := core.NewRecord(items)
		item.Set("order", order.Id)
		if err := storeLine(tx, item, l); err != nil {
			return nil, err
		}
		lines = append(lines, item.PublicExport())
	}
	out := order.PublicExport()
	out["items"] = lines
	return out, nil
}

// storeLine writes a line and takes its quantity out of the stock.
func storeLine(tx core.App, item *core.Record, l line) error {
	product, err := tx.FindRecordById("products", l.Product)
	if err != nil {
		return err
	}
	if product.GetInt("stock") < l.Quantity {
		return apis.NewBadRequestError("Insufficient stock.", nil)
	}
	item.Load(map[string]any{"product": product.Id, "quantity": l.Quantity, "unit_price": product.GetFloat("price")})
	if err := tx.Save(item); err != nil {
		return err
	}
	_, err = tx.DB().NewQuery("UPDATE products SET stock=stock-{:quantity} WHERE id={:id}").
		Bind(dbx.Params{"quantity": l.Quantity, "id": product.Id}).Execute()
	return err
}
