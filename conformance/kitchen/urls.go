package kitchen

import (
	"errors"
	"net/http"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// slugRows are rows by slug, with extra actions.
func slugRows() *rest.ViewSet[Row] {
	state := func(says string) rest.Handler[Row] {
		return onRow(http.MethodGet, func(row *Row) any { return rest.Obj("state", says, "slug", row.Slug) })
	}
	return viewset(rest.ViewSet[Row]{
		Name: "Slug Row", Doc: "Rows by slug, with extra actions.", Serializer: rowBrief,
		Lookup: "slug", LookupRegex: "[a-z0-9-]+",
		Methods: []string{http.MethodGet, http.MethodPost, http.MethodDelete, http.MethodHead, http.MethodOptions},
		Handlers: map[string]func(*rest.Request) (*rest.Response, error){
			"create": answer(http.StatusAccepted, rest.Obj("created", false)),
		},
		Actions: []rest.Action[Row]{
			{Name: "recent", Doc: "The three newest rows.", Handle: rest.OnCollection[Row](http.MethodGet, rest.ListOf(rowBrief), recentRows)},
			{
				Name: "bulk_mark", Path: "bulk-mark", URLName: "mark", Methods: []string{http.MethodPost, http.MethodDelete},
				Handle: rest.OnCollection[Row](http.MethodPost, nil, marked),
			},
			{Name: "touch", Handle: onRow(http.MethodPost, func(row *Row) any { return rest.Obj("touched", row.Slug) })},
			{
				Name: "state", Handle: state("read"),
				Also: map[string]rest.Handler[Row]{http.MethodPost: state("written"), http.MethodDelete: rest.OnObject(http.MethodDelete, nil, dropState)},
			},
			{
				Name: "part", Path: "parts/{number:[0-9]+}",
				Handle: rest.OnObject(http.MethodGet, nil, func(r *rest.Request, row *Row) (*rest.Response, error) {
					return rest.OK(rest.Obj("slug", row.Slug, "number", r.Param("number"))), nil
				}),
			},
			{
				Name: "secret", Permissions: []rest.Permission{rest.IsAuthenticated},
				Handle: onRow(http.MethodGet, func(row *Row) any { return rest.Obj("secret", row.Slug) }),
			},
		},
	})
}

// onRow answers what is to be said of a row.
func onRow(method string, say func(row *Row) any) rest.Handler[Row] {
	return rest.OnObject(method, nil, func(_ *rest.Request, row *Row) (*rest.Response, error) { return rest.OK(say(row)), nil })
}

func dropState(*rest.Request, *Row) (*rest.Response, error) { return rest.NoContent(), nil }

// marked answers what came.
func marked(r *rest.Request) (*rest.Response, error) {
	data, err := r.Data()
	if err != nil {
		return nil, err
	}
	return rest.OK(rest.Obj("marked", data, "method", r.Method())), nil
}

func recentRows(r *rest.Request) (*rest.Response, error) {
	var rows []*Row
	if err := r.DB().Order("moment DESC, id").Limit(3).Find(&rows).Error; err != nil {
		return nil, orm.Translate(err)
	}
	text, err := rest.RenderList(r, rowBrief, rows)
	if err != nil {
		return nil, err
	}
	return rest.OK(text), nil
}

// urls serves urls/ apart from the resource of the router.
func (k *Kitchen) urls(router *rest.Router) {
	router.Group("/kitchen/urls/noslash/").WithoutSlash().Register("genres", viewset(rest.ViewSet[Genre]{
		Name: "No Slash", Serializer: genreForm, Only: rest.ReadOnly,
	}), "noslash-genre")
	router.Group("/kitchen/urls/shelves/{shelf_slug:[-a-zA-Z0-9_]+}/").WithoutSuffixes().Register("rows", viewset(rest.ViewSet[Row]{
		Name: "Shelf Rows", Doc: "Rows of one shelf: a nested route.", Serializer: rowBrief, Only: rest.ReadOnly, QuerySet: rowsOfShelf,
	}), "shelf-row")
}

func rowsOfShelf(r *rest.Request, q *gorm.DB) *gorm.DB {
	var shelf Shelf
	err := r.DB().Where("slug = ?", r.Param("shelf_slug")).Take(&shelf).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		err = rest.NotFound("No Shelf matches the given query.")
	}
	if err != nil {
		_ = q.AddError(err)
		return q
	}
	return q.Where("kitchen_row.shelf_id = ?", shelf.ID)
}
