package form

import "iter"

// MultiDict maps names to lists of values, in the order in which names first came. A value is a string or a *File;
// in what ParseList and ParseDict return it may also be a *MultiDict. The zero value is empty and ready to use.
type MultiDict struct {
	keys   []string
	values map[string][]any
	room   []any // for the first values of names
}

// grow makes room for n values of an empty MultiDict, of different names as a rule.
func (d *MultiDict) grow(n int) {
	d.keys, d.values, d.room = make([]string, 0, n), make(map[string][]any, n), make([]any, 0, n)
}

// Add appends value to the list of key.
func (d *MultiDict) Add(key string, value any) {
	list, known := d.values[key]
	if at := len(d.room); !known && at < cap(d.room) {
		d.room = append(d.room, value)
		d.SetList(key, d.room[at:at+1:at+1])
		return
	}
	d.SetList(key, append(list, value))
}

// Set replaces the list of key by one value.
func (d *MultiDict) Set(key string, value any) { d.SetList(key, []any{value}) }

// SetList replaces the list of key; the list is not copied.
func (d *MultiDict) SetList(key string, list []any) {
	if d.values == nil {
		d.values = make(map[string][]any)
	}
	if _, ok := d.values[key]; !ok {
		d.keys = append(d.keys, key)
	}
	d.values[key] = list
}

// Get returns the last value of key.
func (d *MultiDict) Get(key string) (any, bool) {
	list := d.values[key]
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
func (d *MultiDict) List(key string) []any { return d.values[key] }

// Has reports whether key is there.
func (d *MultiDict) Has(key string) bool {
	_, ok := d.values[key]
	return ok
}

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

// Merge appends the lists of other.
func (d *MultiDict) Merge(other *MultiDict) {
	for _, key := range other.keys {
		d.SetList(key, append(d.values[key], other.values[key]...))
	}
}
