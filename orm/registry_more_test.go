package orm_test

import (
	"database/sql"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

// Models with one mistake each, or a declaration that the others do not have.

type mNoTable struct {
	ID int64 `gorm:"primaryKey"`
}

func (mNoTable) Meta() orm.Meta { return orm.Meta{App: "m"} }

type mTwoKeys struct {
	A int64 `gorm:"primaryKey;autoIncrement:false"`
	B int64 `gorm:"primaryKey;autoIncrement:false"`
}

func (mTwoKeys) Meta() orm.Meta    { return orm.Meta{App: "m"} }
func (mTwoKeys) TableName() string { return "m_two" }

type mSameLabel struct {
	ID int64 `gorm:"primaryKey"`
}

func (mSameLabel) Meta() orm.Meta    { return orm.Meta{App: "m", Name: "mtwokeys"} }
func (mSameLabel) TableName() string { return "m_same" }

type mNullDefault struct {
	ID int64         `gorm:"primaryKey"`
	N  sql.NullInt64 `orm:"default=3"`
}

func (mNullDefault) Meta() orm.Meta    { return orm.Meta{App: "m"} }
func (mNullDefault) TableName() string { return "m_null" }

type mPartial struct {
	ID int64 `gorm:"primaryKey"`
}

func (mPartial) Meta() orm.Meta {
	return orm.Meta{App: "m", Unique: []orm.Unique{{Fields: []string{"id"}, Condition: "gone", ConditionFields: []string{"gone"}}}}
}
func (mPartial) TableName() string { return "m_partial" }

type mPair struct {
	A int64 `gorm:"primaryKey;autoIncrement:false"`
	B int64 `gorm:"primaryKey;autoIncrement:false"`
}

func (mPair) Meta() orm.Meta    { return orm.Meta{App: "m"} }
func (mPair) TableName() string { return "m_pair" }

type mOfPair struct {
	ID    int64 `gorm:"primaryKey"`
	PairA int64
	PairB int64
	Pair  *mPair `gorm:"foreignKey:PairA,PairB;references:A,B" orm:"on_delete=cascade"`
}

func (mOfPair) Meta() orm.Meta    { return orm.Meta{App: "m"} }
func (mOfPair) TableName() string { return "m_ofpair" }

type mBinary struct {
	ID   int64  `gorm:"primaryKey"`
	Text string `orm:"binary"`
	Size string `orm:"small"`
	Hue  int    `orm:"default"`
	Odd  []int  `gorm:"type:text"`
}

func (mBinary) Meta() orm.Meta    { return orm.Meta{App: "m"} }
func (mBinary) TableName() string { return "m_binary" }

func TestMistakesOneByOne(t *testing.T) {
	for _, c := range []struct {
		models []any
		want   []string
	}{
		{[]any{&mNoTable{}}, []string{`orm_test.mNoTable: has no table name, add: func (mNoTable) TableName() string { return "m_mnotable" }`}},
		{[]any{&mTwoKeys{}}, []string{"orm_test.mTwoKeys.B: is a second primary key; keep one and make the other part of a unique constraint in Meta"}},
		{[]any{&mTwoKeys{}, &mSameLabel{}}, []string{"orm_test.mSameLabel: has the label m.mSameLabel as orm_test.mTwoKeys has, give one of them another Name in Meta"}},
		{[]any{&mNullDefault{}}, []string{"orm_test.mNullDefault.N: default=3: a sql.NullInt64 takes no default; use *int64"}},
		{[]any{&mPartial{}}, []string{`orm_test.mPartial.Meta: Unique: m.mPartial has no column "gone"; use the names of its fields (id)`}},
		{[]any{&mPair{}, &mOfPair{}}, []string{"orm_test.mOfPair.Pair: refers by several columns, refer by one: a primary key or a unique column"}},
		{[]any{&mBinary{}}, []string{
			"orm_test.mBinary.Text: the tag orm says binary, which a string cannot be; remove the word or change the type",
			"orm_test.mBinary.Size: the tag orm says small, which a string cannot be",
			`orm_test.mBinary.Hue: the tag orm says "default" without a value; write default=…`,
			"orm_test.mBinary.Odd: a []int is no column type; use one of the types in package orm, or gorm:\"-\" for what is not stored",
		}},
	} {
		_, err := orm.NewRegistry(c.models...)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%T: not reported: %s\n%v", c.models[0], want, err)
			}
		}
	}
}

