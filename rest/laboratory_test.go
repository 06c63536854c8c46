package rest_test

import (
	"testing"

	"github.com/quintet-go/quintet/rest"
)

// TestFieldsAsRecorded holds answers of single fields that the reference gave.
func TestFieldsAsRecorded(t *testing.T) {
	type number struct {
		V rest.Int `json:"v" rest:"biginteger"`
	}
	type list struct {
		V []rest.Int `json:"v" rest:"minlength=2,maxlength=3"`
	}
	type anything struct {
		V []any `json:"v"`
	}
	type store struct {
		V map[string]*string `json:"v" rest:"hstore"`
	}
	type span struct {
		V rest.Span `json:"v" rest:"max=86400"`
	}
	type long struct {
		V rest.Span `json:"v"`
	}
	type flag struct {
		V bool `json:"v" rest:"default=true"`
	}
	type packed struct {
		V string `json:"v" rest:"ip"`
	}
	type numbers struct {
		V []int64 `json:"v" rest:"optional"`
	}
	type pattern struct {
		V string `json:"v" rest:"regex"`
	}
	runSheets(t, []sheetCase{
		{"big integers have their own text", form[number](), []string{
			`{"v":12345678901234567890123}`, `200 {"v":12345678901234567890123}`, `{"v":"x"}`, `400 {"v":["A valid biginteger is required."]}`,
		}},
		{"the elements of a list come before its length", form[list](), []string{
			`{"v":["x"]}`, `400 {"v":{"0":["A valid integer is required."]}}`,
			`{"v":[1]}`, `400 {"v":["Ensure this field has at least 2 elements."]}`,
			`{"v":{"a":1}}`, `400 {"v":["Expected a list of items but got type \"dict\"."]}`,
		}},
		{"a list of anything", form[anything](), []string{`{"v":[1,"a",null,{"b":[]}]}`, `200 {"v":[1,"a",null,{"b":[]}]}`}},
		{"hstore takes texts and null", form[store](), []string{
			`{"v":{"a":1,"b":null,"c":""}}`, `200 {"v":{"a":"1","b":null,"c":""}}`, `{"v":{"a":[]}}`, `400 {"v":{"a":["Not a valid string."]}}`,
			`FORM v=1`, `200 {"v":{}}`, `FORM v.a=1`, `200 {"v":{"a":"1"}}`, `FORM`, `400 {"v":["This field is required."]}`,
		}},
		{"long durations", form[long](), []string{`{"v":"999999999 00:00:00"}`, `200 {"v":"999999999 00:00:00"}`, `{"v":"-1 0:0:1"}`, `200 {"v":"-1 00:00:01"}`}},
		{"bounds of long durations", form[span](), []string{
			`{"v":86401}`, `400 {"v":["Ensure this value is less than or equal to 1 day, 0:00:00."]}`, `{"v":1}`, `200 {"v":"00:00:01"}`,
		}},
		{"a box that is not ticked has its default", form[flag](), []string{`FORM`, `200 {"v":true}`, `FORM v=false`, `200 {"v":false}`}},
		{"all that is wrong with an address", form[packed](), []string{
			`{"v":"\u0000"}`, `400 {"v":["Null characters are not allowed.","Enter a valid IPv4 or IPv6 address."]}`,
		}},
		{"checks of elements", option(func(d *numbers) rest.FieldOption {
			return rest.Each(&d.V, func(n int64) error {
				if n%2 != 0 {
					return rest.Invalid("Odd.")
				}
				return nil
			})
		}), []string{`{"v":[2,3,4]}`, `400 {"v":{"1":["Odd."]}}`, `{"v":[2]}`, `200 {"v":[2]}`}},
		{"a pattern with the field's own message", form(func(d *pattern) []rest.FieldOption {
			return []rest.FieldOption{rest.Matches(&d.V, "^a$", ""), rest.Messages(&d.V, map[string]string{"invalid": "Only a."})}
		}), []string{`{"v":"b"}`, `400 {"v":["Only a."]}`, `{"v":[]}`, `400 {"v":["Only a."]}`}},
	})
}
