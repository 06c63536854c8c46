package rest_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/identity/identitytest"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
	"github.com/quintet-go/quintet/resttest"
)

type numberData struct {
	V int64 `json:"v"`
	W int64 `json:"w" rest:"optional"`
}

func even(v int64) error {
	if v%2 != 0 {
		return rest.Invalid("Not even.")
	}
	return nil
}

func small(v int64) error {
	if v > 9 {
		return rest.InvalidCode("big", "Too big.")
	}
	return nil
}

func TestFieldOptions(t *testing.T) {
	runSheets(t, []sheetCase{
		{"Field runs all checks after the field's own", option(func(d *numberData) rest.FieldOption { return rest.Field(&d.V, even, small) }), []string{
			`{"v":8}`, `200 {"v":8,"w":0}`,
			`{"v":11,"w":11}`, `400 {"v":["Not even.","Too big."]}`,
			`{"v":"x"}`, `400 {"v":["A valid integer is required."]}`,
			`PATCH {"w":1}`, `200 {"v":0,"w":1}`,
		}},
		{"Field passes over null", option(func(d *struct {
			V *int64 `json:"v"`
		},
		) rest.FieldOption {
			return rest.Field(&d.V, func(v *int64) error { return even(*v) })
		}), []string{`{"v":null}`, `200 {"v":null}`, `{"v":1}`, `400 {"v":["Not even."]}`}},
		{"Field with an error of its own shape", option(func(d *numberData) rest.FieldOption {
			return rest.Field(&d.V, func(int64) error { return rest.InvalidField("deep", "Wrong.") })
		}), []string{`{"v":1}`, `400 {"v":{"deep":["Wrong."]}}`}},
		{"Field that breaks", option(func(d *numberData) rest.FieldOption {
			return rest.Field(&d.V, func(int64) error { return errors.New("secret") })
		}), []string{`{"v":1}`, `500 {"detail":"A server error occurred."}`}},
		{"Clean changes the value", option(func(d *numberData) rest.FieldOption {
			return rest.Clean(&d.V, func(_ *rest.Request, v int64) (int64, error) { return v * 2, even(v) })
		}), []string{`{"v":4}`, `200 {"v":8,"w":0}`, `{"v":3}`, `400 {"v":["Not even."]}`, `{"v":null}`, `400 {"v":["This field may not be null."]}`}},
		{"Clean sees null", option(func(d *struct {
			V *string `json:"v"`
		},
		) rest.FieldOption {
			return rest.Clean(&d.V, func(_ *rest.Request, v *string) (*string, error) {
				if v == nil {
					return new("nothing"), nil
				}
				return nil, nil
			})
		}), []string{`{"v":null}`, `200 {"v":"nothing"}`, `{"v":"x"}`, `200 {"v":null}`}},
		{"checks come before Clean", form(func(d *numberData) []rest.FieldOption {
			return []rest.FieldOption{
				rest.Field(&d.V, small),
				rest.Clean(&d.V, func(_ *rest.Request, v int64) (int64, error) { return v, rest.Invalid("Clean.") }),
			}
		}), []string{`{"v":11}`, `400 {"v":["Too big."]}`, `{"v":1}`, `400 {"v":["Clean."]}`}},
		{"Matches searches", form(func(d *struct {
			V string `json:"v"`
			R string `json:"r" rest:"regex,optional,maxlength=4"`
		},
		) []rest.FieldOption {
			return []rest.FieldOption{rest.Matches(&d.V, `b+`, "No b."), rest.Matches(&d.R, `^[a-z]*$`, "No word.")}
		}), []string{
			`{"v":"abbc","r":"xyz"}`, `200 {"v":"abbc","r":"xyz"}`,
			`{"v":"ac","r":"XYZXYZ"}`, `400 {"v":["No b."],"r":["Ensure this field has no more than 4 characters.","No word."]}`,
		}},
		{"Matches takes pointers", option(func(d *struct {
			V *string `json:"v"`
		},
		) rest.FieldOption {
			return rest.Matches(&d.V, `^a`, "No a.")
		}), []string{`{"v":null}`, `200 {"v":null}`, `{"v":"b"}`, `400 {"v":["No a."]}`}},
		{"Default of the request", option(func(d *numberData) rest.FieldOption {
			return rest.Default(&d.V, func(r *rest.Request) int64 { return int64(len(r.Method())) })
		}), []string{`{}`, `200 {"v":4,"w":0}`, `{"v":1}`, `200 {"v":1,"w":0}`, `PATCH {}`, `200 {"v":0,"w":0}`}},
		{"Default of a hidden field", option(func(d *struct {
			V string `json:"v" rest:"hidden"`
		},
		) rest.FieldOption {
			return rest.Default(&d.V, func(*rest.Request) string { return "x" })
		}), []string{`{"v":"sent"}`, `200 {}`}},
		{"Messages", option(func(d *struct {
			V string `json:"v" rest:"maxlength=2"`
		},
		) rest.FieldOption {
			return rest.Messages(&d.V, map[string]string{"required": "Give V.", "max_length": "At most {max_length}."})
		}), []string{`{}`, `400 {"v":["Give V."]}`, `{"v":"abc"}`, `400 {"v":["At most 2."]}`, `{"v":""}`, `400 {"v":["This field may not be blank."]}`}},
		{"Choices", form(func(d *struct {
			V string   `json:"v"`
			N int64    `json:"n" rest:"optional"`
			M []string `json:"m" rest:"optional,noempty"`
		},
		) []rest.FieldOption {
			colours := []orm.Choice{{Value: "r", Label: "Red"}, {Value: "g", Label: "Green"}}
			return []rest.FieldOption{
				rest.Choices(&d.V, colours...), rest.Choices(&d.M, colours...),
				rest.Choices(&d.N, orm.Choice{Value: 1, Label: "One"}, orm.Choice{Value: 2, Label: "Two"}),
			}
		}), []string{
			`{"v":"r","n":"2","m":["r","g","r"]}`, `200 {"v":"r","n":2,"m":["r","g"]}`,
			`{"v":"Red","n":3}`, `400 {"v":["\"Red\" is not a valid choice."],"n":["\"3\" is not a valid choice."]}`,
			`{"v":"r","m":[]}`, `400 {"m":["This selection may not be empty."]}`,
			`{"v":"r","m":"r"}`, `400 {"m":["Expected a list of items but got type \"str\"."]}`,
			`{"v":""}`, `400 {"v":["\"\" is not a valid choice."]}`,
			`FORM v=g&m=r&m=g&m=r`, `200 {"v":"g","n":0,"m":["r","g"]}`,
		}},
		{"a type with choices", form[struct {
			V shade  `json:"v"`
			P *shade `json:"p" rest:"optional"`
		}](), []string{`{"v":"dark","p":null}`, `200 {"v":"dark","p":null}`, `{"v":"red"}`, `400 {"v":["\"red\" is not a valid choice."]}`}},
	})
}

