package main

import (
	"context"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/migrate"
)

// priceIndex is the index that the lists by category and price are read from.
const priceIndex = "product_category_price"

// withIndex is the step from the shop's tables to those of the benchmark: one more index.
var withIndex = migrate.Step{
	Name:   "0010_bench_price_index",
	Record: migrate.Record{App: "bench", Name: "0001_price_index"},
	Forward: func(_ context.Context, tx *gorm.DB) error {
		return tx.Exec(`CREATE INDEX "` + priceIndex + `" ON "catalog_product" ("category_id", "price" DESC)`).Error
	},
}
