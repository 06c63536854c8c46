// Package orm is what the framework adds to GORM: opening SQLite and PostgreSQL the way Django uses them, Django's column
// types, what is known of each model (its fields, relations and constraints), transactions with hooks, and errors that say
// which constraint was violated or that the database is not there.
//
// A program declares models as GORM does, describes them with a method Meta and the tag `orm`, and registers them once:
//
//	registry, err := orm.NewRegistry(&Category{}, &Product{})
//	db, err := orm.Open(ctx, orm.Config{URL: "sqlite:shop.db"})
//
// # The tag
//
// The tag `orm` is a comma-separated list; a value that holds a comma is put in single quotes. On a relation it may stand on
// either field of the pair CategoryID, Category.
//
//	slug email url text integer small positive positive_small positive_big ip ipv4 ipv6 image file binary
//	                   what the column is, where the Go type does not say it
//	blank              empty values are allowed in forms
//	readonly           never taken from clients
//	default=VALUE      for new objects (see [Model.New]); "now", "uuid4" and "{}" are computed
//	label=TEXT         name for people
//	upload_to=PREFIX   of files
//	on_delete=ACTION   cascade, protect, restrict, set_null or do_nothing; see [Delete]
//	related=NAME       what the other side calls this relation; "+" for nothing
//	one_to_one         a foreign key with one row at most
//	reverse            a many-to-many that the other model declares
//	unique_for_date=FIELD, unique_for_month=FIELD, unique_for_year=FIELD
//	count=PATH avg=PATH sum=PATH min=PATH max=PATH
//	                   on a field tagged `gorm:"->;-:migration"`: what queries compute
//
// Everything in this package is safe for concurrent use unless it says otherwise.
package orm