type shade string

func (shade) Choices() []orm.Choice {
	return []orm.Choice{{Value: shade("dark"), Label: "Dark"}, {Value: shade("light"), Label: "Light"}}
}

type pointData struct {
	X int64 `json:"x"`
	Y int64 `json:"y" rest:"default=9"`
}

var point = &rest.Serializer[pointData]{
	Fields: func(d *pointData) []rest.FieldOption { return []rest.FieldOption{rest.Field(&d.X, even)} },
	Validate: func(_ *rest.Request, in *rest.Input[pointData]) error {
		if in.Data.X > in.Data.Y {
			return rest.Invalid("X is right of Y.")
		}
		return nil
	},
}

func TestNestedForms(t *testing.T) {
	type pathData struct {
		Name  string      `json:"name"`
		From  pointData   `json:"from"`
		To    *pointData  `json:"to"`
		Steps []pointData `json:"steps" rest:"optional,maxlength=2"`
	}
	runSheets(t, []sheetCase{
		{"declared", form(func(d *pathData) []rest.FieldOption {
			return []rest.FieldOption{rest.Nested(&d.From, point), rest.Nested(&d.To, point), rest.Nested(&d.Steps, point)}
		}), []string{
			`{"name":"a","from":{"x":2},"to":null,"steps":[{"x":2,"y":3}]}`, `200 {"name":"a","from":{"x":2,"y":9},"to":null,"steps":[{"x":2,"y":3}]}`,
			`{"name":"a","from":{"x":1},"to":{"x":4,"y":2},"steps":[{"x":2},{},{"x":2}]}`,
			`400 {"from":{"x":["Not even."]},"to":{"non_field_errors":["X is right of Y."]},"steps":{"non_field_errors":["Ensure this field has no more than 2 elements."]}}`,
			`{"name":"a","from":[],"to":1,"steps":{}}`,
			`400 {"from":{"non_field_errors":["Invalid data. Expected a dictionary, but got list."]},"to":{"non_field_errors":["Invalid data. Expected a dictionary, but got int."]},"steps":{"non_field_errors":["Expected a list of items but got type \"dict\"."]}}`,
			`{"name":"a","from":null,"to":null,"steps":[null,{"x":3}]}`, `400 {"from":["This field may not be null."],"steps":{"0":["This field may not be null."],"1":{"x":["Not even."]}}}`,
			`{"name":"a"}`, `400 {"from":["This field is required."],"to":["This field is required."]}`,
			`FORM name=a&from.x=2&from.y=4&to.x=0&steps[0]x=2&steps[1]x=4`, `200 {"name":"a","from":{"x":2,"y":4},"to":{"x":0,"y":9},"steps":[{"x":2,"y":9},{"x":4,"y":9}]}`,
		}},
		{"of structs alone", form[pathData](), []string{
			`{"name":"a","from":{"x":1},"to":{"x":3,"y":1}}`, `200 {"name":"a","from":{"x":1,"y":9},"to":{"x":3,"y":1},"steps":[]}`,
		}},
		{"lists of pointers", form[struct {
			L []*pointData `json:"l" rest:"noempty"`
		}](), []string{
			`{"l":[{"x":1}]}`, `200 {"l":[{"x":1,"y":9}]}`, `{"l":[]}`, `400 {"l":{"non_field_errors":["This list may not be empty."]}}`,
		}},
		{"embedded structs are flat", form[struct {
			pointless
			pointData
			Z int64 `json:"z"`
		}](), []string{`{"x":1,"z":2}`, `200 {"x":1,"y":9,"z":2}`}},
	})
}

