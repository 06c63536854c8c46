package rest_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// TestTagWords tries every word of the rest tag: what it lets in, what it refuses and what it writes.
func TestTagWords(t *testing.T) {
	runSheets(t, []sheetCase{
		{"a plain field is required and not null", form[struct {
			V string `json:"v"`
		}](), []string{
			`{"v":" a "}`, `200 {"v":"a"}`,
			`{}`, `400 {"v":["This field is required."]}`,
			`{"v":null}`, `400 {"v":["This field may not be null."]}`,
			`{"v":" "}`, `400 {"v":["This field may not be blank."]}`,
			`{"v":true}`, `400 {"v":["Not a valid string."]}`,
			`{"v":"\u0000"}`, `400 {"v":["Null characters are not allowed."]}`,
			`[]`, `400 {"non_field_errors":["Invalid data. Expected a dictionary, but got list."]}`,
			`null`, `400 {"non_field_errors":["No data provided"]}`,
			`PATCH {}`, `200 {"v":""}`,
			`FORM v=a`, `200 {"v":"a"}`,
			`FORM`, `400 {"v":["This field is required."]}`,
		}},
		{"names are made of Go names", form[struct {
			SomeURLValue int
			ID2          int
			Skipped      int `json:"-"`
		}](), []string{
			`{"some_url_value":1,"id2":2}`, `200 {"some_url_value":1,"id2":2}`,
			`{}`, `400 {"some_url_value":["This field is required."],"id2":["This field is required."]}`,
		}},
		{"readonly", form[struct {
			V int `json:"v" rest:"readonly"`
		}](), []string{`{"v":5}`, `200 {"v":0}`, `{}`, `200 {"v":0}`}},
		{"writeonly", form[struct {
			V int `json:"v" rest:"writeonly"`
			W int `json:"w"`
		}](), []string{
			`{"v":5,"w":1}`, `200 {"w":1}`,
			`{"w":1}`, `400 {"v":["This field is required."]}`,
		}},
		{"hidden", form[struct {
			V int `json:"v" rest:"hidden,default=7"`
			W int `json:"w"`
		}](), []string{`{"v":5,"w":1}`, `200 {"w":1}`}},
		{"optional", form[struct {
			V int `json:"v" rest:"optional"`
		}](), []string{`{}`, `200 {"v":0}`, `{"v":null}`, `400 {"v":["This field may not be null."]}`}},
		{"required", form[struct {
			V *int `json:"v" rest:"required"`
		}](), []string{`{}`, `400 {"v":["This field is required."]}`, `{"v":null}`, `200 {"v":null}`}},
		{"null", form[struct {
			V int `json:"v" rest:"null"`
		}](), []string{`{"v":null}`, `200 {"v":0}`, `{}`, `400 {"v":["This field is required."]}`}},
		{"a pointer allows null", form[struct {
			V *string `json:"v"`
		}](), []string{`{"v":null}`, `200 {"v":null}`, `{"v":"x"}`, `200 {"v":"x"}`, `{"v":""}`, `400 {"v":["This field may not be blank."]}`, `FORM v=`, `200 {"v":null}`}},
		{"notnull", form[struct {
			V *string `json:"v" rest:"notnull"`
		}](), []string{`{"v":null}`, `400 {"v":["This field may not be null."]}`}},
		{"blank", form[struct {
			V string `json:"v" rest:"blank"`
		}](), []string{`{"v":""}`, `200 {"v":""}`, `{"v":"  "}`, `200 {"v":""}`, `{}`, `400 {"v":["This field is required."]}`, `FORM v=`, `200 {"v":""}`}},
		{"notblank", form[struct {
			V string `json:"v" rest:"notblank"`
		}](), []string{`{"v":""}`, `400 {"v":["This field may not be blank."]}`}},
		{"notrim", form[struct {
			V string `json:"v" rest:"notrim"`
		}](), []string{`{"v":" a "}`, `200 {"v":" a "}`, `{"v":" "}`, `200 {"v":" "}`, `{"v":""}`, `400 {"v":["This field may not be blank."]}`}},
		{"noempty", form[struct {
			V []int `json:"v" rest:"noempty"`
		}](), []string{
			`{"v":[]}`, `400 {"v":["This list may not be empty."]}`,
			`{"v":[1]}`, `200 {"v":[1]}`,
			`{"v":"1"}`, `400 {"v":["Expected a list of items but got type \"str\"."]}`,
			`{"v":[1,"x",null]}`, `400 {"v":{"1":["A valid integer is required."],"2":["This field may not be null."]}}`,
		}},
		{"minlength and maxlength of texts", form[struct {
			V string `json:"v" rest:"minlength=2,maxlength=3"`
		}](), []string{
			`{"v":"a"}`, `400 {"v":["Ensure this field has at least 2 characters."]}`,
			`{"v":"äöü"}`, `200 {"v":"äöü"}`,
			`{"v":"abcd"}`, `400 {"v":["Ensure this field has no more than 3 characters."]}`,
		}},
		{"minlength and maxlength of lists", form[struct {
			V []string `json:"v" rest:"minlength=1,maxlength=2"`
		}](), []string{
			`{"v":[]}`, `400 {"v":["Ensure this field has at least 1 elements."]}`,
			`{"v":["a","b","c"]}`, `400 {"v":["Ensure this field has no more than 2 elements."]}`,
			`FORM v=a&v=b`, `200 {"v":["a","b"]}`,
			`FORM v[0]=a&v[1]=b`, `200 {"v":["a","b"]}`,
		}},
		{"item. for elements", form[struct {
			V []string         `json:"v" rest:"item.maxlength=2,item.blank"`
			M map[string]int64 `json:"m" rest:"item.min=3,optional"`
		}](), []string{
			`{"v":["","abc"]}`, `400 {"v":{"1":["Ensure this field has no more than 2 characters."]}}`,
			`{"v":[],"m":{"a":2,"b":3}}`, `400 {"m":{"a":["Ensure this value is greater than or equal to 3."]}}`,
			`{"v":[""],"m":{"b":3,"a":4}}`, `200 {"v":[""],"m":{"a":4,"b":3}}`,
			`{"v":[],"m":[]}`, `400 {"m":["Expected a dictionary of items but got type \"list\"."]}`,
			`FORM v=&m.b=3`, `200 {"v":[""],"m":{"b":3}}`,
		}},
		{"min and max", form[struct {
			I int64       `json:"i" rest:"optional,min=-1,max=5"`
			F float64     `json:"f" rest:"optional,min=0.5,max=1e3"`
			D orm.Decimal `json:"d" rest:"optional,digits=5,places=2,min=0.10,max=9.99"`
		}](), []string{
			`{"i":-2,"f":0.25,"d":"0.09"}`, `400 {"i":["Ensure this value is greater than or equal to -1."],"f":["Ensure this value is greater than or equal to 0.5."],"d":["Ensure this value is greater than or equal to 0.10."]}`,
			`{"i":6,"f":1001,"d":"10"}`, `400 {"i":["Ensure this value is less than or equal to 5."],"f":["Ensure this value is less than or equal to 1000.0."],"d":["Ensure this value is less than or equal to 9.99."]}`,
			`{"i":5,"f":1000,"d":"0.1"}`, `200 {"i":5,"f":1000.0,"d":"0.10"}`,
		}},
		{"min and max of durations", form[struct {
			V orm.Duration `json:"v" rest:"min=00:01:00,max=01:00:00"`
		}](), []string{
			`{"v":"00:00:59"}`, `400 {"v":["Ensure this value is greater than or equal to 0:01:00."]}`,
			`{"v":"01:00:01"}`, `400 {"v":["Ensure this value is less than or equal to 1:00:00."]}`,
			`{"v":"90"}`, `200 {"v":"00:01:30"}`,
		}},
		{"digits and places", form[struct {
			V orm.Decimal `json:"v" rest:"digits=4,places=2"`
		}](), []string{
			`{"v":"1.5"}`, `200 {"v":"1.50"}`,
			`{"v":1.5}`, `200 {"v":"1.50"}`,
			`{"v":"123.4"}`, `400 {"v":["Ensure that there are no more than 2 digits before the decimal point."]}`,
			`{"v":"1.234"}`, `400 {"v":["Ensure that there are no more than 2 decimal places."]}`,
			`{"v":"12345"}`, `400 {"v":["Ensure that there are no more than 4 digits in total."]}`,
			`{"v":"NaN"}`, `400 {"v":["A valid number is required."]}`,
			`{"v":""}`, `400 {"v":["A valid number is required."]}`,
		}},
		{"rounding is for what the server computed", form(func(d *struct {
			V orm.Decimal `json:"v" rest:"places=1,rounding=up"`
			W orm.Decimal `json:"w" rest:"places=1,rounding=down"`
			X orm.Decimal `json:"x" rest:"places=1"`
		},
		) []rest.FieldOption {
			third := func(*rest.Request, orm.Decimal) (orm.Decimal, error) { return orm.MustDecimal("1.45"), nil }
			return []rest.FieldOption{rest.Clean(&d.V, third), rest.Clean(&d.W, third), rest.Clean(&d.X, third)}
		}), []string{
			`{"v":"1","w":"1","x":"1"}`, `200 {"v":"1.5","w":"1.4","x":"1.4"}`,
			`{"v":"1.41","w":"1","x":"1"}`, `400 {"v":["Ensure that there are no more than 1 decimal places."]}`,
		}},
		{"number", form[struct {
			V orm.Decimal `json:"v" rest:"digits=5,places=2,number"`
		}](), []string{`{"v":"1.5"}`, `200 {"v":1.5}`}},
		{"astext", form[struct {
			V int64 `json:"v" rest:"astext"`
		}](), []string{`{"v":1}`, `200 {"v":"1"}`, `{"v":"9007199254740993"}`, `200 {"v":"9007199254740993"}`}},
		{"normalize", form[struct {
			V orm.Decimal `json:"v" rest:"digits=8,places=3,normalize"`
		}](), []string{`{"v":"1.500"}`, `200 {"v":"1.5"}`}},
		{"format of moments", form[struct {
			V time.Time     `json:"v" rest:"optional,format=%d.%m.%Y %H:%M"`
			D orm.Date      `json:"d" rest:"optional,format=%Y week %j"`
			C orm.TimeOfDay `json:"c" rest:"optional,format=%H h"`
		}](), []string{
			`{"v":"2024-02-03T04:05:06Z","d":"2024-02-03","c":"04:05"}`, `200 {"v":"03.02.2024 04:05","d":"2024 week 034","c":"04 h"}`,
		}},
		{"input", form[struct {
			V orm.Date `json:"v" rest:"input=%d/%m/%Y,input=iso-8601"`
		}](), []string{
			`{"v":"31/12/2024"}`, `200 {"v":"2024-12-31"}`,
			`{"v":"2024-12-31"}`, `200 {"v":"2024-12-31"}`,
			`{"v":"12/31/2024"}`, `400 {"v":["Date has wrong format. Use one of these formats instead: DD/MM/YYYY, YYYY-MM-DD."]}`,
			`{"v":"2024-12-31T00:00:00Z"}`, `400 {"v":["Date has wrong format. Use one of these formats instead: DD/MM/YYYY, YYYY-MM-DD."]}`,
		}},
		{"zone", form[struct {
			V time.Time `json:"v" rest:"zone=Europe/Berlin"`
		}](), []string{
			`{"v":"2024-07-01T12:00:00"}`, `200 {"v":"2024-07-01T12:00:00+02:00"}`,
			`{"v":"2024-07-01T12:00:00Z"}`, `200 {"v":"2024-07-01T14:00:00+02:00"}`,
		}},
		{"binary", form[struct {
			V orm.JSON `json:"v" rest:"binary"`
		}](), []string{`{"v":"{\"a\":  1}"}`, `200 {"v":"{\"a\": 1}"}`, `{"v":"{"}`, `400 {"v":["Value must be valid JSON."]}`}},
		{"unicode", form[struct {
			V string `json:"v" rest:"slug,unicode"`
			W string `json:"w" rest:"slug,optional"`
		}](), []string{
			`{"v":"größe-1"}`, `200 {"v":"größe-1","w":""}`,
			`{"v":"a","w":"größe"}`, `400 {"w":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."]}`,
			`{"v":"a b"}`, `400 {"v":["Enter a valid \"slug\" consisting of Unicode letters, numbers, underscores, or hyphens."]}`,
		}},
		{"default", form[struct {
			I int64        `json:"i" rest:"default=3"`
			S string       `json:"s" rest:"default=a\\,b"`
			N *int64       `json:"n" rest:"default=null"`
			L []int        `json:"l" rest:"default=[1\\,2]"`
			B bool         `json:"b" rest:"default=true"`
			D orm.Decimal  `json:"d" rest:"default=1.5,digits=3,places=2"`
			T orm.Duration `json:"t" rest:"default=00:00:01"`
		}](), []string{
			`{}`, `200 {"i":3,"s":"a,b","n":null,"l":[1,2],"b":true,"d":"1.50","t":"00:00:01"}`,
			`{"i":4,"s":"x","n":1,"l":[],"b":false,"d":"0","t":"1"}`, `200 {"i":4,"s":"x","n":1,"l":[],"b":false,"d":"0.00","t":"00:00:01"}`,
			`PATCH {}`, `200 {"i":0,"s":"","n":null,"l":[],"b":false,"d":"0.00","t":"00:00:00"}`,
		}},
	})
}

