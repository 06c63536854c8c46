package kitchen

import (
	"math/big"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// values are the answers of json/{name}/: Go values that no serializer has seen.
func values() map[string]any {
	huge := new(big.Int).Exp(big.NewInt(10), big.NewInt(30), nil)
	decimals := []any{}
	for _, s := range []string{"1.10", "0", "1E+3", "-0.00", "0.0000001"} {
		d, err := orm.ParseDecimal(s)
		if err != nil {
			continue // the test of this package knows that there are five
		}
		decimals = append(decimals, d)
	}
	negativeZero := 0.0
	negativeZero = -negativeZero
	return map[string]any{
		"integers": []any{0, -1, int64(1) << 31, int64(1) << 53, new(big.Int).Lsh(big.NewInt(1), 63), huge},
		"floats": []any{
			0.0, negativeZero, 1.0, 0.1, 1.5e300, 1e16, 1e15, 123456789012345.6, 1e-4, 1e-5, 1.0e-7, 5e-324, 2.5, 100.0,
			0.30000000000000004, 1e21, 1e22, 12345678.9,
		},
		"decimals": decimals,
		"strings": []any{
			"", "plain", "caf\u00e9", "\u4f60\u597d", "\U0001f600", "quote\"back\\slash/", "tab\tnl\ncr\r", "\x00\x01\x1f\x7f",
			"line\u2028sep\u2029", "<b>&amp;'</b>", "\u0080\ufeff",
		},
		"dates": []any{
			orm.DateOf(time.Date(2024, time.February, 29, 0, 0, 0, 0, time.UTC)), "2024-02-29T12:30:00", "2024-02-29T12:30:15.123456",
			time.Date(2024, time.February, 29, 12, 30, 15, 120_000_000, time.UTC),
			time.Date(2024, time.February, 29, 12, 30, 0, 0, time.FixedZone("", 5*3600+1800)),
			nine(0, 0), nine(1, 500_000),
		},
		"durations": []any{
			time.Duration(0), 90 * time.Second, 48*time.Hour + 5*time.Microsecond, -time.Second,
		},
		"uuids":      []any{uuid.UUID{15: 1}, uuid.MustParse("6f1c2e52-57c1-4bbb-8c0f-7a4a1d3b9a10")},
		"bytes":      []any{[]byte("raw"), []byte("caf\u00e9")},
		"containers": rest.Obj("tuple", []any{1, 2}, "empty_list", []any{}, "empty_dict", rest.Obj(), "nested", []any{[]any{}, []any{rest.Obj()}, rest.Obj("a", []any{})}),
		"keys":       rest.Obj("1", "bool", "two", 2, "null", "none", "1.5", "float", "\u00e9", "e"),
		"lazy":       "This field is required.",
		"null":       nil,
		"true":       true,
		"string":     "only",
		"number":     7,
		"list":       []any{1, "two", 3.0, nil, false},
	}
}

// json serves json/{name}/.
func (k *Kitchen) json(g *rest.Group) {
	all := values()
	g.Handle("json/{name}/", view("Value", "Values through the JSON renderer.", func(r *rest.Request) (*rest.Response, error) {
		v, ok := all[r.Param("name")]
		if !ok {
			return nil, rest.ErrNotFound
		}
		return rest.OK(v), nil
	}, http.MethodGet), "")
}

// nine is the time of five past nine and so many seconds.
func nine(seconds, micros int) orm.TimeOfDay {
	return orm.TimeOfDayOf(time.Date(2024, time.February, 29, 9, 5, seconds, micros*1000, time.UTC))
}
