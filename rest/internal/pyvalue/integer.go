package pyvalue

import (
	"math/big"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Integer reads an integer field: whole numbers of any size, and text as Python's int takes it after a fraction of
// zeros ("1.0", "7.") is cut off. Booleans are invalid.
func Integer(v any) (pyjson.Int, Code) {
	switch v := v.(type) {
	case pyjson.Int:
		return v, Accepted
	case string:
		if len(v) > MaxNumberLength && pyjson.Length(v) > MaxNumberLength {
			return pyjson.Int{}, TooLong
		}
		if n, ok := plainInteger(v); ok {
			return pyjson.NewInt(n), Accepted
		}
		return integer(cutZeros(v))
	case float64:
		return integer(cutZeros(pyjson.Str(v)))
	}
	return pyjson.Int{}, Invalid
}

// plainInteger reads what most integers are: a few ASCII digits. Unlike strconv it makes no error of other texts, which are read
// otherwise.
func plainInteger(s string) (n int64, ok bool) {
	const most = 18 // digits that fit into an int64
	if s == "" || len(s) > most {
		return 0, false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(s[i]-'0')
	}
	return n, true
}

// cutZeros removes a point at the end of s with the zeros and white space behind it.
func cutZeros(s string) string {
	t := strings.TrimRight(strings.TrimRightFunc(s, Space), "0")
	if strings.HasSuffix(t, ".") {
		return t[:len(t)-1]
	}
	return s
}

// integer is Python's int(s).
func integer(s string) (pyjson.Int, Code) {
	s, ok := dropUnderscores(asciiDigits(trimNumber(s)))
	sign := skipSign(s)
	if !ok || sign == len(s) || skipDigits(s, sign) != len(s) {
		return pyjson.Int{}, Invalid
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return pyjson.NewInt(n), Accepted
	}
	n, _ := new(big.Int).SetString(s, 10)
	return pyjson.NewBig(n), Accepted
}
