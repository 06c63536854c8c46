package migrate

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/quintet-go/quintet/orm"
)

// setJSON sets a model's Go field to the value a fixture gives it.
func setJSON(target reflect.Value, f *orm.Field, raw json.RawMessage) error {
	if string(raw) == "null" {
		return setNull(target, f)
	}
	if target.Kind() == reflect.Pointer {
		v := reflect.New(target.Type().Elem())
		if err := setJSON(v.Elem(), f, raw); err != nil {
			return err
		}
		target.Set(v)
		return nil
	}
	if f.Kind == orm.JSONValue {
		return setJSONValue(target, raw)
	}
	return setText(target, f, scalarText(raw))
}

// setNull sets a field to NULL. Django stores files that are missing as empty text, whether or not they may be null.
func setNull(target reflect.Value, f *orm.Field) error {
	switch {
	case f.Kind == orm.FilePath || f.Kind == orm.ImagePath:
		return setJSON(target, f, json.RawMessage(`""`))
	case f.Kind == orm.JSONValue && !f.Null:
		return setJSONValue(target, json.RawMessage("null"))
	case !f.Null && target.Kind() != reflect.Pointer:
		return errors.New("it may not be null")
	}
	target.SetZero()
	return nil
}

// setJSONValue stores JSON in the form Django stores it in.
func setJSONValue(target reflect.Value, raw json.RawMessage) error {
	text, err := jsonStyle{ascii: true}.format(nil, raw, 0)
	if err != nil {
		return err
	}
	switch {
	case target.Kind() == reflect.String:
		target.SetString(string(text))
	case target.Kind() == reflect.Slice && target.Type().Elem().Kind() == reflect.Uint8:
		target.SetBytes(text)
	default:
		return json.Unmarshal(text, target.Addr().Interface())
	}
	return nil
}

// scalarText is the text of a JSON string, and the JSON itself of numbers and booleans.
func scalarText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// setText sets a field from text as Django's to_python does.
func setText(target reflect.Value, f *orm.Field, text string) error {
	var err error
	switch v := target.Addr().Interface().(type) {
	case *time.Time:
		*v, err = parseTime(text)
	case *orm.Duration:
		*v, err = parseDuration(text)
	case *[]byte:
		*v, err = base64.StdEncoding.DecodeString(text)
	case encoding.TextUnmarshaler:
		err = v.UnmarshalText([]byte(text))
	case json.Unmarshaler:
		err = v.UnmarshalJSON(jsonStyle{}.text(nil, text))
	default:
		err = setBasic(target, text)
	}
	if err != nil {
		return fmt.Errorf("%q is no value of a %s field: %w", text, target.Type(), err)
	}
	return checkLength(f.MaxLength, text)
}

// checkLength refuses text that PostgreSQL would refuse and SQLite would store; 0 is no limit.
func checkLength(limit int, text string) error {
	if n := utf8.RuneCountInString(text); limit > 0 && n > limit {
		return fmt.Errorf("it has %d characters, more than the %d of the column", n, limit)
	}
	return nil
}

// setBasic sets what is a text, a number or a boolean in Go.
func setBasic(target reflect.Value, text string) error {
	switch target.Kind() {
	case reflect.String:
		target.SetString(text)
	case reflect.Bool:
		v, err := strconv.ParseBool(text)
		target.SetBool(v)
		return err
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v, err := strconv.ParseInt(text, 10, target.Type().Bits())
		target.SetInt(v)
		return err
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v, err := strconv.ParseUint(text, 10, target.Type().Bits())
		target.SetUint(v)
		return err
	case reflect.Float32, reflect.Float64:
		v, err := strconv.ParseFloat(text, target.Type().Bits())
		target.SetFloat(v)
		return err
	default:
		return errors.New("fixtures cannot hold this type; give it UnmarshalText")
	}
	return nil
}

// parseTime reads a datetime with or without offset (UTC is meant then), or a date.
func parseTime(text string) (time.Time, error) {
	text = strings.Replace(text, " ", "T", 1)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, errors.New("write it as 2024-05-01T08:01:00Z")
}