type pointless struct{}

func TestValidateHook(t *testing.T) {
	type periodData struct {
		From orm.Date  `json:"from"`
		To   *orm.Date `json:"to" rest:"optional"`
		Note string    `json:"note" rest:"optional"`
	}
	validate := func(err func(in *rest.Input[periodData]) error) sheet {
		return formBy(&rest.Serializer[periodData]{Name: "Period", Validate: func(_ *rest.Request, in *rest.Input[periodData]) error { return err(in) }})
	}
	runSheets(t, []sheetCase{
		{"of the object", validate(func(in *rest.Input[periodData]) error {
			if in.Data.To != nil && in.Data.To.Cmp(in.Data.From) < 0 {
				return rest.Invalid("Ends before it begins.")
			}
			return nil
		}), []string{
			`{"from":"2024-02-01","to":"2024-01-01"}`, `400 {"non_field_errors":["Ends before it begins."]}`,
			`{"from":"2024-02-01","to":"x"}`, `400 {"to":["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."]}`,
			`{"from":"2024-02-01","to":"2024-02-01"}`, `200 {"from":"2024-02-01","to":"2024-02-01","note":""}`,
		}},
		{"of one field", validate(func(*rest.Input[periodData]) error { return rest.InvalidField("to", "Too late.", "Really.") }), []string{
			`{"from":"2024-02-01"}`, `400 {"to":["Too late.","Really."]}`,
		}},
		{"with a detail of its own", validate(func(*rest.Input[periodData]) error {
			return rest.InvalidDetail(rest.ErrorFields("to", rest.Message{Text: "Single.", Code: "x"}))
		}), []string{`{"from":"2024-02-01"}`, `400 {"to":["Single."]}`}},
		{"with another error", validate(func(*rest.Input[periodData]) error { return rest.Conflict("Taken.") }), []string{
			`{"from":"2024-02-01"}`, `409 {"detail":"Taken."}`,
		}},
		{"may change the data", validate(func(in *rest.Input[periodData]) error {
			in.Data.Note = strings.ToUpper(in.Data.Note)
			return nil
		}), []string{`{"from":"2024-02-01","note":"x"}`, `200 {"from":"2024-02-01","to":null,"note":"X"}`}},
		{"knows what was sent", validate(func(in *rest.Input[periodData]) error {
			var sent []string
			for name, field := range map[string]any{"from": &in.Data.From, "to": &in.Data.To, "note": &in.Data.Note, "foreign": new(string)} {
				if in.Has(field) {
					sent = append(sent, name)
				}
			}
			if in.Partial() {
				sent = append(sent, "partial")
			}
			if in.Updating() {
				sent = append(sent, "updating")
			}
			slices.Sort(sent)
			return rest.Invalid(strings.Join(sent, " "))
		}), []string{
			`{"from":"2024-02-01","note":"x"}`, `400 {"non_field_errors":["from note"]}`,
			`PATCH {"to":null}`, `400 {"non_field_errors":["partial to"]}`,
			`PATCH {}`, `400 {"non_field_errors":["partial"]}`,
		}},
	})
}

