package pyvalue

import (
	"strings"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Boolean reads the true and false values of a boolean field: true, 1, 1.0 and, in any case, "true", "t", "yes",
// "y", "on", "1", and their opposites. null is true for "null" and "", which count as null when the field allows it
// and are invalid otherwise.
func Boolean(v any, allowNull bool) (value, null bool, code Code) {
	switch v := v.(type) {
	case bool:
		return v, false, Accepted
	case string:
		return booleanText(v, allowNull)
	case pyjson.Int:
		n, fits := v.Int64()
		return booleanNumber(float64(n), fits)
	case float64:
		return booleanNumber(v, true)
	}
	return false, false, Invalid
}

func booleanText(s string, allowNull bool) (value, null bool, code Code) {
	switch strings.ToLower(s) {
	case "t", "y", "yes", "true", "on", "1":
		return true, false, Accepted
	case "f", "n", "no", "false", "off", "0":
		return false, false, Accepted
	case "null", "":
		if allowNull {
			return false, true, Accepted
		}
	}
	return false, false, Invalid
}

func booleanNumber(n float64, fits bool) (value, null bool, code Code) {
	switch {
	case fits && n == 1:
		return true, false, Accepted
	case fits && n == 0:
		return false, false, Accepted
	}
	return false, false, Invalid
}
