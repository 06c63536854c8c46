package orm

import (
	"database/sql"
	"reflect"
	"strings"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm/schema"
)

// fields reads the fields of a model: columns in the order of declaration, then many-to-many relations.
func (b *registryBuilder) fields(m *Model) {
	byColumn := b.foreignKeys(m)
	var many []*Field
	for _, sf := range m.Schema.Fields {
		problem := b.at(m.Type, sf.Name)
		switch rel := m.Schema.Relationships.Relations[sf.Name]; {
		case isAnnotation(sf):
			b.annotation(m, sf, problem)
		case sf.DBName != "":
			m.Fields = append(m.Fields, b.column(m, sf, byColumn[sf], problem))
		case rel != nil && rel.Type == schema.Many2Many:
			many = append(many, b.manyToMany(m, rel, problem))
		}
	}
	m.Fields = append(m.Fields, many...)
	for _, f := range m.Fields {
		if f.PrimaryKey && m.PK != nil {
			b.at(m.Type, f.GoName)("is a second primary key; keep one and make the other part of a unique constraint in Meta")
		}
		if f.PrimaryKey {
			m.PK = f
		}
		if f.HasDefault {
			m.defaults = append(m.defaults, f)
		}
	}
	if m.PK == nil {
		b.at(m.Type, "")("has no primary key, add: ID int64 `gorm:\"primaryKey\"`")
	}
}

// foreignKeys maps the columns of to-one relations to them.
func (b *registryBuilder) foreignKeys(m *Model) map[*schema.Field]*schema.Relationship {
	byColumn := map[*schema.Field]*schema.Relationship{}
	for _, rel := range m.Schema.Relationships.BelongsTo {
		problem := b.at(m.Type, rel.Name)
		if len(rel.References) != 1 {
			problem("refers by several columns, refer by one: a primary key or a unique column")
			continue
		}
		if rel.Field.FieldType.Kind() != reflect.Pointer {
			problem("holds the related object itself; make it a pointer, *%s", rel.Field.FieldType)
		}
		byColumn[rel.References[0].ForeignKey] = rel
	}
	return byColumn
}

// isAnnotation tells whether only queries fill the field: `gorm:"->;-:migration"`.
func isAnnotation(sf *schema.Field) bool {
	return sf.DBName != "" && sf.Readable && !sf.Creatable && !sf.Updatable && sf.IgnoreMigration
}

func (b *registryBuilder) annotation(m *Model, sf *schema.Field, problem func(string, ...any)) {
	tag := parseTag(problem, sf.Tag)
	function, path := tag.function()
	name := namer().ColumnName("", sf.Name)
	m.Annotations = append(m.Annotations, &Annotation{
		Name: name, GoName: sf.Name, Index: sf.StructField.Index, Type: sf.FieldType,
		Function: function, Path: path, Label: labelOr(tag.values["label"], name),
	})
}

func labelOr(label, name string) string {
	if label != "" {
		return label
	}
	return strings.ReplaceAll(name, "_", " ")
}

// column describes a stored field; rel is its relation or nil.
func (b *registryBuilder) column(m *Model, sf *schema.Field, rel *schema.Relationship, problem func(string, ...any)) *Field {
	f := &Field{
		Model: m, GoName: sf.Name, Column: sf.DBName, Schema: sf, Index: sf.StructField.Index, Type: sf.FieldType,
		PrimaryKey: sf.PrimaryKey, Help: sf.Tag.Get("doc"), Validate: sf.Tag.Get("validate"),
		AutoNowAdd: sf.AutoCreateTime > 0, AutoNow: sf.AutoUpdateTime > 0,
	}
	tags := []reflect.StructTag{sf.Tag}
	if rel != nil {
		f.GoName, f.Relation, f.RelIndex = rel.Name, rel, rel.Field.StructField.Index
		tags = append(tags, rel.Field.Tag)
		f.Help, f.Validate = f.Help+rel.Field.Tag.Get("doc"), f.Validate+rel.Field.Tag.Get("validate")
	}
	tag := parseTag(problem, tags...)
	b.tags[f] = tag
	f.Name = sf.DBName // also what the tag gorm:"column:…" says
	if rel != nil {
		f.Name = namer().ColumnName("", f.GoName)
	}
	if name := tag.values["name"]; name != "" {
		f.Name = name
	}
	f.Label = labelOr(tag.values["label"], f.Name)
	var base reflect.Type
	base, f.Null = nullable(sf.FieldType)
	f.Choices = choicesOf(base)
	f.Kind = b.kindOf(f, base, tag, problem)
	f.Unique = sf.Unique || sf.UniqueIndex != "" || f.PrimaryKey || f.Kind == OneToOne
	f.DBIndex = rel != nil || f.Kind == Slug || sf.TagSettings["INDEX"] != ""
	f.Blank = tag.flags["blank"] || f.AutoNow || f.AutoNowAdd || f.isAuto()
	f.Editable = !tag.flags["readonly"] && !f.AutoNow && !f.AutoNowAdd && !f.isAuto()
	f.UploadTo = tag.values["upload_to"]
	f.sizes(sf, problem)
	f.protocol(tag.word)
	f.uniqueFor(tag)
	f.setDefault(tag, base, problem)
	return f
}

// isAuto tells whether the database numbers the column.
func (f *Field) isAuto() bool { return f.Kind == Auto || f.Kind == BigAuto }

// nullable takes the pointer or the sql.Null of a type away.
func nullable(t reflect.Type) (base reflect.Type, null bool) {
	if t.Kind() == reflect.Pointer {
		return t.Elem(), true
	}
	if t.Kind() == reflect.Struct && t.PkgPath() == reflect.TypeFor[sql.NullString]().PkgPath() && strings.HasPrefix(t.Name(), "Null") {
		return t.Field(0).Type, true
	}
	return t, false
}

