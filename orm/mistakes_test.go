package orm_test

import (
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
)

type noMeta struct {
	ID int64 `gorm:"primaryKey"`
}

type noKey struct{ Name string }

func (noKey) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (noKey) TableName() string { return "a_nokey" }

type stranger struct {
	ID int64 `gorm:"primaryKey"`
}

// wrong has a mistake in each field.
type wrong struct {
	ID       int64      `gorm:"primaryKey"`
	Tag      string     `orm:"blue"`
	Two      string     `orm:"slug,email"`
	Empty    string     `orm:"label"`
	NoFit    bool       `orm:"slug"`
	Odd      complex128 `gorm:"type:complex"`
	Digits   orm.Decimal
	Number   int      `orm:"default=many"`
	Doc      orm.JSON `orm:"default={"`
	Gorm     int      `gorm:"default:3"`
	Day      string   `orm:"unique_for_date=number"`
	OtherID  int64
	Other    *stranger `orm:"on_delete=cascade"`
	FirstID  int64
	First    *noKey2 `orm:"related=same"`
	SecondID int64
	Second   *noKey2 `orm:"on_delete=set_null,related=same"`
	ValueID  int64
	Value    noKey2   `orm:"on_delete=cascade,related=values"`
	Friends  []*wrong `gorm:"many2many:a_wrong_friends"`
	Sum      int64    `gorm:"->;-:migration" orm:"sum=friends"`
	Lost     int64    `gorm:"->;-:migration" orm:"count=losses"`
}

func (wrong) TableName() string { return "a_wrong" }
func (wrong) Meta() orm.Meta {
	return orm.Meta{App: "a", Ordering: []string{"-age"}, Unique: []orm.Unique{{Fields: []string{"name"}}}, Indexes: []orm.Index{{Fields: []string{"friends"}}, {Expressions: "lower(name)"}, {Name: "empty"}}}
}

type noKey2 struct {
	ID     int64   `gorm:"primaryKey"`
	Wrongs []*Loan `gorm:"foreignKey:ID"`
}

func (noKey2) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (noKey2) TableName() string { return "a_nokey2" }

func TestRegistryReportsAllMistakes(t *testing.T) {
	_, err := orm.NewRegistry(&noMeta{}, &noKey{}, &noKey{}, noKey{}, 7, nil, &wrong{}, &noKey2{})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`orm_test.noMeta: has no app, add: func (noMeta) Meta() orm.Meta`,
		`orm_test.noKey: has no primary key`,
		`orm_test.noKey: is registered twice`,
		`orm_test.noKey: is no model, give pointers`,
		`int: is no model`,
		`<nil>: is no model`,
		`orm_test.wrong.Tag: the tag orm does not know "blue"`,
		`orm_test.wrong.Two: the tag orm says both slug and email`,
		`orm_test.wrong.Empty: the tag orm says "label" without a value`,
		`orm_test.wrong.NoFit: the tag orm says slug, which a bool cannot be`,
		`orm_test.wrong.Odd: a complex128 is no column type`,
		`orm_test.wrong.Digits: does not say how many digits`,
		`orm_test.wrong.Number: default=many: is no int`,
		`orm_test.wrong.Doc: default={: is no JSON`,
		`orm_test.wrong.Gorm: gorm's default: swallows zero values; say orm:"default=3"`,
		`orm_test.wrong.Day: unique_for_date=number: a.wrong has no date`,
		`orm_test.wrong.Other: refers to orm_test.stranger, which is not registered`,
		`orm_test.wrong.First: does not say what happens to it`,
		`orm_test.wrong.Second: on_delete=set_null needs a column that can be NULL`,
		`orm_test.wrong.Second: would be "same" on orm_test.noKey2, which has that name already`,
		`orm_test.wrong.Value: holds the related object itself; make it a pointer`,
		`orm_test.wrong.Friends: relates wrong to itself, so name both columns`,
		`orm_test.wrong.Sum: sum=friends ends at a relation`,
		`orm_test.wrong.Lost: count=losses: "losses": a.wrong has no field`,
		`orm_test.wrong.Meta: Ordering: "age": a.wrong has no field "age"`,
		`orm_test.wrong.Meta: Unique: a.wrong has no column "name"`,
		`orm_test.wrong.Meta: Indexes: a.wrong has no column "friends"`,
		`orm_test.wrong.Meta: Indexes: the index over lower(name) needs a Name`,
		`orm_test.wrong.Meta: Indexes: give each index either Fields or Expressions`,
		`orm_test.noKey2.Wrongs: lists orm_test.Loan by the key ID, but that has no registered relation`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("not reported: %s", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

// TestModelsWithoutApps are told to have one, and nothing about a label that they have not.
func TestModelsWithoutApps(t *testing.T) {
	_, err := orm.NewRegistry(&noMeta{}, &stranger{})
	want := "the models cannot be used:\n" +
		`  orm_test.noMeta: has no app, add: func (noMeta) Meta() orm.Meta { return orm.Meta{App: "…"} }` + "\n" +
		`  orm_test.stranger: has no app, add: func (stranger) Meta() orm.Meta { return orm.Meta{App: "…"} }`
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}

// person has friends, and tells so by both columns; pet lists its owners from the other side.
type person struct {
	ID      int64     `gorm:"primaryKey"`
	Friends []*person `gorm:"many2many:a_person_friends;joinForeignKey:FromPersonID;joinReferences:ToPersonID" orm:"related=+"`
	Pets    []*pet    `gorm:"many2many:a_person_pets" orm:"related=owners"`
}

func (person) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (person) TableName() string { return "a_person" }

type pet struct {
	ID     int64     `gorm:"primaryKey"`
	Owners []*person `gorm:"many2many:a_person_pets"`
}

func (pet) Meta() orm.Meta    { return orm.Meta{App: "a"} }
func (pet) TableName() string { return "a_pet" }

func TestManyToManyFromBothSides(t *testing.T) {
	for _, order := range [][]any{{&person{}, &pet{}}, {&pet{}, &person{}}} {
		r, err := orm.NewRegistry(order...)
		if err != nil {
			t.Fatal(err)
		}
		friends := r.Model(person{}).Field("friends")
		if friends.JoinColumn != "from_person_id" || friends.JoinRelatedColumn != "to_person_id" {
			t.Errorf("friends: %s %s", friends.JoinColumn, friends.JoinRelatedColumn)
		}
		owners := r.Model(pet{}).Reverse("owners")
		if r.Model(pet{}).Field("owners") != nil || owners == nil || owners.GoName != "Owners" || owners.Field != r.Model(person{}).Field("pets") {
			t.Errorf("owners: %+v", owners)
		}
	}
}
