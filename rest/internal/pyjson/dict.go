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
	keys  []string
	vals  []any
	index map[string]int // nil for few keys
}

// NewDict returns an empty Dict.
func NewDict() *Dict { return new(Dict) }

// Set stores value under key. A key that is there keeps its position.
func (d *Dict) Set(key string, value any) {
	if i := d.find(key); i >= 0 {
		d.vals[i] = value
		return
	}
	d.keys = append(d.keys, key)
	d.vals = append(d.vals, value)
	d.remember(key)
}

// Get returns the value of key and whether it is there.
func (d *Dict) Get(key string) (any, bool) {
	if i := d.find(key); i >= 0 {
		return d.vals[i], true
	}
	return nil, false
}

// Delete removes key; one that is not there is left out as well.
func (d *Dict) Delete(key string) {
	i := d.find(key)
	if i < 0 {
		return
	}
	d.keys, d.vals = slices.Delete(d.keys, i, i+1), slices.Delete(d.vals, i, i+1)
	if d.index == nil {
		return
	}
	delete(d.index, key)
	for n := i; n < len(d.keys); n++ {
		d.index[d.keys[n]] = n
	}
}

// Has reports whether key is there.
func (d *Dict) Has(key string) bool { return d.find(key) >= 0 }

// Len returns the number of keys.
func (d *Dict) Len() int { return len(d.keys) }

// Keys returns the keys in order; the caller must not change the slice.
func (d *Dict) Keys() []string { return d.keys }

// All yields keys and values in order. Setting keys meanwhile is a mistake.
func (d *Dict) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		for i, k := range d.keys {
			if !yield(k, d.vals[i]) {
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
	for i, k := range d.keys {
		if k == key {
			return i
		}
	}
	return -1
}

// remember notes the position of the key that was just appended.
func (d *Dict) remember(key string) {
	if d.index != nil {
		d.index[key] = len(d.keys) - 1
		return
	}
	if len(d.keys) < indexFrom {
		return
	}
	d.index = make(map[string]int, 2*len(d.keys))
	for i, k := range d.keys {
		d.index[k] = i
	}
}
