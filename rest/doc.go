// Package rest is what the author of a resource types: serializers, viewsets, routers, permissions, filters, pagination,
// throttles, parsers, renderers, versioning and errors, in Django REST framework's words and with its answers on the wire.
//
// A resource is three values: a GORM model, a serializer that gives its JSON form, and a ViewSet that says who may do
// what with it. A Router turns them into routes, OPTIONS metadata and an OpenAPI document:
//
//	var Tag = &rest.ModelSerializer[models.Tag, TagData]{}
//
//	func Tags() *rest.ViewSet[models.Tag] {
//		return &rest.ViewSet[models.Tag]{Serializer: serializers.Tag, Search: []string{"^name"}}
//	}
//
//	router.Group("/api/").Register("tags", Tags())
//
// Everything that can be decided from a declaration is decided once, when Router.Build compiles it; mistakes are reported
// there, all of them together, each with the place and the way to mend it.
package rest
