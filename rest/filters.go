package rest

import (
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// Filters is a resource's filter set (django_filters.FilterSet) in the order in which errors are reported; see By and
// Filter. Of two entries for the same parameter the later one counts, at the place of the first.
type Filters []Filter

// Filter is one query parameter that narrows a list.
type Filter struct {
	Name   string     // the query parameter: "min_price"; range filters read two, with "_min" and "_max" or "_after" and "_before"
	Field  string     // path of the model field: "price", "category__slug"; default Name
	Lookup string     // Django lookup: "exact" (default), "gte", "icontains", "in", "range", "isnull", "year", "date__gte" …
	Kind   FilterKind // how the value is read; 0 derives it from the field and the lookup as django-filter does
	To     string     // the field a value of a model choice names; default the key that the relation refers to
	// Exclude turns the condition round.
	Exclude bool
	// Conjoined makes a multiple choice demand all values instead of any.
	Conjoined bool
	// Distinct gives no row twice, which a condition over a to-many relation otherwise does when several related rows
	// match (as Django does). Multiple choices are always distinct.
	Distinct bool
	// Choices are the values a choice takes; default those of the model field.
	Choices  []orm.Choice
	Required bool
	// NullLabel, when not empty, makes a choice take NullValue (default "null") for NULL.
	NullLabel, NullValue string
	Label                string // the description in the OpenAPI document
	// Order maps parameter values to fields, for FilterOrdering: {"cheap", "price"} sorts by price for ?sort=cheap and
	// downwards for ?sort=-cheap.
	Order [][2]string
	// Method replaces the condition: it gets the clean value (string, bool, orm.Decimal, …, []any of a list) and returns
	// the narrowed query. It is not called when the parameter is not given.
	Method func(r *Request, q *gorm.DB, value any) *gorm.DB
	// Limit narrows the rows that a model choice accepts; nil means all.
	Limit func(r *Request, q *gorm.DB) *gorm.DB

	lookups []string // set by By: the lookups of the field
}

// FilterKind is how a filter reads its value: django-filter's filter classes.
type FilterKind int

// The filter classes of django-filter. With a lookup "in" or "range" the single kinds read a comma-separated list.
const (
	FilterAuto FilterKind = iota
	FilterChar
	FilterNumber
	FilterBoolean // true, false, 1 and 0; any other text counts as not given
	FilterDate
	FilterDateTime // in the many forms of Django's form field
	FilterTime
	FilterDuration
	FilterUUID
	FilterChoice
	FilterTypedChoice
	FilterMultipleChoice
	FilterModelChoice
	FilterModelMultipleChoice
	FilterNumberRange         // <name>_min, <name>_max
	FilterDateFromToRange     // <name>_after, <name>_before
	FilterDateTimeFromToRange // the same with times
	FilterIn                  // a comma-separated list of the field's kind
	FilterRange               // two values of the field's kind with a comma between
	FilterOrdering            // see Filter.Order
	FilterIsoDateTime         // ISO 8601 only; the kind that datetime fields have by default
	FilterTimeRange           // <name>_after, <name>_before
	FilterIsoDateTimeFromToRange
	FilterDateRange // today, yesterday, week, month or year
)

// By declares filters of one field: By("price", "exact", "gte", "lte") are ?price=, ?price__gte= and ?price__lte=
// (an entry of django-filter's Meta.fields). Without lookups it is "exact".
func By(field string, lookups ...string) Filter {
	if len(lookups) == 0 {
		lookups = []string{"exact"}
	}
	return Filter{Name: field, Field: field, lookups: lookups}
}
