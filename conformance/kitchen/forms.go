package kitchen

import (
	"math/big"
	"net/http"
	"strings"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// innerData is a small nested form.
type innerData struct {
	Name string   `json:"name" rest:"maxlength=10"`
	Size rest.Int `json:"size" rest:"optional,min=0"`
}

// outerData nests twice.
type outerData struct {
	Label  string      `json:"label"`
	Inner  innerData   `json:"inner"`
	Others []innerData `json:"others" rest:"optional"`
}

type signupData struct {
	Username string    `json:"username" rest:"minlength=3,maxlength=20"`
	Email    string    `json:"email" rest:"email,optional"`
	Password string    `json:"password" rest:"writeonly,minlength=6"`
	Confirm  string    `json:"confirm" rest:"writeonly"`
	Age      *rest.Int `json:"age" rest:"optional,min=18"`
	Terms    bool      `json:"terms"`
}

var signup = &rest.Serializer[signupData]{
	Fields: func(d *signupData) []rest.FieldOption {
		return []rest.FieldOption{rest.Clean(&d.Username, newName), rest.Field(&d.Terms, accepted)}
	},
	Validate: func(_ *rest.Request, in *rest.Input[signupData]) error {
		if !in.Partial() && in.Data.Password != in.Data.Confirm {
			return rest.Invalid("The two passwords differ.")
		}
		if in.Has(&in.Data.Username) && in.Data.Username == in.Data.Password {
			return rest.InvalidField("password", "The password must not be the name.")
		}
		return nil
	},
}

func newName(_ *rest.Request, name string) (string, error) {
	name = strings.ToLower(name)
	if name == "admin" || name == "root" {
		return "", rest.InvalidCode("reserved", "This name is reserved.")
	}
	return name, nil
}

func accepted(terms bool) error {
	if !terms {
		return rest.Invalid("You must accept the terms.", "Please read them first.")
	}
	return nil
}

type presenceData struct {
	Required        string   `json:"required"`
	Optional        string   `json:"optional" rest:"optional"`
	Default         rest.Int `json:"default" rest:"default=42"`
	Nullable        *string  `json:"nullable"`
	NullableDefault *string  `json:"nullable_default" rest:"default=null"`
	Blank           string   `json:"blank" rest:"blank,optional"`
	ReadOnly        string   `json:"read_only" rest:"readonly"`
	ReadOnlyDefault string   `json:"read_only_default" rest:"readonly,default=constant"`
	WriteOnly       string   `json:"write_only" rest:"writeonly,optional"`
	Hidden          string   `json:"hidden" rest:"hidden,default=secret"`
	Flag            bool     `json:"flag" rest:"optional"`
	Tags            []string `json:"tags" rest:"optional"`
}

type renamedData struct {
	PublicName string    `json:"public_name" rest:"source=internal_name"`
	City       string    `json:"city" rest:"source=address.city"`
	Zip        string    `json:"zip" rest:"source=address.zip,optional"`
	Place      innerData `json:"place" rest:"source=address.place,optional"`
}

type datesData struct {
	Start orm.Date `json:"start"`
	End   orm.Date `json:"end"`
	Step  rest.Int `json:"step" rest:"min=1,default=1"`
}

var dates = &rest.Serializer[datesData]{
	Validate: func(_ *rest.Request, in *rest.Input[datesData]) error {
		days := in.Data.End.DaysSince(in.Data.Start)
		switch {
		case days < 0:
			return rest.InvalidField("end", "The end must not be before the start.")
		case days > 366:
			return rest.InvalidCode("too_long", "The range is too long.")
		}
		return nil
	},
}

type validatorsData struct {
	Number  rest.Int   `json:"number"`
	Numbers []rest.Int `json:"numbers" rest:"optional"`
}

var validators = &rest.Serializer[validatorsData]{
	Fields: func(d *validatorsData) []rest.FieldOption {
		return []rest.FieldOption{rest.Field(&d.Number, even, belowHundred), rest.Each(&d.Numbers, even)}
	},
}

func even(n rest.Int) error {
	if n.Big().Bit(0) != 0 {
		return rest.Invalid(n.String() + " is not even.")
	}
	return nil
}

func belowHundred(n rest.Int) error {
	if n.Big().Cmp(big.NewInt(100)) >= 0 {
		return rest.Invalid(n.String() + " is not below a hundred.")
	}
	return nil
}

type polygonData struct {
	Name   string                `json:"name"`
	Outer  outerData             `json:"outer"`
	Points []innerData           `json:"points" rest:"minlength=1,maxlength=3"`
	Meta   map[string][]rest.Int `json:"meta" rest:"optional"`
}

// forms serves forms/.
func (k *Kitchen) forms(g *rest.Group) {
	form(g, "signup", signup)
	form(g, "presence", &rest.Serializer[presenceData]{})
	form(g, "renamed", &rest.Serializer[renamedData]{})
	form(g, "dates", dates)
	form(g, "validators", validators)
	form(g, "polygon", &rest.Serializer[polygonData]{})
	g.Handle("forms/{name}/", view("Form", "One form.", missing, http.MethodPost, http.MethodPatch, http.MethodOptions), "")
}

// form serves one form, or with ?many an array of them.
func form[D any](g *rest.Group, name string, s *rest.Serializer[D]) {
	v := valid("Form", "One form.", s)
	one := v.Methods[http.MethodPost].Handle
	v.Methods[http.MethodPost] = rest.Endpoint{Input: s, Output: s, Handle: func(r *rest.Request) (*rest.Response, error) {
		if !r.QueryHas("many") {
			return one(r)
		}
		all, err := rest.ReadMany(r, s, rest.Many{})
		if err != nil {
			return nil, err
		}
		return rest.OK(rest.RenderInputs(r, all)), nil
	}}
	g.Handle("forms/"+name+"/", v, "")
}

// valid is a view that answers its valid input.
func valid[D any](name, doc string, s *rest.Serializer[D]) *rest.View {
	run := func(r *rest.Request) (*rest.Response, error) {
		in, err := rest.Read(r, s)
		if err != nil {
			return nil, err
		}
		return rest.OK(rest.RenderInput(r, in)), nil
	}
	v := view(name, doc, run)
	for _, m := range []string{http.MethodPost, http.MethodPatch} {
		v.Methods[m] = rest.Endpoint{Handle: run, Input: s, Output: s}
	}
	return v
}