func TestMergeJSON(t *testing.T) {
	for _, c := range []struct{ stored, changes, want string }{
		{`{"a":1,"b":2}`, `{"b":3,"c":[1]}`, `{"a":1,"b":3,"c":[1]}`},
		{`{}`, `{}`, `{}`},
		{`{"b":{"x":1}}`, `{"b":{}}`, `{"b":{}}`},
		{`[]`, `{}`, `error: merge JSON objects: one of them is no object`},
		{`{}`, `null`, `error: merge JSON objects: one of them is no object`},
		{`{`, `{}`, `error: merge JSON objects: `},
	} {
		got, err := rest.MergeJSON(orm.JSON(c.stored), orm.JSON(c.changes))
		text := string(got)
		if err != nil {
			text = "error: " + err.Error()
		}
		if !strings.HasPrefix(text, c.want) || err == nil && text != c.want {
			t.Errorf("%s with %s is %s, want %s", c.stored, c.changes, text, c.want)
		}
	}
}

// The models of the options that ask a database.

type owner struct {
	ID   int64  `gorm:"primaryKey"`
	Name string `gorm:"size:20;unique"`
	Open bool
}

func (owner) TableName() string { return "opt_owner" }
func (owner) Meta() orm.Meta    { return orm.Meta{App: "opt", Ordering: []string{"id"}} }

type pet struct {
	ID       int64  `gorm:"primaryKey"`
	Name     string `gorm:"size:20;unique"`
	Chip     string `gorm:"size:20"`
	OwnerID  *int64
	Owner    *owner         `orm:"blank,on_delete=set_null,related=pets"`
	KeeperID *int64         //
	Keeper   *identity.User `orm:"blank,on_delete=set_null,related=+"`
}

func (pet) TableName() string { return "opt_pet" }
func (pet) Meta() orm.Meta    { return orm.Meta{App: "opt", Ordering: []string{"id"}} }

var petModels = []any{&identity.User{}, &identity.Group{}, &identity.Permission{}, &identity.ContentType{}, &owner{}, &pet{}}

func TestAmongLimitsTheObjects(t *testing.T) {
	type petData struct {
		ID    int64               `json:"id"`
		Name  string              `json:"name"`
		Chip  string              `json:"chip"`
		Owner rest.Related[owner] `json:"owner" rest:"slug=Name"`
	}
	s := &rest.ModelSerializer[pet, petData]{Fields: func(d *petData) []rest.FieldOption {
		return []rest.FieldOption{rest.Among(&d.Owner, func(r *rest.Request, q *gorm.DB) *gorm.DB {
			return q.Where("open = ? OR name = ?", true, r.Query("extra"))
		})}
	}}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, petModels, func(g *rest.Group) {
			g.Register("pets", &rest.ViewSet[pet]{Serializer: s}).Register("owners", &rest.ViewSet[owner]{Serializer: rest.Auto[owner]()})
		})
		say(t, c.Post("/owners/", `{"name":"ann","open":true}`), `201 {"id":1,"name":"ann","open":true}`)
		say(t, c.Post("/owners/", `{"name":"bob","open":false}`), `201 {"id":2,"name":"bob","open":false}`)
		say(t, c.Post("/pets/", `{"name":"a","chip":"1","owner":"ann"}`), `201 {"id":1,"name":"a","chip":"1","owner":"ann"}`)
		say(t, c.Post("/pets/", `{"name":"b","chip":"1","owner":"bob"}`), `400 {"owner":["Object with name=bob does not exist."]}`)
		say(t, c.Post("/pets/?extra=bob", `{"name":"b","chip":"1","owner":"bob"}`), `201 {"id":2,"name":"b","chip":"1","owner":"bob"}`)
		say(t, c.Patch("/pets/1/", `{"owner":null}`), `200 {"id":1,"name":"a","chip":"1","owner":null}`)
		say(t, c.Patch("/pets/1/", `{"owner":""}`), `200 {"id":1,"name":"a","chip":"1","owner":null}`)
		say(t, c.Patch("/pets/1/", `{"owner":["ann"]}`), `400 {"owner":["Object with name=['ann'] does not exist."]}`)
	})
}

