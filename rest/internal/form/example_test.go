package form_test

import (
	"fmt"

	"github.com/quintet-go/quintet/rest/internal/charset"
	"github.com/quintet-go/quintet/rest/internal/form"
)

func ExampleParseList() {
	d, _ := form.ParseURLEncoded([]byte("tags[1]=b&tags[0]=a&place.city=Bern"), charset.Charset{}, form.Limits{})
	tags, _ := form.ParseList(d, "tags")
	place, _ := form.ParseDict(d, "place")
	fmt.Println(tags, place.Text("city"))
	// Output: [a b] Bern
}
