package kitchen

import "github.com/quintet-go/quintet/rest"

// Routes serves everything under /kitchen/.
func (k *Kitchen) Routes(router *rest.Router) {
	g := router.Group("/kitchen/").Root(&rest.View{Name: "Api Root", Doc: "The addresses of the collections.", Permissions: open})
	k.laboratory(g)
	k.forms(g)
	k.lists(g)
	k.pages(g)
	k.filters(g)
	k.throttles(g)
	k.authentication(g)
	k.negotiation(g)
	k.parsing(g)
	k.methods(g)
	k.versions(router, g)
	k.urls(router)
	k.errors(g)
	k.json(g)
	k.permissions(g)
	k.resources(g)
}

// resources are those that the listing at the root names, in its order.
func (k *Kitchen) resources(g *rest.Group) {
	g.Register("fields", viewset(rest.ViewSet[Everything]{Doc: "Every model field.", Serializer: rest.Auto[Everything]()}), "everything")
	g.Register("rows", viewset(rest.ViewSet[Row]{
		Doc: "Whole rows.", Serializer: rowForm,
		FilterBackends: []rest.FilterBackend{rest.FieldFilters, rest.SearchFilter, rest.OrderingFilter},
		Filters:        rest.Filters{rest.By("kind"), rest.By("shelf__slug")},
		Search:         []string{"title", "note"}, Ordering: []string{"number", "amount", "ratio"},
	}), "row")
	k.relations(g)
	k.validation(g)
	k.guardedResources(g)
	g.Register("urls/rows", slugRows(), "slugrow")
}
