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
