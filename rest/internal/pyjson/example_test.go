package pyjson_test

import (
	"fmt"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

func ExampleParse() {
	v, _ := pyjson.Parse([]byte(`{"id": 18446744073709551616, "ratio": 1e3}`), pyjson.Limits{})
	fmt.Println(string(pyjson.AppendValue(nil, v)), pyjson.TypeName(v))
	_, err := pyjson.Parse([]byte("{\n \"a\": }"), pyjson.Limits{})
	fmt.Println(err)
	// Output:
	// {"id":18446744073709551616,"ratio":1000.0} dict
	// Expecting value: line 2 column 7 (char 8)
}
