package form

import (
	"iter"
	"slices"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// MultiDict maps names to lists of values, in the order in which names first came. A value is a string or a *File;
// in what ParseList and ParseDict return it may also be a *MultiDict. The zero value is empty and ready to use.
type MultiDict struct {
	keys   []string
	lists  [][]any        // of keys
	places map[string]int // in keys, once these are too many to look through
	room   []any          // for the first values of names
}

// fewNames is how many names are looked through.
const fewNames = 8

// grow makes room for n values of an empty MultiDict, of different names as a rule.
func (d *MultiDict) grow(n int) {
	d.keys, d.lists, d.room = make([]string, 0, n), make([][]any, 0, n), make([]any, 0, n)
}

// place is where key stands in keys, -1 when it is not there.
func (d *MultiDict) place(key string) int {
	if d.places == nil {
		return slices.Index(d.keys, key)
	}
	if at, ok := d.places[key]; ok {
		return at
	}
	return -1
}

// Add appends value to the list of key.
func (d *MultiDict) Add(key string, value any) {
	at := d.place(key)
	if at >= 0 {
		d.lists[at] = append(d.lists[at], value)
		return
	}
	d.room = append(d.room, value)
	last := len(d.room)
	d.append(key, d.room[last-1:last:last])
}

// append adds a name that is not there yet.
func (d *MultiDict) append(key string, list []any) {
	d.keys, d.lists = append(d.keys, key), append(d.lists, list)
	switch {
	case d.places != nil:
		d.places[key] = len(d.keys) - 1
	case len(d.keys) > fewNames:
		d.places = make(map[string]int, cap(d.keys))
		for at, key := range d.keys {
			d.places[key] = at
		}
	}
}

// Set replaces the list of key by one value.
func (d *MultiDict) Set(key string, value any) { d.SetList(key, []any{value}) }

// SetList replaces the list of key; the list is not copied.
func (d *MultiDict) SetList(key string, list []any) {
	if at := d.place(key); at >= 0 {
		d.lists[at] = list
		return
	}
	d.append(key, list)
}

// Get returns the last value of key.
func (d *MultiDict) Get(key string) (any, bool) {
	list := d.List(key)
	if len(list) == 0 {
		return nil, false
	}
	return list[len(list)-1], true
}

// Text returns the last value of key when it is a string, "" otherwise.
func (d *MultiDict) Text(key string) string {
	v, _ := d.Get(key)
	s, _ := v.(string)
	return s
}

// List returns all values of key, in order; the caller must not change it.
func (d *MultiDict) List(key string) []any {
	if at := d.place(key); at >= 0 {
		return d.lists[at]
	}
	return nil
}

// Has reports whether key is there.
func (d *MultiDict) Has(key string) bool { return d.place(key) >= 0 }

// Keys returns the names in order; the caller must not change it.
func (d *MultiDict) Keys() []string { return d.keys }

// Len returns the number of names.
func (d *MultiDict) Len() int { return len(d.keys) }

// All yields each name with its last value.
func (d *MultiDict) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, key := range d.keys {
			if v, _ := d.Get(key); !yield(key, v) {
				return
			}
		}
	}
}

// MarshalJSON is an object with the last value of each name, as Python's json writes a QueryDict.
func (d *MultiDict) MarshalJSON() ([]byte, error) {
	var last pyjson.Dict
	for name, value := range d.All() {
		last.Set(name, value)
	}
	return pyjson.AppendValue(nil, &last), nil
}

// Merge appends the lists of other.
func (d *MultiDict) Merge(other *MultiDict) {
	for _, key := range other.keys {
		d.SetList(key, append(d.List(key), other.List(key)...))
	}
}