func choicesOf(t reflect.Type) []Choice {
	if c, ok := reflect.New(t).Interface().(Chooser); ok {
		return c.Choices()
	}
	return nil
}

var kindsOfTypes = map[reflect.Type]Kind{
	reflect.TypeFor[time.Time](): DateTime,
	reflect.TypeFor[Date]():      CalendarDate,
	reflect.TypeFor[TimeOfDay](): ClockTime,
	reflect.TypeFor[Duration]():  Interval,
	reflect.TypeFor[Decimal]():   DecimalNumber,
	reflect.TypeFor[JSON]():      JSONValue,
	reflect.TypeFor[File]():      FilePath,
	reflect.TypeFor[uuid.UUID](): UUID,
}

var kindsOfGoKinds = map[reflect.Kind]Kind{
	reflect.Bool: Boolean, reflect.Float32: Float, reflect.Float64: Float,
	reflect.Int: BigInteger, reflect.Int64: BigInteger, reflect.Int32: Integer, reflect.Int16: SmallInteger, reflect.Int8: SmallInteger,
	reflect.Uint: PositiveBigInteger, reflect.Uint64: PositiveBigInteger, reflect.Uint32: PositiveInteger,
	reflect.Uint16: PositiveSmallInteger, reflect.Uint8: PositiveSmallInteger,
}

// kindOf decides what the column is: a relation, what the tag says, or what the type says.
func (b *registryBuilder) kindOf(f *Field, base reflect.Type, tag ormTag, problem func(string, ...any)) Kind {
	if f.Relation != nil {
		if tag.flags["one_to_one"] || f.Schema.Unique || f.Schema.UniqueIndex != "" || f.PrimaryKey {
			return OneToOne
		}
		return ForeignKey
	}
	kind := kindOfType(base, f.Schema.Size)
	word := kindWords[tag.word]
	switch {
	case word != 0 && !fits(word, base):
		problem("the tag orm says %s, which a %s cannot be; remove the word or change the type", tag.word, base)
	case word != 0:
		kind = word
	case kind == 0:
		problem("a %s is no column type; use one of the types in package orm, or gorm:\"-\" for what is not stored", f.Type)
	}
	if f.PrimaryKey && f.Schema.AutoIncrement {
		return autoKind(kind)
	}
	return kind
}

func kindOfType(base reflect.Type, size int) Kind {
	switch {
	case kindsOfTypes[base] != 0:
		return kindsOfTypes[base]
	case base.Kind() == reflect.String && size > 0:
		return Char
	case base.Kind() == reflect.String:
		return Text
	case base.Kind() == reflect.Slice && base.Elem().Kind() == reflect.Uint8:
		return Binary
	}
	return kindsOfGoKinds[base.Kind()]
}

// fits tells whether a kind word can describe a Go type.
func fits(word Kind, base reflect.Type) bool {
	switch word {
	case Integer, SmallInteger, PositiveInteger, PositiveSmallInteger, PositiveBigInteger:
		return base.Kind() >= reflect.Int && base.Kind() <= reflect.Uint64
	case Binary:
		return base.Kind() == reflect.Slice && base.Elem().Kind() == reflect.Uint8
	}
	return base.Kind() == reflect.String
}

// autoKind is what an integer kind is when the database numbers it.
func autoKind(kind Kind) Kind {
	switch kind {
	case Integer, SmallInteger:
		return Auto
	case BigInteger:
		return BigAuto
	}
	return kind
}

// defaultLengths are Django's max_length of kinds that have one.
var defaultLengths = map[Kind]int{Slug: 50, Email: 254, URL: 200, FilePath: 100, ImagePath: 100}

func (f *Field) sizes(sf *schema.Field, problem func(string, ...any)) {
	switch f.Kind {
	case Char, Slug, Email, URL, FilePath, ImagePath:
		f.MaxLength = sf.Size
		if f.MaxLength == 0 {
			f.MaxLength = defaultLengths[f.Kind]
		}
	case DecimalNumber:
		f.MaxDigits, f.DecimalPlaces = sf.Precision, sf.Scale
		if f.MaxDigits <= 0 || f.DecimalPlaces > f.MaxDigits {
			problem("does not say how many digits it has; add gorm:\"precision:10;scale:2\" for ten digits, two of them decimal places")
		}
	}
}

func (f *Field) protocol(word string) {
	switch word {
	case "ipv4":
		f.Protocol = "IPv4"
	case "ipv6":
		f.Protocol = "IPv6"
	}
}

func (f *Field) uniqueFor(tag ormTag) {
	for _, part := range []string{"date", "month", "year"} {
		if name := tag.values["unique_for_"+part]; name != "" {
			if f.UniqueFor == nil {
				f.UniqueFor = map[string]string{}
			}
			f.UniqueFor[part] = name
		}
	}
}

func (b *registryBuilder) manyToMany(m *Model, rel *schema.Relationship, problem func(string, ...any)) *Field {
	sf := rel.Field
	f := &Field{
		Model: m, Name: namer().ColumnName("", rel.Name), GoName: rel.Name, Kind: ManyToMany, Relation: rel,
		RelIndex: sf.StructField.Index, Type: sf.FieldType, Help: sf.Tag.Get("doc"), Validate: sf.Tag.Get("validate"),
	}
	tag := parseTag(problem, sf.Tag)
	b.tags[f] = tag
	if name := tag.values["name"]; name != "" {
		f.Name = name
	}
	f.Label = labelOr(tag.values["label"], f.Name)
	f.Blank, f.Editable = tag.flags["blank"], !tag.flags["readonly"]
	return f
}
