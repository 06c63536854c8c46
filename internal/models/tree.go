package models

import (
	"fmt"

	"gorm.io/gorm"
)

// IsBelow tells whether category id is root or stands anywhere below it.
func IsBelow(tx *gorm.DB, id, root int64) (bool, error) {
	const climb = `WITH RECURSIVE up(id, parent_id) AS (
		SELECT id, parent_id FROM catalog_category WHERE id = ?
		UNION SELECT c.id, c.parent_id FROM catalog_category c JOIN up ON c.id = up.parent_id
	) SELECT COUNT(*) FROM up WHERE id = ?`
	var n int64
	if err := tx.Raw(climb, id, root).Scan(&n).Error; err != nil {
		return false, fmt.Errorf("climb the categories: %w", err)
	}
	return n > 0, nil
}