// isoDuration is ISO 8601 as Django's parse_duration has it.
var isoDuration = regexp.MustCompile(`^([-+]?)P(?:(\d+(?:[.,]\d+)?)D)?(?:T(?:(\d+(?:[.,]\d+)?)H)?(?:(\d+(?:[.,]\d+)?)M)?(?:(\d+(?:[.,]\d+)?)S)?)?$`)

// parseDuration reads what dumpdata writes, and ISO 8601, which Django's JSON encoder writes.
func parseDuration(text string) (orm.Duration, error) {
	parts := isoDuration.FindStringSubmatch(text)
	if parts == nil {
		return orm.ParseDuration(text)
	}
	var sum orm.Decimal
	for i, unit := range []orm.Duration{orm.Day, orm.Hour, orm.Minute, orm.Second} {
		if number := parts[i+2]; number != "" {
			n, err := orm.ParseDecimal(strings.Replace(number, ",", ".", 1))
			if err != nil {
				return 0, err
			}
			sum = sum.Add(n.Mul(orm.DecimalFromInt(int64(unit))))
		}
	}
	micros := sum.Quantize(0, orm.HalfEven).Coefficient()
	if !micros.IsInt64() {
		return 0, orm.ErrDuration
	}
	if parts[1] == "-" {
		return -orm.Duration(micros.Int64()), nil
	}
	return orm.Duration(micros.Int64()), nil
}

// assign sets target, a value or a pointer to one, to v of the same or a convertible type.
func assign(target, v reflect.Value) {
	if target.Kind() == reflect.Pointer {
		target.Set(reflect.New(target.Type().Elem()))
		target = target.Elem()
	}
	target.Set(v.Convert(target.Type()))
}

// appendValue appends a model's Go field as Django's dumpdata writes it.
func (s jsonStyle) appendValue(dst []byte, f *orm.Field, v reflect.Value, level int) ([]byte, error) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return appendNull(dst, f), nil
		}
		v = v.Elem()
	}
	switch value := v.Interface().(type) {
	case time.Time:
		return s.text(dst, isoTime(value)), nil
	case orm.Decimal:
		return s.text(dst, value.Fixed(f.DecimalPlaces)), nil
	case orm.TimeOfDay:
		return s.text(dst, milliseconds(value.String())), nil
	case orm.JSON:
		if value == nil {
			return appendNull(dst, f), nil
		}
		return s.format(dst, value, level)
	case []byte:
		return s.text(dst, base64.StdEncoding.EncodeToString(value)), nil
	case fmt.Stringer:
		if v.Kind() != reflect.String {
			return s.text(dst, value.String()), nil
		}
	}
	return s.appendBasic(dst, v)
}

// appendNull appends NULL; files that are missing are empty text to Django.
func appendNull(dst []byte, f *orm.Field) []byte {
	if f.Kind == orm.FilePath || f.Kind == orm.ImagePath {
		return append(dst, `""`...)
	}
	return append(dst, "null"...)
}

func (s jsonStyle) appendBasic(dst []byte, v reflect.Value) ([]byte, error) {
	switch v.Kind() {
	case reflect.String:
		return s.text(dst, v.String()), nil
	case reflect.Bool:
		return strconv.AppendBool(dst, v.Bool()), nil
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return strconv.AppendInt(dst, v.Int(), 10), nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return strconv.AppendUint(dst, v.Uint(), 10), nil
	case reflect.Float32, reflect.Float64:
		return appendFloat(dst, v.Float()), nil
	}
	return dst, fmt.Errorf("fixtures cannot hold the type %s; give it String and UnmarshalText", v.Type())
}

// isoTime is ISO 8601 in UTC, with milliseconds when there is a fraction: what is finer is cut off.
func isoTime(t time.Time) string {
	t = t.UTC()
	if t.Nanosecond()/int(time.Microsecond) == 0 {
		return t.Format("2006-01-02T15:04:05Z")
	}
	return t.Format("2006-01-02T15:04:05.000Z")
}

// milliseconds cuts a time of day to milliseconds.
func milliseconds(clock string) string {
	const length = len("12:34:56.789")
	return clock[:min(length, len(clock))]
}
