package models

import (
	"fmt"

	"gorm.io/gorm"
)

// TakeStock takes pieces of a product out of the stock, or puts them back when quantity is negative. The column's check
// keeps the stock from becoming negative whatever happens.
func TakeStock(tx *gorm.DB, productID, quantity int64) error {
	err := tx.Table(Product{}.TableName()).Where("id = ?", productID).
		Update("stock", gorm.Expr("stock - ?", quantity)).Error
	if err != nil {
		return fmt.Errorf("take %d of product %d out of the stock: %w", quantity, productID, err)
	}
	return nil
}

// TakeOrdered and ReturnOrdered are the statements that take the products of an order out of the stock, and put them back.
// Their argument is the order's id.
const (
	TakeOrdered   = `UPDATE catalog_product SET stock = stock - ordered.quantity` + ordered
	ReturnOrdered = `UPDATE catalog_product SET stock = stock + ordered.quantity` + ordered

	ordered = ` FROM (SELECT product_id, SUM(quantity) AS quantity FROM orders_orderitem WHERE order_id = ? GROUP BY product_id) ordered` +
		` WHERE ordered.product_id = catalog_product.id`
)
