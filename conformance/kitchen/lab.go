package kitchen

import (
	"net/http"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

var (
	colours = []orm.Choice{{Value: "r", Label: "Red"}, {Value: "g", Label: "Green"}, {Value: "b", Label: "Blue"}}
	levels  = []orm.Choice{{Value: int64(1), Label: "One"}, {Value: int64(2), Label: "Two"}, {Value: int64(3), Label: "Three"}}
	sizes   = []orm.Choice{{Value: "s", Label: "s"}, {Value: "m", Label: "m"}, {Value: "l", Label: "l"}}
	shades  = []orm.Choice{
		{Value: "r", Label: "Red", Group: "Warm"},
		{Value: "o", Label: "Orange", Group: "Warm"},
		{Value: "b", Label: "Blue", Group: "Cold"},
		{Value: "x", Label: "Other"},
	}
)

// specimen is a field of the laboratory: a form with it alone.
type specimen struct {
	name string
	view *rest.View
}

// of makes a specimen of a form with one field, Value.
func of[D any](name string, options ...func(d *D) rest.FieldOption) specimen {
	s := &rest.Serializer[D]{Name: "Lab_" + name}
	if len(options) > 0 {
		s.Fields = func(d *D) []rest.FieldOption {
			var all []rest.FieldOption
			for _, option := range options {
				all = append(all, option(d))
			}
			return all
		}
	}
	return specimen{name, valid("Lab", "One field.", s)}
}

// laboratory serves lab/: every kind of field by itself.
func (k *Kitchen) laboratory(g *rest.Group) {
	all := specimens()
	names := make([]any, len(all))
	for i, s := range all {
		names[i] = s.name
		g.Handle("lab/"+s.name+"/", s.view, "")
	}
	g.Handle("lab/", view("Lab Index", "Names of the laboratory.", answer(http.StatusOK, names), http.MethodGet), "")
	g.Handle("lab/{name}/", view("Lab", "One field.", missing, http.MethodPost, http.MethodPatch, http.MethodOptions), "")
}

func specimens() []specimen {
	return slices.Concat(textsSpecimens(), numbersSpecimens(), timesSpecimens(), choicesSpecimens(), compositesSpecimens(), nestedSpecimens(), relatedSpecimens())
}

func textsSpecimens() []specimen { //nolint:funlen // a table
	type charmessages struct {
		Value string `json:"value" rest:"maxlength=5"`
	}
	type regex struct {
		Value string `json:"value" rest:"regex"`
	}
	type regexmessage struct {
		Value string `json:"value" rest:"regex"`
	}
	return []specimen{
		of[struct {
			Value bool `json:"value"`
		}]("boolean"),
		of[struct {
			Value *bool `json:"value"`
		}]("boolean_null"),
		of[struct {
			Value bool `json:"value" rest:"default=true"`
		}]("boolean_default"),
		of[struct {
			Value bool `json:"value" rest:"optional"`
		}]("boolean_optional"),
		of[struct {
			Value string `json:"value"`
		}]("char"),
		of[struct {
			Value string `json:"value" rest:"blank"`
		}]("char_blank"),
		of[struct {
			Value *string `json:"value"`
		}]("char_null"),
		of[struct {
			Value *string `json:"value" rest:"blank"`
		}]("char_null_blank"),
		of[struct {
			Value string `json:"value" rest:"minlength=3,maxlength=8"`
		}]("char_length"),
		of[struct {
			Value string `json:"value" rest:"notrim"`
		}]("char_notrim"),
		of[struct {
			Value string `json:"value" rest:"default=fallback"`
		}]("char_default"),
		of[struct {
			Value *string `json:"value" rest:"default=null"`
		}]("char_default_null"),
		of[struct {
			Value string `json:"value" rest:"optional"`
		}]("char_optional"),
		of[struct {
			Value string `json:"value" rest:"readonly"`
		}]("char_readonly"),
		of[struct {
			Value string `json:"value" rest:"writeonly"`
		}]("char_writeonly"),
		of("char_messages", func(d *charmessages) rest.FieldOption {
			return rest.Messages(&d.Value, map[string]string{"required": "Say something.", "blank": "Not nothing.", "null": "Not null.", "invalid": "Not that.", "max_length": "At most {max_length}."})
		}),
		of[struct {
			Value string `json:"value" rest:"email"`
		}]("email"),
		of[struct {
			Value string `json:"value" rest:"email,blank"`
		}]("email_blank"),
		of("regex", func(d *regex) rest.FieldOption { return rest.Matches(&d.Value, `^[A-Z]{2}[0-9]{3}$`, "") }),
		of("regex_message", func(d *regexmessage) rest.FieldOption { return rest.Matches(&d.Value, `^[a-f]+$`, "") },
			func(d *regexmessage) rest.FieldOption {
				return rest.Messages(&d.Value, map[string]string{"invalid": "Only a to f."})
			}),
		of[struct {
			Value string `json:"value" rest:"slug"`
		}]("slug"),
		of[struct {
			Value string `json:"value" rest:"slug,unicode"`
		}]("slug_unicode"),
		of[struct {
			Value string `json:"value" rest:"url"`
		}]("url"),
		of[struct {
			Value uuid.UUID `json:"value"`
		}]("uuid"),
		of[struct {
			Value uuid.UUID `json:"value" rest:"format=hex"`
		}]("uuid_hex"),
		of[struct {
			Value uuid.UUID `json:"value" rest:"format=int"`
		}]("uuid_int"),
		of[struct {
			Value uuid.UUID `json:"value" rest:"format=urn"`
		}]("uuid_urn"),
		of[struct {
			Value *uuid.UUID `json:"value"`
		}]("uuid_null"),
		of[struct {
			Value string `json:"value" rest:"ip"`
		}]("ip"),
		of[struct {
			Value string `json:"value" rest:"ipv4"`
		}]("ipv4"),
		of[struct {
			Value string `json:"value" rest:"ipv6"`
		}]("ipv6"),
	}
}

func numbersSpecimens() []specimen {
	return []specimen{
		of[struct {
			Value rest.Int `json:"value"`
		}]("integer"),
		of[struct {
			Value rest.Int `json:"value" rest:"min=1,max=10"`
		}]("integer_range"),
		of[struct {
			Value *rest.Int `json:"value"`
		}]("integer_null"),
		of[struct {
			Value rest.Int `json:"value" rest:"default=7"`
		}]("integer_default"),
		of[struct {
			Value rest.Int `json:"value" rest:"biginteger"`
		}]("biginteger"),
		of[struct {
			Value rest.Int `json:"value" rest:"biginteger,astext"`
		}]("biginteger_string"),
		of[struct {
			Value float64 `json:"value"`
		}]("float"),
		of[struct {
			Value float64 `json:"value" rest:"min=-1.5,max=2.5"`
		}]("float_range"),
		of[struct {
			Value *float64 `json:"value"`
		}]("float_null"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"digits=5,places=2"`
		}]("decimal"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"number,digits=5,places=2"`
		}]("decimal_number"),
		of[struct {
			Value orm.Decimal `json:"value"`
		}]("decimal_free"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"digits=3,places=0"`
		}]("decimal_whole"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"places=3"`
		}]("decimal_places"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"min=-10,max=99.5,digits=6,places=2"`
		}]("decimal_range"),
		of[struct {
			Value *orm.Decimal `json:"value" rest:"digits=5,places=2"`
		}]("decimal_null"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"normalize,digits=6,places=3"`
		}]("decimal_normalize"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"digits=6,places=2,rounding=half_up"`
		}]("decimal_half_up"),
		of[struct {
			Value orm.Decimal `json:"value" rest:"places=1,rounding=down"`
		}]("decimal_down"),
	}
}

func timesSpecimens() []specimen {
	return []specimen{
		of[struct {
			Value time.Time `json:"value"`
		}]("datetime"),
		of[struct {
			Value *time.Time `json:"value"`
		}]("datetime_null"),
		of[struct {
			Value time.Time `json:"value" rest:"format=%Y-%m-%d %H:%M"`
		}]("datetime_format"),
		of[struct {
			Value time.Time `json:"value" rest:"input=%d/%m/%Y %H:%M,input=iso-8601"`
		}]("datetime_input"),
		of[struct {
			Value time.Time `json:"value" rest:"zone=America/New_York"`
		}]("datetime_newyork"),
		of[struct {
			Value time.Time `json:"value" rest:"zone=Asia/Kolkata"`
		}]("datetime_kolkata"),
		of[struct {
			Value orm.Date `json:"value"`
		}]("date"),
		of[struct {
			Value *orm.Date `json:"value"`
		}]("date_null"),
		of[struct {
			Value orm.Date `json:"value" rest:"format=%d %b %Y"`
		}]("date_format"),
		of[struct {
			Value orm.Date `json:"value" rest:"input=%d.%m.%Y"`
		}]("date_input"),
		of[struct {
			Value orm.TimeOfDay `json:"value"`
		}]("time"),
		of[struct {
			Value orm.TimeOfDay `json:"value" rest:"format=%I:%M %p"`
		}]("time_format"),
		of[struct {
			Value orm.TimeOfDay `json:"value" rest:"input=%H.%M"`
		}]("time_input"),
		of[struct {
			Value rest.Span `json:"value"`
		}]("duration"),
		of[struct {
			Value rest.Span `json:"value" rest:"min=60,max=86400"`
		}]("duration_range"),
		of[struct {
			Value rest.Span `json:"value" rest:"format=iso-8601"`
		}]("duration_iso"),
	}
}

func choicesSpecimens() []specimen {
	type choice struct {
		Value string `json:"value"`
	}
	type choiceflat struct {
		Value string `json:"value"`
	}
	type choiceint struct {
		Value int64 `json:"value"`
	}
	type choiceblank struct {
		Value string `json:"value" rest:"blank"`
	}
	type choicenull struct {
		Value *string `json:"value"`
	}
	type choicegrouped struct {
		Value string `json:"value"`
	}
	type multiple struct {
		Value []string `json:"value"`
	}
	type multipleint struct {
		Value []int64 `json:"value"`
	}
	type multiplenoempty struct {
		Value []string `json:"value" rest:"noempty"`
	}
	return []specimen{
		of("choice", func(d *choice) rest.FieldOption { return rest.Choices(&d.Value, colours...) }),
		of("choice_flat", func(d *choiceflat) rest.FieldOption { return rest.Choices(&d.Value, sizes...) }),
		of("choice_int", func(d *choiceint) rest.FieldOption { return rest.Choices(&d.Value, levels...) }),
		of("choice_blank", func(d *choiceblank) rest.FieldOption { return rest.Choices(&d.Value, colours...) }),
		of("choice_null", func(d *choicenull) rest.FieldOption { return rest.Choices(&d.Value, colours...) }),
		of("choice_grouped", func(d *choicegrouped) rest.FieldOption { return rest.Choices(&d.Value, shades...) }),
		of("multiple", func(d *multiple) rest.FieldOption { return rest.Choices(&d.Value, colours...) }),
		of("multiple_int", func(d *multipleint) rest.FieldOption { return rest.Choices(&d.Value, levels...) }),
		of("multiple_noempty", func(d *multiplenoempty) rest.FieldOption { return rest.Choices(&d.Value, colours...) }),
	}
}

func compositesSpecimens() []specimen {
	return []specimen{
		of[struct {
			Value []any `json:"value"`
		}]("list"),
		of[struct {
			Value []rest.Int `json:"value" rest:"item.min=0,item.max=100"`
		}]("list_int"),
		of[struct {
			Value []string `json:"value" rest:"item.maxlength=5"`
		}]("list_char"),
		of[struct {
			Value []*rest.Int `json:"value"`
		}]("list_null_items"),
		of[struct {
			Value []rest.Int `json:"value" rest:"noempty"`
		}]("list_noempty"),
		of[struct {
			Value []rest.Int `json:"value" rest:"minlength=2,maxlength=3"`
		}]("list_length"),
		of[struct {
			Value [][]rest.Int `json:"value"`
		}]("list_of_list"),
		of[struct {
			Value []map[string]rest.Int `json:"value"`
		}]("list_of_dict"),
		of[struct {
			Value []orm.Date `json:"value"`
		}]("list_date"),
		of[struct {
			Value map[string]any `json:"value"`
		}]("dict"),
		of[struct {
			Value map[string]rest.Int `json:"value"`
		}]("dict_int"),
		of[struct {
			Value map[string]string `json:"value" rest:"noempty"`
		}]("dict_noempty"),
		of[struct {
			Value map[string][]rest.Int `json:"value"`
		}]("dict_of_list"),
		of[struct {
			Value map[string]*string `json:"value" rest:"hstore"`
		}]("hstore"),
		of[struct {
			Value orm.JSON `json:"value"`
		}]("json"),
		of[struct {
			Value *orm.JSON `json:"value"`
		}]("json_null"),
		of[struct {
			Value orm.JSON `json:"value" rest:"binary"`
		}]("json_binary"),
	}
}

func nestedSpecimens() []specimen {
	return []specimen{
		of[struct {
			Value innerData `json:"value"`
		}]("nested"),
		of[struct {
			Value *innerData `json:"value"`
		}]("nested_null"),
		of[struct {
			Value innerData `json:"value" rest:"optional"`
		}]("nested_optional"),
		of[struct {
			Value []innerData `json:"value"`
		}]("nested_many"),
		of[struct {
			Value []innerData `json:"value" rest:"noempty"`
		}]("nested_many_noempty"),
		of[struct {
			Value []innerData `json:"value" rest:"minlength=2,maxlength=3"`
		}]("nested_many_length"),
		of[struct {
			Value outerData `json:"value"`
		}]("nested_deep"),
		of[struct {
			Value []outerData `json:"value"`
		}]("nested_deep_many"),
	}
}

func relatedSpecimens() []specimen {
	return []specimen{
		of[struct {
			Value rest.Related[Genre] `json:"value"`
		}]("pk"),
		of[struct {
			Value rest.Related[Genre] `json:"value" rest:"null"`
		}]("pk_null"),
		of[struct {
			Value []rest.Related[Genre] `json:"value"`
		}]("pk_many"),
		of[struct {
			Value []rest.Related[Genre] `json:"value" rest:"noempty"`
		}]("pk_many_noempty"),
		of[struct {
			Value rest.Related[Genre] `json:"value" rest:"slug=Slug"`
		}]("slug_related"),
		of[struct {
			Value rest.Related[Genre] `json:"value" rest:"null,slug=Slug"`
		}]("slug_related_null"),
		of[struct {
			Value []rest.Related[Genre] `json:"value" rest:"slug=Slug"`
		}]("slug_related_many"),
		of[struct {
			Value rest.Related[Author] `json:"value" rest:"slug=Name"`
		}]("slug_related_name"),
		of[struct {
			Value rest.Related[Author] `json:"value" rest:"view=author-hyper-detail"`
		}]("hyperlink"),
		of[struct {
			Value []rest.Related[Author] `json:"value" rest:"view=author-hyper-detail"`
		}]("hyperlink_many"),
		of[struct {
			Value rest.Related[Genre] `json:"value" rest:"view=genre-hyper-detail,lookup=Slug"`
		}]("hyperlink_slug"),
	}
}
