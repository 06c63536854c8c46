package pyjson

import (
	"iter"
	"slices"
)

// indexFrom is the number of keys from which a Dict keeps a map; below it a scan is quicker.
const indexFrom = 17

// Dict is a Python dict with string keys: it keeps the order in which keys were first set. The zero value is not
// usable; call NewDict. A Dict may be read by several goroutines, but not while one of them sets.
type Dict struct {
	members []member
	index   map[string]int // nil for few keys
}

// member is a key with its value.
type member struct {
	key   string
	value any
}

// NewDict returns an empty Dict.
func NewDict() *Dict { return new(Dict) }

// dictOf is a Dict of members; of several with the same key the last one counts.
func dictOf(members []member) *Dict {
	d := NewDict()
	d.members = make([]member, 0, len(members))
	for _, m := range members {
		d.Set(m.key, m.value)
	}
	return d
}

// Set stores value under key. A key that is there keeps its position.
func (d *Dict) Set(key string, value any) {
	if i := d.find(key); i >= 0 {
		d.members[i].value = value
		return
	}
	d.members = append(d.members, member{key, value})
	d.remember(key)
}

// Get returns the value of key and whether it is there.
func (d *Dict) Get(key string) (any, bool) {
	if i := d.find(key); i >= 0 {
		return d.members[i].value, true
	}
	return nil, false
}

// Delete removes key; one that is not there is left out as well.
func (d *Dict) Delete(key string) {
	i := d.find(key)
	if i < 0 {
		return
	}
	d.members = slices.Delete(d.members, i, i+1)
	if d.index == nil {
		return
	}
	delete(d.index, key)
	for n := i; n < len(d.members); n++ {
		d.index[d.members[n].key] = n
	}
}

// Has reports whether key is there.
func (d *Dict) Has(key string) bool { return d.find(key) >= 0 }

// Len returns the number of keys.
func (d *Dict) Len() int { return len(d.members) }

// Keys returns the keys in order.
func (d *Dict) Keys() []string {
	keys := make([]string, len(d.members))
	for i, m := range d.members {
		keys[i] = m.key
	}
	return keys
}

// All yields keys and values in order. Setting keys meanwhile is a mistake.
func (d *Dict) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for _, m := range d.members {
			if !yield(m.key, m.value) {
				return
			}
		}
	}
}

func (d *Dict) find(key string) int {
	if d.index != nil {
		if i, ok := d.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range d.members {
		if d.members[i].key == key {
			return i
		}
	}
	return -1
}

// remember notes the position of the key that was just appended.
func (d *Dict) remember(key string) {
	if d.index != nil {
		d.index[key] = len(d.members) - 1
		return
	}
	if len(d.members) < indexFrom {
		return
	}
	d.index = make(map[string]int, 2*len(d.members))
	for i, m := range d.members {
		d.index[m.key] = i
	}
}