// Models of what is rarely declared.

type rOwner struct {
	ID    int32   `gorm:"primaryKey"`
	Tags  []*rTag `gorm:"many2many:r_marks" orm:"blank"` // the table is not named after either side
	Mails string  `orm:"label='Mail, or none',default='a,b'"`
}

func (rOwner) Meta() orm.Meta    { return orm.Meta{App: "r", Verbose: "landlord"} }
func (rOwner) TableName() string { return "r_owner" }

type rTag struct {
	ID     int16     `gorm:"primaryKey"`
	Owners []*rOwner `gorm:"many2many:r_marks" orm:"reverse"`
}

func (rTag) Meta() orm.Meta    { return orm.Meta{App: "r"} }
func (rTag) TableName() string { return "r_tag" }

type HTTPServerLog struct {
	ID      string  `gorm:"primaryKey;size:8"`
	Address string  `orm:"ipv6"`
	OwnerID *int32  `gorm:"column:landlord"`
	Owner   *rOwner `orm:"on_delete=set_null,label='who pays'"`
	Raw     []byte
	TagID   int16 `gorm:"unique"`
	Tag     *rTag `orm:"on_delete=do_nothing"`
}

func (HTTPServerLog) Meta() orm.Meta    { return orm.Meta{App: "r"} }
func (HTTPServerLog) TableName() string { return "r_log" }

func TestRareDeclarations(t *testing.T) {
	registry, err := orm.NewRegistry(&rOwner{}, &rTag{}, &HTTPServerLog{})
	if err != nil {
		t.Fatal(err)
	}
	owner, tag, log := registry.Model(rOwner{}), registry.Model(rTag{}), registry.Model(HTTPServerLog{})
	for name, c := range map[string][2]any{
		"verbose":         {log.Meta.Verbose + ", " + log.Meta.VerboseMany, "http server log, http server logs"},
		"verbose given":   {owner.Meta.Verbose + ", " + owner.Meta.VerboseMany, "landlord, landlords"},
		"auto key":        {owner.PK.Kind, orm.Auto},
		"small auto key":  {tag.PK.Kind, orm.Auto},
		"key of auto":     {log.Field("owner").ColumnKind(), orm.Integer},
		"column":          {log.Field("owner").Column, "landlord"},
		"protocol":        {log.Field("address").Protocol, "IPv6"},
		"one to one":      {log.Field("tag").Kind, orm.OneToOne},
		"its reverse":     {tag.Reverse("httpserverlog") != nil && !tag.Reverse("httpserverlog").Many, true},
		"no reverse":      {tag.Reverse("nothing") == nil, true},
		"text key":        {log.PK.Kind, orm.Char},
		"quoted label":    {owner.Field("mails").Label, "Mail, or none"},
		"quoted default":  {owner.Field("mails").Default, "a,b"},
		"relation label":  {log.Field("owner").Label, "who pays"},
		"other side":      {tag.Field("owners") == nil && tag.Reverse("rowner_set") != nil, true},
		"other side's Go": {tag.Reverse("rowner_set").GoName, "Owners"},
		"binary":          {log.Field("raw").Kind, orm.Binary},
		"do nothing":      {log.Field("tag").OnDelete, orm.DoNothing},
	} {
		if c[0] != c[1] {
			t.Errorf("%s is %v, want %v", name, c[0], c[1])
		}
	}
	key, err := registry.Model(HTTPServerLog{}).Path("tag__httpserverlog__owner__id")
	if got := show(key.Trim()); err != nil || got != "tag>rtag httpserverlog<httpserverlog|owner" {
		t.Errorf("the path is %s, %v", got, err)
	}
}