func TestUniqueOptions(t *testing.T) {
	type petData struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
		Chip string `json:"chip"`
	}
	s := func(options ...func(d *petData) rest.FieldOption) *rest.ModelSerializer[pet, petData] {
		return &rest.ModelSerializer[pet, petData]{Fields: func(d *petData) (list []rest.FieldOption) {
			for _, o := range options {
				list = append(list, o(d))
			}
			return list
		}}
	}
	plain := s()
	caseless := s(func(d *petData) rest.FieldOption { return rest.UniqueBy(&d.Name, "iexact", "Taken.") })
	never := s(func(d *petData) rest.FieldOption { return rest.NotUnique(&d.Name) })
	extra := s(func(d *petData) rest.FieldOption { return rest.UniqueBy(&d.Chip, "exact", "") })
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, petModels, func(g *rest.Group) {
			for path, s := range map[string]*rest.ModelSerializer[pet, petData]{"plain": plain, "caseless": caseless, "never": never, "extra": extra} {
				g.Register(path, &rest.ViewSet[pet]{Serializer: s}, path)
			}
		})
		say(t, c.Post("/plain/", `{"name":"Rex_%","chip":"1"}`), `201 {"id":1,"name":"Rex_%","chip":"1"}`)
		say(t, c.Post("/plain/", `{"name":"Rex_%","chip":"1"}`), `400 {"name":["pet with this name already exists."]}`)
		say(t, c.Post("/caseless/", `{"name":"rEX_%","chip":"1"}`), `400 {"name":["Taken."]}`)
		say(t, c.Post("/caseless/", `{"name":"rexab","chip":"1"}`), `201 {"id":2,"name":"rexab","chip":"1"}`)
		say(t, c.Put("/caseless/1/", `{"name":"REX_%","chip":"2"}`), `200 {"id":1,"name":"REX_%","chip":"2"}`)
		// Without the check the database's constraint answers the same.
		say(t, c.Post("/never/", `{"name":"REX_%","chip":"1"}`), `400 {"name":["pet with this name already exists."]}`)
		say(t, c.Post("/extra/", `{"name":"third","chip":"1"}`), `400 {"chip":["This field must be unique."]}`)
	})
}

// saying is written as what its pointer says of itself.
type saying struct{ text string }

func (s *saying) String() string { return s.text + "!" }

func TestComputedFields(t *testing.T) {
	type ownerData struct {
		ID    int64          `json:"id"`
		Shout string         `json:"shout"`
		Who   string         `json:"who"`
		When  orm.Date       `json:"when" rest:"date,format=%d.%m."`
		List  []string       `json:"list"`
		None  *int           `json:"none"`
		Map   *rest.Object   `json:"map"`
		Maps  []*rest.Object `json:"maps"`
		Gone  *rest.Object   `json:"gone"`
		Said  *saying        `json:"said"`
	}
	day, _ := orm.NewDate(2024, 2, 3)
	s := &rest.ModelSerializer[owner, ownerData]{Fields: func(d *ownerData) []rest.FieldOption {
		return []rest.FieldOption{
			rest.Computed(&d.Shout, func(o *owner) string { return strings.ToUpper(o.Name) }),
			rest.ComputedFor(&d.Who, func(r *rest.Request, o *owner) string { return r.User().Username + " sees " + o.Name }),
			rest.Computed(&d.When, func(*owner) orm.Date { return day }),
			rest.Computed(&d.List, func(o *owner) []string { return strings.Split(o.Name, "") }),
			rest.Computed(&d.None, func(*owner) *int { return nil }),
			rest.Computed(&d.Map, func(o *owner) *rest.Object { return rest.Obj("z", o.ID, "a", o.Name) }),
			rest.Computed(&d.Maps, func(o *owner) []*rest.Object { return []*rest.Object{rest.Obj("n", 1.0), nil} }),
			rest.Computed(&d.Gone, func(*owner) *rest.Object { return nil }),
			rest.Computed(&d.Said, func(*owner) *saying { return &saying{"hello"} }),
		}
	}}
	db := ormtest.Open(t, ormtest.SQLite(t))
	c := serve(t, db, petModels, func(g *rest.Group) {
		g.Register("owners", &rest.ViewSet[owner]{Serializer: s})
		g.Register("raw", &rest.ViewSet[owner]{Serializer: rest.Auto[owner]()}, "raw")
	})
	c.Post("/raw/", `{"name":"ann","open":true}`)
	identitytest.User(t, identitytest.Store(db.Gorm), "bob", "secret")
	say(t, c.Basic("bob", "secret").Get("/owners/1/"), `200 {"id":1,"shout":"ANN","who":"bob sees ann","when":"03.02.","list":["a","n","n"],"none":null,"map":{"z":1,"a":"ann"},"maps":[{"n":1.0},null],"gone":null,"said":"hello!"}`)
	say(t, c.Patch("/owners/1/", `{"shout":"X"}`), `200 {"id":1,"shout":"ANN","who":" sees ann","when":"03.02.","list":["a","n","n"],"none":null,"map":{"z":1,"a":"ann"},"maps":[{"n":1.0},null],"gone":null,"said":"hello!"}`)
}

