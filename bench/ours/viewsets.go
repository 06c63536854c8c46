package main

import (
	"net/http"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/rest"
)

// products is the catalogue, read by everybody and changed by who holds the model's permissions.
func products() *rest.ViewSet[Product] {
	return &rest.ViewSet[Product]{
		Serializer:  productForm,
		Permissions: []rest.Permission{rest.ModelPermissionsOrAnonReadOnly},
		Filters: rest.Filters{
			rest.By("category"), rest.By("status"), rest.By("price", "gte", "lte"), rest.By("tags"),
		},
		Ordering: []string{"id", "price", "name", "created_at"},
		Search:   []string{"name", "sku"},
		PerformCreate: func(r *rest.Request, p *Product) error {
			p.CreatedByID = &r.User().ID
			return r.QueueSave(p)
		},
	}
}

// secureProducts is the catalogue for those who hold the permission to view it.
func secureProducts() *rest.ViewSet[Product] {
	vs := products()
	vs.Permissions = []rest.Permission{rest.ModelPermissionMap{Methods: map[string][]string{
		http.MethodGet: {"view"}, http.MethodOptions: nil, http.MethodHead: nil,
		http.MethodPost: {"add"}, http.MethodPut: {"change"}, http.MethodPatch: {"change"}, http.MethodDelete: {"delete"},
	}}}
	return vs
}

// cursorProducts is the catalogue in pages behind a position.
func cursorProducts() *rest.ViewSet[Product] {
	vs := products()
	vs.Pagination = rest.Cursor{Size: pageSize, Order: []string{"id"}}
	return vs
}

// uncountedProducts is the catalogue in numbered pages that are not counted.
func uncountedProducts() *rest.ViewSet[Product] {
	vs := products()
	vs.Pagination = rest.PageNumber{Size: pageSize, Count: rest.CountNone}
	return vs
}

// orders are a customer's own, and all for the staff.
func orders() *rest.ViewSet[Order] {
	return &rest.ViewSet[Order]{
		Serializer:  orderForm,
		Permissions: []rest.Permission{rest.IsAuthenticated},
		QuerySet: func(r *rest.Request, q *gorm.DB) *gorm.DB {
			if r.User().IsStaff {
				return q
			}
			return q.Where("orders_order.customer_id = ?", r.User().ID)
		},
	}
}