// TestKindWords tries the words that name a class of fields.
func TestKindWords(t *testing.T) {
	runSheets(t, []sheetCase{
		{"email", form[struct {
			V string `json:"v" rest:"email"`
		}](), []string{`{"v":"a@b.example"}`, `200 {"v":"a@b.example"}`, `{"v":"a@b"}`, `400 {"v":["Enter a valid email address."]}`}},
		{"url", form[struct {
			V string `json:"v" rest:"url"`
		}](), []string{`{"v":"https://b.example/x?y=1"}`, `200 {"v":"https://b.example/x?y=1"}`, `{"v":"b.example"}`, `400 {"v":["Enter a valid URL."]}`}},
		{"slug", form[struct {
			V string `json:"v" rest:"slug"`
		}](), []string{`{"v":"a-B_1"}`, `200 {"v":"a-B_1"}`, `{"v":"a.b"}`, `400 {"v":["Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens."]}`}},
		{"ip", form[struct {
			V string `json:"v" rest:"ip"`
		}](), []string{
			`{"v":"1.2.3.4"}`, `200 {"v":"1.2.3.4"}`, `{"v":"2001:DB8::0:1"}`, `200 {"v":"2001:db8::1"}`,
			`{"v":"1.2.3"}`, `400 {"v":["Enter a valid IPv4 or IPv6 address."]}`,
		}},
		{"ipv4", form[struct {
			V string `json:"v" rest:"ipv4"`
		}](), []string{`{"v":"1.2.3.4"}`, `200 {"v":"1.2.3.4"}`, `{"v":"::1"}`, `400 {"v":["Enter a valid IPv4 address."]}`}},
		{"ipv6", form[struct {
			V string `json:"v" rest:"ipv6"`
		}](), []string{`{"v":"::1"}`, `200 {"v":"::1"}`, `{"v":"1.2.3.4"}`, `400 {"v":["Enter a valid IPv6 address."]}`}},
		{"uuid", form[struct {
			V uuid.UUID `json:"v"`
			H uuid.UUID `json:"h" rest:"optional,format=hex"`
		}](), []string{
			`{"v":"2b0c7f706e2f4a3e9a0b0a1d5f2f7c11","h":"{2b0c7f70-6e2f-4a3e-9a0b-0a1d5f2f7c11}"}`, `200 {"v":"2b0c7f70-6e2f-4a3e-9a0b-0a1d5f2f7c11","h":"2b0c7f706e2f4a3e9a0b0a1d5f2f7c11"}`,
			`{"v":"x"}`, `400 {"v":["Must be a valid UUID."]}`,
		}},
		{"integer of a text", form[struct {
			V int32 `json:"v"`
			U uint8 `json:"u" rest:"optional"`
		}](), []string{
			`{"v":" 1_0 "}`, `200 {"v":10,"u":0}`, `{"v":1.0}`, `200 {"v":1,"u":0}`,
			`{"v":1.5}`, `400 {"v":["A valid integer is required."]}`,
			`{"v":2147483648}`, `400 {"v":["A valid integer is required."]}`,
			`{"v":1,"u":-1}`, `400 {"u":["A valid integer is required."]}`,
			`{"v":1,"u":256}`, `400 {"u":["A valid integer is required."]}`,
		}},
		{"float", form[struct {
			V float64 `json:"v"`
		}](), []string{`{"v":"1e3"}`, `200 {"v":1000.0}`, `{"v":"x"}`, `400 {"v":["A valid number is required."]}`, `{"v":true}`, `200 {"v":1.0}`}},
		{"boolean", form[struct {
			V bool  `json:"v"`
			N *bool `json:"n" rest:"optional"`
		}](), []string{
			`{"v":"yes","n":"null"}`, `200 {"v":true,"n":null}`, `{"v":0}`, `200 {"v":false,"n":null}`,
			`{"v":"maybe"}`, `400 {"v":["Must be a valid boolean."]}`,
			`FORM`, `200 {"v":false,"n":null}`, `FORM v=on&n=`, `200 {"v":true,"n":null}`,
		}},
		{"dates and times", form[struct {
			M time.Time     `json:"m" rest:"optional"`
			D orm.Date      `json:"d" rest:"optional"`
			C orm.TimeOfDay `json:"c" rest:"optional"`
		}](), []string{
			`{"m":"2024-01-02T03:04:05.060000+01:00","d":"2024-02-29","c":"23:59:59.5"}`, `200 {"m":"2024-01-02T02:04:05.060000Z","d":"2024-02-29","c":"23:59:59.500000"}`,
			`{"m":"2024-01-02"}`, `200 {"m":"2024-01-02T00:00:00Z","d":"0001-01-01","c":"00:00:00"}`,
			`{"m":"2024-01"}`, `400 {"m":["Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."]}`,
			`{"d":"2023-02-29","c":"24:00"}`, `400 {"d":["Date has wrong format. Use one of these formats instead: YYYY-MM-DD."],"c":["Time has wrong format. Use one of these formats instead: hh:mm[:ss[.uuuuuu]]."]}`,
		}},
		{"durations", form[struct {
			V orm.Duration `json:"v"`
			I orm.Duration `json:"i" rest:"optional,format=iso-8601"`
		}](), []string{
			`{"v":"1 02:03:04.5","i":"P1DT1S"}`, `200 {"v":"1 02:03:04.500000","i":"P1DT00H00M01S"}`,
			`{"v":"x"}`, `400 {"v":["Duration has wrong format. Use one of these formats instead: [DD] [HH:[MM:]]ss[.uuuuuu]."]}`,
		}},
		{"json", form[struct {
			V orm.JSON `json:"v"`
		}](), []string{
			`{"v":{"b":[1,2.50,"x"],"a":null}}`, `200 {"v":{"b":[1,2.5,"x"],"a":null}}`,
			`{"v":"a\u0000"}`, `200 {"v":"a\u0000"}`, `{"v":"\ud800"}`, `400 {"v":["Value must be valid JSON."]}`,
			`FORM v={"a":1}`, `200 {"v":{"a":1}}`, `FORM v={`, `400 {"v":["Value must be valid JSON."]}`,
		}},
		{"lists of lists and objects of lists", form[struct {
			V [][]int          `json:"v"`
			M map[string][]int `json:"m" rest:"optional"`
		}](), []string{
			`{"v":[[1],[]],"m":{"b":[2],"a":[]}}`, `200 {"v":[[1],[]],"m":{"a":[],"b":[2]}}`,
			`{"v":[[1],["x"]]}`, `400 {"v":{"1":{"0":["A valid integer is required."]}}}`,
		}},
		{"kind=", form[struct {
			V string `json:"v" rest:"kind=email"`
		}](), []string{`{"v":"x"}`, `400 {"v":["Enter a valid email address."]}`}},
	})
}

