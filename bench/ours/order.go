package main

import (
	"github.com/google/uuid"

	"github.com/quintet-go/quintet/rest"
)

// placeOrder stores an order with its lines and takes the stock of the products, which reading the lines has locked, in a
// number of statements that does not grow with the lines.
func placeOrder(r *rest.Request, in *rest.Input[OrderData]) (*Order, error) {
	order := &Order{
		ID: uuid.New(), CustomerID: r.User().ID, Status: "pending", PlacedAt: r.DB().NowFunc(),
		ShippingAddress: in.Data.ShippingAddress, Note: in.Data.Note,
	}
	rows := []any{order}
	for _, line := range in.Data.Items {
		product := line.Product.Object
		if product.Stock < line.Quantity {
			return nil, rest.InvalidField("items", "Insufficient stock.")
		}
		item := &OrderItem{OrderID: order.ID, ProductID: product.ID, Quantity: line.Quantity, UnitPrice: product.Price}
		order.Items, rows = append(order.Items, item), append(rows, item)
	}
	if err := r.QueueSave(rows...); err != nil {
		return nil, err
	}
	return order, r.Queue(takeStock, order.ID)
}

// takeStock lowers the stock of the products of an order.
const takeStock = `UPDATE catalog_product SET stock = stock - i.quantity FROM orders_orderitem i
	WHERE i.order_id = ? AND i.product_id = catalog_product.id`
