package pyvalue_test

import "github.com/quintet-go/quintet/rest/internal/pyjson"

// raw is a JSON string whose text may hold lone surrogates, which encoding/json would replace.
type raw string

// UnmarshalJSON reads the string as pyjson does.
func (r *raw) UnmarshalJSON(data []byte) error {
	v, err := pyjson.Parse(data, pyjson.Limits{})
	if s, ok := v.(string); ok {
		*r = raw(s)
	}
	return err
}