// walkPath goes over random relations and returns the path with the model it leads to.
func walkPath(t *rapid.T, m *orm.Model) (parts []string, at *orm.Model) {
	at = m
	for range rapid.IntRange(0, 5).Draw(t, "hops") {
		next := map[string]*orm.Model{}
		var names []string
		for _, f := range at.Fields {
			if f.Related != nil {
				names, next[f.Name] = append(names, f.Name), f.Related
			}
		}
		for _, r := range at.Reverses {
			names, next[r.QueryName] = append(names, r.QueryName), r.From
		}
		if len(names) == 0 {
			break
		}
		name := rapid.SampledFrom(names).Draw(t, "relation")
		parts, at = append(parts, name), next[name]
	}
	return parts, at
}

// TestRandomPathsAreResolved walks over the relations of the library and asks for the same by name.
func TestRandomPathsAreResolved(t *testing.T) {
	registry := library(t)
	rapid.Check(t, func(t *rapid.T) {
		m := rapid.SampledFrom(registry.Models()).Draw(t, "model")
		parts, at := walkPath(t, m)
		field := rapid.SampledFrom(at.Fields).Draw(t, "field")
		name := strings.Join(append(parts, field.Name), "__")
		p, err := m.Path(name)
		if err != nil {
			t.Fatal(err)
		}
		last := m
		many := false
		for i, h := range p.Hops {
			if i < len(parts) && h.Field != nil && h.Field.Name != parts[i] || h.Field != nil && h.Field.Model != last {
				t.Fatalf("%s: hop %d is %v", name, i, h)
			}
			last, many = h.To, many || h.Many()
		}
		if field.Kind == orm.ManyToMany {
			if p.Field != nil || last != field.Related || len(p.Hops) != len(parts)+1 {
				t.Fatalf("%s ends in %s", name, show(p))
			}
		} else if p.Field != field || last != at || len(p.Hops) != len(parts) {
			t.Fatalf("%s ends in %s", name, show(p))
		}
		if p.Many != many {
			t.Fatalf("%s: many is %v", name, p.Many)
		}
		if trimmed := p.Trim(); trimmed.Many != many && len(trimmed.Hops) == len(p.Hops) || len(p.Hops)-len(trimmed.Hops) > 1 {
			t.Fatalf("%s is trimmed to %s", name, show(trimmed))
		}
		prefix, rest := m.PathPrefix(name + "__nothing__gte")
		if diff := cmp.Diff([]string{"nothing", "gte"}, rest); diff != "" || show(prefix) != show(p) {
			t.Fatalf("%s with more is %s and %q", name, show(prefix), rest)
		}
	})
}

// TestKeysOfNamedTypes deletes by keys that have a type of their own.
func TestKeysOfNamedTypes(t *testing.T) {
	registry, err := orm.NewRegistry(&rOwner{}, &rTag{}, &HTTPServerLog{})
	if err != nil {
		t.Fatal(err)
	}
	type code string
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		g := db.Gorm.WithContext(t.Context())
		for _, statement := range []string{"CREATE TABLE r_log (id varchar(8) PRIMARY KEY)", "INSERT INTO r_log VALUES ('a'), ('b'), ('c'), ('7')"} {
			if err := g.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := orm.Delete(g, registry, registry.Model(HTTPServerLog{}), code("a"), "b", 7); err != nil {
			t.Fatal(err)
		}
		var left []string
		if err := g.Raw("SELECT id FROM r_log").Scan(&left).Error; err != nil || !reflect.DeepEqual(left, []string{"c"}) {
			t.Errorf("left is %v, %v", left, err)
		}
	})
}
