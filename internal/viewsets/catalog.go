package viewsets

import (
	"net/http"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/internal/auth"
	"github.com/quintet-go/quintet/internal/models"
	"github.com/quintet-go/quintet/internal/serializers"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// Categories are the shelves of the shop.
func Categories() *rest.ViewSet[models.Category] {
	return &rest.ViewSet[models.Category]{
		Doc:         "Categories of the catalogue.",
		Serializer:  serializers.Category,
		Permissions: []rest.Permission{rest.ModelPermissionsOrAnonReadOnly},
		Filters: rest.Filters{
			rest.By("name", "exact", "icontains"),
			rest.By("slug"), rest.By("parent"), rest.By("parent__slug"),
			{Name: "root", Field: "parent", Lookup: "isnull", Kind: rest.FilterBoolean},
		},
		Search:   []string{"name", "slug"},
		Ordering: []string{"name", "slug", "id", "product_count"},
		Actions: []rest.Action[models.Category]{
			{
				Name: "tree", Pagination: rest.NoPagination,
				Handle: rest.OnCollection[models.Category](http.MethodGet, rest.ListOf(serializers.CategoryTree), categoryTree),
			},
			{Name: "products", Handle: rest.Children(serializers.Product, productsOfCategory)},
		},
	}
}

// categoryTree answers all categories as a tree, roots first, by name; one statement loads them all.
func categoryTree(r *rest.Request) (*rest.Response, error) {
	var all []*models.Category
	if err := r.DB().Order("name").Find(&all).Error; err != nil {
		return nil, orm.Translate(err)
	}
	below := map[int64][]*models.Category{}
	for _, c := range all {
		parent := int64(0)
		if c.ParentID != nil {
			parent = *c.ParentID
		}
		below[parent] = append(below[parent], c)
	}
	return rest.AnswerList(r, serializers.CategoryTree, branches(below, 0))
}

func branches(below map[int64][]*models.Category, parent int64) []serializers.CategoryTreeData {
	out := make([]serializers.CategoryTreeData, 0, len(below[parent]))
	for _, c := range below[parent] {
		out = append(out, serializers.CategoryTreeData{ID: c.ID, Name: c.Name, Slug: c.Slug, Children: branches(below, c.ID)})
	}
	return out
}

func productsOfCategory(r *rest.Request, c *models.Category, q *gorm.DB) *gorm.DB {
	return visibleProducts(r, q).Where("catalog_product.category_id = ?", c.ID)
}

// Tags are the words that products are found by.
func Tags() *rest.ViewSet[models.Tag] {
	return &rest.ViewSet[models.Tag]{
		Doc:         "Tags of products.",
		Serializer:  serializers.Tag,
		Permissions: []rest.Permission{rest.ModelPermissionsOrAnonReadOnly},
		Pagination:  rest.NoPagination,
		Filters:     rest.Filters{rest.By("name", "exact", "icontains")},
		Search:      []string{"^name"},
		Ordering:    []string{"name", "id"},
	}
}

// Products are what the shop sells.
func Products() *rest.ViewSet[models.Product] {
	mayChange := []rest.Permission{rest.HasPermission("catalog.change_product")}
	return &rest.ViewSet[models.Product]{
		Doc:         "Products of the catalogue.",
		Serializer:  serializers.Product,
		QuerySet:    visibleProducts,
		Permissions: []rest.Permission{rest.ModelPermissionsOrAnonReadOnly},
		ActionPermissions: map[string][]rest.Permission{
			"publish": mayChange, "archive": mayChange, "restock": mayChange,
		},
		Filters:       productFilters,
		Search:        []string{"name", "description", "^sku", "tags__name"},
		Ordering:      []string{"id", "name", "price", "stock", "created_at", "rating", "review_count"},
		PerformCreate: createProduct,
		Actions: []rest.Action[models.Product]{
			{Name: "bulk", Doc: "Create several products at once, all or none.", Handle: rest.Bulk[models.Product](1, 10)},
			{Name: "publish", Doc: "Make a draft active.", Handle: rest.Change(publish).Fails(http.StatusConflict)},
			{Name: "archive", Doc: "Archive a product.", Handle: rest.Change(archive).Fails(http.StatusConflict)},
			{Name: "restock", Doc: "Add to the stock.", Handle: rest.Receive(serializers.Restock, serializers.Stock, restock)},
			{
				Name: "low_stock", Doc: "Products whose stock is below ?threshold= (10 when not given).",
				Handle: rest.Listing[models.Product](lowStock).With(rest.Parameter{Name: "threshold", Type: "integer"}),
			},
			{
				Name: "reviews", Doc: "Reviews of one product.", Serializer: rest.FormFor[models.Product](serializers.ProductReview),
				Permissions: []rest.Permission{rest.IsAuthenticatedOrReadOnly},
				Handle:      rest.Children(serializers.ProductReview, reviewsOfProduct),
				Also: map[string]rest.Handler[models.Product]{
					http.MethodPost: rest.Add(serializers.ProductReview, reviewProduct).Fails(http.StatusConflict),
				},
			},
		},
	}
}

// visibleProducts leaves drafts out for everybody but the staff.
func visibleProducts(r *rest.Request, q *gorm.DB) *gorm.DB {
	if r.User().IsStaff {
		return q
	}
	return q.Where("catalog_product.status <> ?", models.ProductDraft)
}

var productFilters = rest.Filters{
	rest.By("sku", "exact", "in", "startswith"),
	rest.By("name", "exact", "iexact", "icontains"),
	rest.By("slug"),
	rest.By("category", "exact", "in"),
	rest.By("category__slug", "exact", "in"),
	rest.By("status", "exact", "in"),
	rest.By("price", "exact", "gt", "gte", "lt", "lte", "range"),
	rest.By("stock", "exact", "gt", "gte", "lt", "lte"),
	rest.By("weight", "isnull", "gte", "lte"),
	rest.By("available_from", "exact", "gte", "lte", "year", "isnull"),
	rest.By("created_at", "gte", "lte", "date"),
	{Name: "min_price", Field: "price", Lookup: "gte"},
	{Name: "max_price", Field: "price", Lookup: "lte"},
	{Name: "in_stock", Kind: rest.FilterBoolean, Method: inStock},
	{Name: "tag", Field: "tags__name", To: "name", Kind: rest.FilterModelMultipleChoice},
	{Name: "created_by", Field: "created_by__username", Kind: rest.FilterChar},
	{Name: "created", Field: "created_at", Kind: rest.FilterDateFromToRange},
}

func inStock(_ *rest.Request, q *gorm.DB, value any) *gorm.DB {
	if value == true {
		return q.Where("catalog_product.stock > 0")
	}
	return q.Where("catalog_product.stock = 0")
}

func createProduct(r *rest.Request, p *models.Product) error {
	if user := r.User(); user.IsAuthenticated() {
		p.CreatedByID, p.CreatedBy = &user.ID, user
	}
	return r.Save(p)
}

func publish(_ *rest.Request, p *models.Product) error {
	if p.Status == models.ProductActive {
		return rest.Conflict("This product is already active.")
	}
	if p.Price.IsZero() {
		return rest.InvalidField("price", serializers.PriceNeeded)
	}
	p.Status = models.ProductActive
	return nil
}

func archive(_ *rest.Request, p *models.Product) error {
	if p.Status == models.ProductArchived {
		return rest.Conflict("This product is already archived.")
	}
	p.Status = models.ProductArchived
	return nil
}

func restock(r *rest.Request, p *models.Product, in *rest.Input[serializers.RestockData]) (*serializers.StockData, error) {
	if err := models.TakeStock(r.DB(), p.ID, -in.Data.Quantity); err != nil {
		return nil, err
	}
	return &serializers.StockData{ID: p.ID, SKU: p.SKU, Stock: p.Stock + in.Data.Quantity}, nil
}

func lowStock(r *rest.Request, q *gorm.DB) (*gorm.DB, error) {
	threshold := int64(10)
	if r.QueryHas("threshold") {
		n, ok := rest.ParseInteger(r.Query("threshold"))
		if !ok {
			return nil, rest.InvalidField("threshold", "A valid integer is required.")
		}
		threshold = n
	}
	return q.Where("catalog_product.stock < CAST(? AS bigint)", threshold), nil
}

func reviewsOfProduct(_ *rest.Request, p *models.Product, q *gorm.DB) *gorm.DB {
	return q.Where("catalog_review.product_id = ?", p.ID)
}

func reviewProduct(r *rest.Request, p *models.Product, review *models.Review) error {
	var n int64
	err := r.DB().Model(&models.Review{}).Where("product_id = ? AND author_id = ?", p.ID, r.User().ID).Count(&n).Error
	if err != nil {
		return orm.Translate(err)
	}
	if n > 0 {
		return rest.Conflict("You have already reviewed this product.")
	}
	review.ProductID, review.AuthorID, review.Author = p.ID, r.User().ID, r.User()
	return nil
}

// Reviews are what users think of products.
func Reviews() *rest.ViewSet[models.Review] {
	return &rest.ViewSet[models.Review]{
		Doc:         "Reviews of products.",
		Serializer:  serializers.Review,
		Permissions: []rest.Permission{rest.IsAuthenticatedOrReadOnly, auth.AuthorOrReadOnly},
		Pagination:  rest.Cursor{Size: 20, Order: []string{"-created_at", "id"}, SizeParam: "page_size", MaxSize: 50},
		Filters: rest.Filters{
			rest.By("product"), rest.By("product__slug"), rest.By("rating", "exact", "gte", "lte", "in"),
			{Name: "author", Field: "author__username", Kind: rest.FilterChar},
		},
		Search:   []string{"title", "body"},
		Ordering: []string{"created_at", "rating", "id"},
		PerformCreate: func(r *rest.Request, review *models.Review) error {
			review.AuthorID, review.Author = r.User().ID, r.User()
			return r.Save(review)
		},
		Actions: []rest.Action[models.Review]{{
			Name: "mine", Doc: "The reviews written by the caller.", Permissions: []rest.Permission{rest.IsAuthenticated},
			Handle: rest.Listing[models.Review](func(r *rest.Request, q *gorm.DB) (*gorm.DB, error) {
				return q.Where("catalog_review.author_id = ?", r.User().ID), nil
			}),
		}},
	}
}
