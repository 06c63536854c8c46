package pyvalue_test

import (
	"fmt"
	"time"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
	"github.com/quintet-go/quintet/rest/internal/pyvalue"
)

func Example() {
	body, err := pyjson.Parse([]byte(`{"stock": "1_000", "price": "12.5", "from": "2024-02-29T12:30+02:00"}`), pyjson.Limits{})
	if err != nil {
		panic(err)
	}
	value := func(name string) any {
		v, _ := body.(*pyjson.Dict).Get(name)
		return v
	}
	stock, _ := pyvalue.Integer(value("stock"))
	price, _ := pyvalue.DecimalRules{MaxDigits: 10, Places: 2}.Parse(value("price"))
	formats, _ := pyvalue.DateTimeInput()
	from, _ := formats.DateTime(value("from"), time.UTC)
	_, code := pyvalue.Integer(value("price"))
	fmt.Println(stock, price, string(pyvalue.OutputFormat{}.AppendDateTime(nil, from)), code)
	// Output: 1000 12.50 "2024-02-29T10:30:00Z" invalid
}
