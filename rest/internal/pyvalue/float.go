package pyvalue

import (
	"math"
	"strconv"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Float reads a float field: numbers, booleans as 1.0 and 0.0, and text as Python's float takes it. Infinity and
// NaN are invalid in every spelling, also as a number too large for a float.
func Float(v any) (float64, Code) {
	switch v := v.(type) {
	case float64:
		return finite(v)
	case pyjson.Int:
		f, ok := v.Float()
		if !ok {
			return 0, Overflow
		}
		return f, Accepted
	case bool:
		if v {
			return 1, Accepted
		}
		return 0, Accepted
	case string:
		if len(v) > MaxNumberLength && pyjson.Length(v) > MaxNumberLength {
			return 0, TooLong
		}
		return float(v)
	}
	return 0, Invalid
}

// float is Python's float(s) for finite numbers.
func float(s string) (float64, Code) {
	s, ok := dropUnderscores(asciiDigits(trimNumber(s)))
	if !ok || !numeral(s) {
		return 0, Invalid
	}
	f, _ := strconv.ParseFloat(s, 64) // out of range gives infinity
	return finite(f)
}

func finite(f float64) (float64, Code) {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return 0, Invalid
	}
	return f, Accepted
}
