package main

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/rest"
)

// placeOrder stores an order with its lines and takes the stock, in the request's transaction and in a number of statements
// that does not grow with the lines. The products are locked in the order of their ids, so that orders wait for each other
// instead of dead-locking.
func placeOrder(r *rest.Request, in *rest.Input[OrderData]) (*Order, error) {
	lines := in.Data.Items
	products, err := lockProducts(r.DB(), lines)
	if err != nil {
		return nil, err
	}
	order := &Order{
		ID: uuid.New(), CustomerID: r.User().ID, Status: "pending", PlacedAt: r.DB().NowFunc(),
		ShippingAddress: in.Data.ShippingAddress, Note: in.Data.Note,
	}
	for _, line := range lines {
		product := products[line.Product.Object.ID]
		if product == nil || product.Stock < line.Quantity {
			return nil, rest.InvalidField("items", "Insufficient stock.")
		}
		order.Items = append(order.Items, &OrderItem{
			OrderID: order.ID, ProductID: product.ID, Quantity: line.Quantity, UnitPrice: product.Price,
		})
	}
	if err := r.Save(order); err != nil {
		return nil, err
	}
	if err := r.DB().Omit(clause.Associations).Create(&order.Items).Error; err != nil {
		return nil, fmt.Errorf("store the lines of an order: %w", err)
	}
	return order, takeStock(r.DB(), order)
}

// lockProducts loads the products of the lines by id, locked until the transaction ends.
func lockProducts(tx *gorm.DB, lines []OrderItemData) (map[int64]*Product, error) {
	ids := make([]int64, len(lines))
	for i, line := range lines {
		ids[i] = line.Product.Object.ID
	}
	slices.Sort(ids)
	var rows []*Product
	err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Select("id", "price", "stock").Where("id IN ?", ids).Order("id").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("lock the products of an order: %w", err)
	}
	products := make(map[int64]*Product, len(rows))
	for _, p := range rows {
		products[p.ID] = p
	}
	return products, nil
}

// takeStock lowers the stock of the products of an order by one statement, whose text is the same for all orders.
func takeStock(tx *gorm.DB, order *Order) error {
	const left = "stock - (SELECT i.quantity FROM orders_orderitem i WHERE i.order_id = ? AND i.product_id = catalog_product.id)"
	err := tx.Model(&Product{}).Where("id IN (SELECT i.product_id FROM orders_orderitem i WHERE i.order_id = ?)", order.ID).
		UpdateColumn("stock", gorm.Expr(left, order.ID)).Error
	if err != nil {
		return fmt.Errorf("take the stock of an order: %w", err)
	}
	return nil
}