// TestValidateTag tries the rules of the validate tag: those that are DRF's own, and the others.
func TestValidateTag(t *testing.T) {
	runSheets(t, []sheetCase{
		{"bounds", form[struct {
			I int         `json:"i" validate:"gte=1,lte=3"`
			F float64     `json:"f" rest:"optional" validate:"min=0,max=1"`
			D orm.Decimal `json:"d" rest:"optional,digits=4,places=2" validate:"gte=0.5"`
		}](), []string{
			`{"i":0,"f":2,"d":"0.4"}`, `400 {"i":["Ensure this value is greater than or equal to 1."],"f":["Ensure this value is less than or equal to 1.0."],"d":["Ensure this value is greater than or equal to 0.5."]}`,
			`{"i":3,"f":1,"d":"0.5"}`, `200 {"i":3,"f":1.0,"d":"0.50"}`,
		}},
		{"lengths", form[struct {
			S string `json:"s" validate:"min=2,max=3"`
			L []int  `json:"l" rest:"optional" validate:"len=2"`
		}](), []string{
			`{"s":"a","l":[1]}`, `400 {"s":["Ensure this field has at least 2 characters."],"l":["Ensure this field has at least 2 elements."]}`,
			`{"s":"abcd","l":[1,2,3]}`, `400 {"s":["Ensure this field has no more than 3 characters."],"l":["Ensure this field has no more than 2 elements."]}`,
			`{"s":"ab","l":[1,2]}`, `200 {"s":"ab","l":[1,2]}`,
		}},
		{"the rest tag goes first", form[struct {
			S string `json:"s" rest:"maxlength=1" validate:"max=9"`
		}](), []string{`{"s":"ab"}`, `400 {"s":["Ensure this field has no more than 1 characters."]}`}},
		{"classes", form[struct {
			E string `json:"e" rest:"optional" validate:"omitempty,email"`
			U string `json:"u" rest:"optional" validate:"url"`
		}](), []string{`{"e":"x","u":"x"}`, `400 {"e":["Enter a valid email address."],"u":["Enter a valid URL."]}`}},
		{"required", form[struct {
			V *int `json:"v" rest:"null" validate:"required"`
		}](), []string{`{}`, `400 {"v":["This field is required."]}`}},
		{"rules that only validator knows", form[struct {
			H string `json:"h" validate:"hexcolor"`
			I int    `json:"i" rest:"optional" validate:"oneof=2 4"`
		}](), []string{
			`{"h":"#fff","i":2}`, `200 {"h":"#fff","i":2}`,
			`{"h":"white","i":3}`, `400 {"h":["Enter a valid value."],"i":["Enter a valid value."]}`,
		}},
	})
}
