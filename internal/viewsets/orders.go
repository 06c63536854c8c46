package viewsets

import (
	"fmt"
	"net/http"
	"slices"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/internal/serializers"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// Orders are what customers bought: customers see their own, the staff all of them.
func Orders() *rest.ViewSet[models.Order] {
	staff := []rest.Permission{rest.IsAdmin}
	return &rest.ViewSet[models.Order]{
		Doc:        "Orders: a customer sees the own ones, staff all of them.",
		Serializer: serializers.Order,
		Serializers: map[string]rest.Serializable[models.Order]{
			"partial_update": serializers.OrderUpdate,
		},
		Methods:     []string{http.MethodGet, http.MethodPost, http.MethodPatch},
		Only:        []string{"list", "create", "retrieve", "partial_update"},
		QuerySet:    ownOrders,
		Permissions: []rest.Permission{rest.IsAuthenticated},
		ActionPermissions: map[string][]rest.Permission{
			"ship": staff, "stats": staff,
		},
		Filters: rest.Filters{
			rest.By("status", "exact", "in"),
			{Name: "customer", Field: "customer__username", Kind: rest.FilterChar},
			{Name: "placed", Field: "placed_at", Kind: rest.FilterDateFromToRange},
			{Name: "product", Field: "items__product", Kind: rest.FilterModelChoice, Distinct: true},
		},
		Search:        []string{"note", "customer__username"},
		Ordering:      []string{"placed_at", "status"},
		PerformUpdate: changePending,
		Fails:         map[string][]int{"partial_update": {http.StatusConflict}},
		Actions: []rest.Action[models.Order]{
			{Name: "pay", Doc: "Pay a pending order.", Handle: rest.Change(pay).Fails(http.StatusConflict)},
			{Name: "ship", Doc: "Ship a paid order (staff).", Handle: rest.Change(ship).Fails(http.StatusConflict)},
			{Name: "cancel", Doc: "Cancel an order that is not shipped yet; its stock goes back.", Handle: rest.Change(cancel).Fails(http.StatusConflict)},
			{
				Name: "items", Doc: "The lines of one order, not paginated.", Pagination: rest.NoPagination,
				Handle: rest.Children(serializers.OrderItem, func(_ *rest.Request, o *models.Order, q *gorm.DB) *gorm.DB {
					return q.Where("orders_orderitem.order_id = ?", o.ID)
				}),
			},
			{
				Name: "stats", Doc: "Number of orders and revenue per status (staff).",
				Pagination: rest.NoPagination,
				Handle:     rest.OnCollection[models.Order](http.MethodGet, serializers.OrderStats, orderStats),
			},
		},
	}
}

func ownOrders(r *rest.Request, q *gorm.DB) *gorm.DB {
	if r.User().IsStaff {
		return q
	}
	return q.Where("orders_order.customer_id = ?", r.User().ID)
}

func changePending(r *rest.Request, o *models.Order) error {
	if o.Status != models.OrderPending {
		return rest.Conflict("Only a pending order can be changed.")
	}
	return r.Save(o)
}

func pay(_ *rest.Request, o *models.Order) error {
	return move(o, models.OrderPaid, models.OrderPending)
}

func ship(_ *rest.Request, o *models.Order) error {
	return move(o, models.OrderShipped, models.OrderPaid)
}

// cancel gives the stock back.
func cancel(r *rest.Request, o *models.Order) error {
	if err := move(o, models.OrderCancelled, models.OrderPending, models.OrderPaid); err != nil {
		return err
	}
	ids := make([]int64, len(o.Items))
	for i, item := range o.Items {
		ids[i] = item.ProductID
	}
	if _, err := rest.Lock[models.Product](r, ids); err != nil {
		return err
	}
	return r.Queue(models.ReturnOrdered, o.ID)
}

// move brings an order to another state, when its state allows it.
func move(o *models.Order, to models.OrderStatus, from ...models.OrderStatus) error {
	if !slices.Contains(from, o.Status) {
		return rest.Conflict(fmt.Sprintf("An order that is %s cannot be %s.", o.Status, to))
	}
	o.Status = to
	return nil
}

// orderStats counts the orders of each status and sums up what was sold.
func orderStats(r *rest.Request) (*rest.Response, error) {
	var rows []struct {
		Status models.OrderStatus
		Orders int64
	}
	err := r.DB().Model(&models.Order{}).Select("status, COUNT(*) AS orders").Group("status").Scan(&rows).Error
	if err != nil {
		return nil, orm.Translate(err)
	}
	stats := &serializers.OrderStatsData{}
	for _, row := range rows {
		stats.Orders += row.Orders
		switch row.Status {
		case models.OrderPending:
			stats.ByStatus.Pending = row.Orders
		case models.OrderPaid:
			stats.ByStatus.Paid = row.Orders
		case models.OrderShipped:
			stats.ByStatus.Shipped = row.Orders
		case models.OrderCancelled:
			stats.ByStatus.Cancelled = row.Orders
		}
	}
	if stats.Revenue, err = revenue(r.DB()); err != nil {
		return nil, err
	}
	return rest.Answer(r, serializers.OrderStats, stats)
}

// revenue is what paid and shipped orders brought in.
func revenue(tx *gorm.DB) (orm.Decimal, error) {
	var sum orm.Decimal
	err := tx.Model(&models.OrderItem{}).Joins("JOIN orders_order ON orders_order.id = orders_orderitem.order_id").
		Where("orders_order.status IN ?", []models.OrderStatus{models.OrderPaid, models.OrderShipped}).
		Select("COALESCE(SUM(orders_orderitem.unit_price * orders_orderitem.quantity), 0)").Row().Scan(&sum)
	if err != nil {
		return sum, fmt.Errorf("sum up the revenue: %w", orm.Translate(err))
	}
	return sum.Quantize(2, orm.HalfEven), nil
}
