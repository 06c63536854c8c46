package rest

import (
	"slices"

	"github.com/quintet-go/quintet/rest/internal/form"
	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// classes are the field classes by the kind word of the rest tag (rest_framework.fields).
var classes = map[string]*fieldClass{
	"boolean":    booleanClass,
	"char":       charClass,
	"email":      {name: "EmailField", options: "email", messages: with(charMessages, "invalid", "Enter a valid email address."), parse: parseChar, blank: charBlank},
	"regex":      {name: "RegexField", options: "regex", messages: with(charMessages, "invalid", "This value does not match the required pattern."), parse: parseChar, blank: charBlank},
	"slug":       {name: "SlugField", options: "slug", messages: slugMessages, parse: parseChar, blank: charBlank},
	"url":        {name: "URLField", options: "url", messages: with(charMessages, "invalid", "Enter a valid URL."), parse: parseChar, blank: charBlank},
	"uuid":       {name: "UUIDField", options: "string", messages: map[string]string{"invalid": "Must be a valid UUID."}, parse: parseUUID},
	"ip":         {name: "IPAddressField", options: "string", messages: with(charMessages, "invalid", "Enter a valid IPv4 or IPv6 address."), parse: parseIP, blank: charBlank},
	"ipv4":       {name: "IPAddressField", options: "string", messages: with(charMessages, "invalid", "Enter a valid IPv4 or IPv6 address."), parse: parseIP, blank: charBlank},
	"ipv6":       {name: "IPAddressField", options: "string", messages: with(charMessages, "invalid", "Enter a valid IPv4 or IPv6 address."), parse: parseIP, blank: charBlank},
	"integer":    {name: "IntegerField", options: "integer", messages: integerMessages, parse: parseInteger},
	"biginteger": {name: "BigIntegerField", options: "integer", messages: with(integerMessages, "invalid", "A valid biginteger is required."), parse: parseInteger},
	"float":      {name: "FloatField", options: "float", messages: floatMessages, parse: parseFloat},
	"decimal":    {name: "DecimalField", options: "decimal", messages: decimalMessages, parse: parseDecimal},
	"datetime":   {name: "DateTimeField", options: "datetime", messages: datetimeMessages, parse: parseDateTime},
	"date":       {name: "DateField", options: "date", messages: dateMessages, parse: parseDate},
	"time":       {name: "TimeField", options: "time", messages: timeMessages, parse: parseTime},
	"duration":   {name: "DurationField", options: "duration", messages: durationMessages, parse: parseDuration},
	"choice":     {name: "ChoiceField", options: "choice", messages: map[string]string{"invalid_choice": "\"{input}\" is not a valid choice."}, parse: parseChoice},
	"multiple":   {name: "MultipleChoiceField", options: "multiple choice", messages: multipleMessages, parse: parseMultiple, html: htmlList},
	"file":       {name: "FileField", options: "file upload", messages: fileMessages, parse: parseFile, html: htmlFile},
	"image":      {name: "ImageField", options: "image upload", messages: imageMessages, parse: parseImage, html: htmlFile},
	"list":       {name: "ListField", options: "list", messages: listMessages, parse: parseList, html: htmlItems},
	"dict":       {name: "DictField", options: "nested object", messages: dictMessages, parse: parseDict, html: htmlDict},
	"hstore":     {name: "HStoreField", options: "nested object", messages: dictMessages, parse: parseDict, html: htmlDict},
	"json":       {name: "JSONField", options: "field", messages: map[string]string{"invalid": "Value must be valid JSON."}, parse: parseJSON, html: htmlJSON},
	"anything":   {name: "Field", options: "field", parse: parseAnything},
	"readonly":   {name: "ReadOnlyField", options: "field"},
}

var (
	booleanClass = &fieldClass{
		name: "BooleanField", options: "boolean",
		messages: map[string]string{"invalid": "Must be a valid boolean."}, parse: parseBoolean, html: htmlBoolean,
	}
	charClass = &fieldClass{name: "CharField", options: "string", messages: charMessages, parse: parseChar, blank: charBlank}

	charMessages = map[string]string{
		"invalid":           "Not a valid string.",
		"blank":             "This field may not be blank.",
		"max_length":        "Ensure this field has no more than {max_length} characters.",
		"min_length":        "Ensure this field has at least {min_length} characters.",
		"max_string_length": "String value too large.",
	}
	slugMessages = with(charMessages,
		"invalid", "Enter a valid \"slug\" consisting of letters, numbers, underscores or hyphens.",
		"invalid_unicode", "Enter a valid \"slug\" consisting of Unicode letters, numbers, underscores, or hyphens.")
	integerMessages = map[string]string{
		"invalid":           "A valid integer is required.",
		"max_value":         "Ensure this value is less than or equal to {max_value}.",
		"min_value":         "Ensure this value is greater than or equal to {min_value}.",
		"max_string_length": "String value too large.",
	}
	floatMessages   = with(integerMessages, "invalid", "A valid number is required.", "overflow", "Integer value too large to convert to float")
	decimalMessages = with(integerMessages, "invalid", "A valid number is required.",
		"max_digits", "Ensure that there are no more than {max_digits} digits in total.",
		"max_decimal_places", "Ensure that there are no more than {max_decimal_places} decimal places.",
		"max_whole_digits", "Ensure that there are no more than {max_whole_digits} digits before the decimal point.")
	datetimeMessages = map[string]string{
		"invalid":    "Datetime has wrong format. Use one of these formats instead: {format}.",
		"date":       "Expected a datetime but got a date.",
		"make_aware": "Invalid datetime for the timezone \"{timezone}\".",
		"overflow":   "Datetime value out of range.",
	}
	dateMessages = map[string]string{
		"invalid":  "Date has wrong format. Use one of these formats instead: {format}.",
		"datetime": "Expected a date but got a datetime.",
	}
	timeMessages     = map[string]string{"invalid": "Time has wrong format. Use one of these formats instead: {format}."}
	durationMessages = map[string]string{
		"invalid":   "Duration has wrong format. Use one of these formats instead: {format}.",
		"max_value": "Ensure this value is less than or equal to {max_value}.",
		"min_value": "Ensure this value is greater than or equal to {min_value}.",
		"overflow":  "The number of days must be between {min_days} and {max_days}.",
	}
	multipleMessages = map[string]string{
		"invalid_choice": "\"{input}\" is not a valid choice.",
		"not_a_list":     "Expected a list of items but got type \"{input_type}\".",
		"empty":          "This selection may not be empty.",
	}
	fileMessages = map[string]string{
		"required":   "No file was submitted.",
		"invalid":    "The submitted data was not a file. Check the encoding type on the form.",
		"no_name":    "No filename could be determined.",
		"empty":      "The submitted file is empty.",
		"max_length": "Ensure this filename has at most {max_length} characters (it has {length}).",
	}
	imageMessages = with(fileMessages, "invalid_image",
		"Upload a valid image. The file you uploaded was either not an image or a corrupted image.")
	listMessages = map[string]string{
		"not_a_list": "Expected a list of items but got type \"{input_type}\".",
		"empty":      "This list may not be empty.",
		"min_length": "Ensure this field has at least {min_length} elements.",
		"max_length": "Ensure this field has no more than {max_length} elements.",
	}
	dictMessages = map[string]string{
		"not_a_dict": "Expected a dictionary of items but got type \"{input_type}\".",
		"empty":      "This dictionary may not be empty.",
	}
)

// with is a copy of messages with code, text pairs set.
func with(messages map[string]string, pairs ...string) map[string]string {
	out := make(map[string]string, len(messages)+len(pairs)/2)
	for k, v := range messages {
		out[k] = v
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		out[pairs[i]] = pairs[i+1]
	}
	return out
}

// htmlBoolean: an unchecked box is not sent, which means the default, null where null is allowed, or else false; not in
// partial updates.
func htmlBoolean(d *decoding, f *field, data *form.MultiDict) (any, bool) {
	v, ok := data.Get(f.name)
	switch {
	case ok && v == "" && f.null:
		return nil, true
	case ok && v == "" && !f.required:
		return nil, false
	case ok:
		return v, true
	case d.partial:
		return nil, false
	case f.hasDefault:
		return f.defaultValue(d.r), true
	case f.null:
		return nil, true
	}
	return false, true
}

func htmlList(d *decoding, f *field, data *form.MultiDict) (any, bool) {
	if !data.Has(f.name) && d.partial {
		return nil, false
	}
	return slices.Clone(data.List(f.name)), true
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

// htmlFile takes an uploaded file; a plain text in its place is passed on to be refused.
func htmlFile(_ *decoding, f *field, data *form.MultiDict) (any, bool) {
	v, ok := data.Get(f.name)
	switch {
	case !ok:
		return nil, false
	case v == "" && f.null:
		return nil, true
	case v == "" && !f.required:
		return nil, false
	}
	return v, true
}

// jsonText is a form's text that a JSONField reads as JSON.
type jsonText string

func htmlJSON(_ *decoding, f *field, data *form.MultiDict) (any, bool) {
	v, ok := data.Get(f.name)
	if !ok {
		return nil, false
	}
	text, isText := v.(string)
	if !isText {
		return v, true
	}
	return jsonText(text), true
}

// typeName is Python's name of the type of a raw value, for messages.
func typeName(raw any) string {
	if _, ok := raw.(*form.MultiDict); ok {
		return "QueryDict"
	}
	return pyjson.TypeName(raw)
}