func TestDefaultOfAReadOnlyField(t *testing.T) {
	type petData struct {
		ID     int64                       `json:"id"`
		Name   string                      `json:"name"`
		Keeper rest.Related[identity.User] `json:"keeper" rest:"slug=Username,readonly"`
	}
	s := &rest.ModelSerializer[pet, petData]{
		Fields: func(d *petData) []rest.FieldOption {
			return []rest.FieldOption{rest.Default(&d.Keeper, func(r *rest.Request) rest.Related[identity.User] {
				return rest.Related[identity.User]{Object: r.User()}
			})}
		},
		UniqueTogether: []orm.Unique{{Fields: []string{"name", "keeper"}}},
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, petModels, func(g *rest.Group) {
			g.Register("pets", &rest.ViewSet[pet]{Serializer: s, PerformCreate: func(r *rest.Request, p *pet) error {
				p.KeeperID, p.Keeper = &r.User().ID, r.User()
				return r.Save(p)
			}})
		})
		users := identitytest.Store(db.Gorm)
		identitytest.User(t, users, "ann", "secret")
		identitytest.User(t, users, "bob", "secret")
		ann := c.Basic("ann", "secret")
		say(t, ann.Post("/pets/", `{"name":"Rex"}`), `201 {"id":1,"name":"Rex","keeper":"ann"}`)
		say(t, ann.Post("/pets/", `{"name":"Rex"}`), `400 {"name":["pet with this name already exists."]}`)
	})
}

// A hidden field is filled by its default alone; of a related one the object is stored.
func TestDefaultOfAHiddenField(t *testing.T) {
	type petData struct {
		Name   string                      `json:"name"`
		Keeper rest.Related[identity.User] `json:"keeper" rest:"hidden"`
	}
	s := &rest.ModelSerializer[pet, petData]{Fields: func(d *petData) []rest.FieldOption {
		return []rest.FieldOption{rest.Default(&d.Keeper, func(r *rest.Request) rest.Related[identity.User] {
			return rest.Related[identity.User]{Object: r.User()}
		})}
	}}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, petModels, func(g *rest.Group) { g.Register("pets", &rest.ViewSet[pet]{Serializer: s}) })
		user := identitytest.User(t, identitytest.Store(db.Gorm), "ann", "secret")
		say(t, c.Basic("ann", "secret").Post("/pets/", `{"name":"Rex","keeper":7}`), `201 {"name":"Rex"}`)
		var stored pet
		if err := db.Gorm.Take(&stored).Error; err != nil || stored.KeeperID == nil || *stored.KeeperID != user.ID {
			t.Errorf("got keeper %v, want %d (%v)", stored.KeeperID, user.ID, err)
		}
	})
}

func TestAnswerList(t *testing.T) {
	at := time.Date(2024, 5, 6, 7, 8, 9, 0, time.UTC)
	type rowData struct {
		At   time.Time `json:"at"`
		Text string    `json:"text" rest:"label=A text" doc:"What it says."`
	}
	s := &rest.Serializer[rowData]{}
	db := ormtest.Open(t, ormtest.SQLite(t))
	router := rest.NewRouter(resttest.Config(t, db, resttest.Registry(t)))
	router.Group("/").Handle("rows/", &rest.View{Permissions: open, Methods: map[string]rest.Endpoint{http.MethodGet: {
		Output: rest.ListOf(s),
		Handle: func(r *rest.Request) (*rest.Response, error) {
			return rest.AnswerList(r, s, []rowData{{at, "a"}, {at.Add(time.Microsecond), "\u2028\"</script>"}})
		},
	}}}, "rows")
	got := resttest.NewClient(t, resttest.Serve(t, router)).Get("/rows/").Text()
	want := "[{\"at\":\"2024-05-06T07:08:09Z\",\"text\":\"a\"},{\"at\":\"2024-05-06T07:08:09.000001Z\",\"text\":\"\\u2028\\\"</script>\"}]"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
