package orm

import (
	"reflect"

	"gorm.io/gorm/schema"
)

// Kind names what a model field is, in Django's terms; it decides the column type, the serializer field and the filters.
type Kind int

// The kinds of model fields; each is the Django class of the same name plus "Field".
const (
	Auto Kind = iota + 1 // int primary key, identity column
	BigAuto
	Boolean
	Char
	Text
	Slug
	Email
	URL
	UUID
	Integer
	SmallInteger
	BigInteger
	PositiveInteger
	PositiveSmallInteger
	PositiveBigInteger
	Float
	DecimalNumber
	CalendarDate
	DateTime
	ClockTime
	Interval
	JSONValue
	Binary
	FilePath
	ImagePath
	IPAddress
	ForeignKey
	OneToOne
	ManyToMany
)

// OnDelete says what happens to rows that refer to a deleted row (Django's on_delete; enforced by Delete, as the
// foreign keys in Django's schema carry no action of their own).
type OnDelete int

// The actions of Django's db.models.deletion.
const (
	DoNothing OnDelete = iota
	Cascade
	Protect
	SetNull
	Restrict
)

// Meta is what Django keeps in a model's inner class Meta. A model gives it by a method:
//
//	func (Product) Meta() orm.Meta { return orm.Meta{App: "catalog", Ordering: []string{"id"}} }
type Meta struct {
	App         string   // app label: "catalog"; required
	Name        string   // model name in lower case; default: the Go type's name in lower case
	Verbose     string   // singular for people; default: the type's name split at capitals, in lower case
	VerboseMany string   // plural; default: Verbose + "s"
	Unmanaged   bool     // managed = False: no migration makes, changes or drops the table
	Ordering    []string // default order in field names, "-" first for descending
	Unique      []Unique // unique together and unique constraints
	Checks      []Check  // check constraints
	Indexes     []Index  // indexes besides those of single fields
	Permissions []string // default permissions; nil means add, change, delete, view
	Proxies     []string // names of Django's proxy models of the table, which have permissions of their own
}

// Unique is a unique constraint over several fields (Django's unique_together and UniqueConstraint).
type Unique struct {
	Fields    []string // Django names: "product", "author"
	Name      string   // constraint name; default as Django derives it
	Condition string   // SQL of a partial constraint; empty for none
	// ConditionFields are the names of the fields that Condition reads.
	ConditionFields []string
	Message         string // replaces the default message of a violation
	Code            string // error code; default "unique"
}

// Check is a check constraint: its name, and its condition in SQL.
type Check struct{ Name, SQL string }

// Index is an index of a table, over fields or over expressions.
type Index struct {
	Fields      []string // field names, "-" first for descending: "category", "-price"
	Expressions string   // SQL in place of Fields: `lower("name")`; needs a Name
	Name        string   // default as Django derives it
	Condition   string   // SQL of a partial index; empty for none
	// Method is the access method on PostgreSQL: "gin", "gist", "brin", "hash"; empty means "btree". An index with another
	// method than btree is not made on SQLite, which has no other.
	Method string
	// OpClass is the operator class of each field on PostgreSQL: "gin_trgm_ops" for trigrams; empty means the default.
	OpClass string
}

// Choice is one allowed value with its label. Group names the optgroup it belongs to, empty for none.
type Choice struct {
	Value any
	Label string
	Group string
}

// Chooser is implemented by a named type whose values are limited: a status, a colour.
type Chooser interface{ Choices() []Choice }

// Field is one field of a model: a column, a relation with a column, or a many-to-many relation.
type Field struct {
	Name     string // Django's name: "category", "created_at", "tags"
	GoName   string // the Go field that holds the value: "Category" for a relation, "CreatedAt"
	Column   string // "category_id"; empty for many-to-many
	Kind     Kind
	Schema   *schema.Field        // GORM's field of Column; nil for many-to-many
	Relation *schema.Relationship // GORM's relation; nil for plain columns
	Index    []int                // reflect index of the column's Go field (Product.CategoryID), nil for many-to-many
	RelIndex []int                // reflect index of the relation's Go field (Product.Category); nil for plain columns
	Type     reflect.Type         // Go type of the column's field
	Related  *Model               // the other side of a relation

	Null, Blank, Unique, PrimaryKey, DBIndex bool // Unique is also true for primary keys and one-to-one relations
	Editable                                 bool // false: read-only in serializers (auto times, primary keys, orm:"readonly")
	AutoNowAdd, AutoNow                      bool
	HasDefault                               bool
	Default                                  string // text of the default as in the tag; "now", "uuid4" and "{}" are computed
	MaxLength                                int
	MaxDigits, DecimalPlaces                 int
	Choices                                  []Choice
	Label                                    string // verbose_name as given or derived: "created at"
	Help                                     string // the doc tag
	Validate                                 string // the validate tag (validator/v10 grammar)
	UploadTo                                 string
	UniqueFor                                map[string]string // "date"|"month"|"year" -> field name
	OnDelete                                 OnDelete
	Protocol                                 string // IPAddress: "", "IPv4", "IPv6"

	Model *Model // the model that declares the field

	// Of a many-to-many relation: the table of pairs, its column with the key of Model and that with the key of Related.
	JoinTable, JoinColumn, JoinRelatedColumn string

	// Reverse is the same relation seen from Related; nil for plain columns and for orm:"related=+".
	Reverse *Reverse

	initial func() any // computes the default; nil without one
}

// Reverse is a relation seen from the other side: Product.Reviews for Review.Product.
type Reverse struct {
	Name string // Django's accessor: "reviews", "review_set" by default
	// QueryName is what paths call the relation: "reviews", "review" by default.
	QueryName string
	GoName    string // Go field on this model that holds it ("Reviews"), empty when not declared
	From      *Model // the model that has the foreign key or the many-to-many
	Field     *Field // its field
	Many      bool   // false for the reverse of a one-to-one
	Index     []int  // reflect index of GoName; nil when not declared
}

// Model is what is known of a registered model.
type Model struct {
	Type     reflect.Type // struct type
	Schema   *schema.Schema
	Meta     Meta // with all defaults filled in
	Table    string
	PK       *Field
	Fields   []*Field   // concrete fields in declaration order, many-to-many last, annotations left out
	Reverses []*Reverse // relations of other registered models to this one
	// Annotations are the fields tagged `gorm:"->;-:migration"`: computed by queries, never stored.
	Annotations []*Annotation

	incoming []*Field // all relations of other models to this one, also those with orm:"related=+"
	defaults []*Field // the fields with a default
}

// Annotation is a model field that only queries fill.
type Annotation struct {
	Name, GoName string
	Index        []int
	Type         reflect.Type
	Function     string // "count", "avg", "sum", "min", "max"; empty when only a QuerySet fills the field
	Path         string // what it is computed over: "reviews__rating"
	Label        string // verbose name: "review count"
}
