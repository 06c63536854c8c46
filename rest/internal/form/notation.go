package form

import (
	"cmp"
	"slices"
	"strings"
)

// ParseList returns the list that stands in the names prefix[0], prefix[1], … of a form: values, or a *MultiDict for
// every index whose names go on (prefix[0]name, prefix[0].name). Indexes need not be in order nor without gaps. ok is
// false when there is no such name.
func ParseList(d *MultiDict, prefix string) (list []any, ok bool) {
	type item struct {
		index string
		value any
	}
	var items []item
	find := func(index string) *item {
		for i := range items {
			if items[i].index == index {
				return &items[i]
			}
		}
		items = append(items, item{index: index})
		return &items[len(items)-1]
	}
	for name, value := range d.All() {
		index, rest, found := indexed(name, prefix)
		if !found {
			continue
		}
		at := find(index)
		nested, isDict := at.value.(*MultiDict)
		switch {
		case rest == "":
			at.value = value
		case isDict:
			nested.Set(rest, value)
		default:
			nested = new(MultiDict)
			nested.Set(rest, value)
			at.value = nested
		}
	}
	slices.SortFunc(items, func(a, b item) int {
		return cmp.Or(cmp.Compare(len(a.index), len(b.index)), cmp.Compare(a.index, b.index))
	})
	for _, it := range items {
		list = append(list, it.value)
	}
	return list, len(list) > 0
}

// indexed splits prefix[index]rest; index comes without leading zeros.
func indexed(name, prefix string) (index, rest string, ok bool) {
	tail, ok := strings.CutPrefix(name, prefix+"[")
	if !ok {
		return "", "", false
	}
	index, rest, ok = strings.Cut(tail, "]")
	rest = strings.TrimSuffix(rest, "\n")
	if !ok || index == "" || strings.Trim(index, "0123456789") != "" || strings.Contains(rest, "\n") {
		return "", "", false
	}
	if index = strings.TrimLeft(index, "0"); index == "" {
		index = "0"
	}
	return index, rest, true
}

// ParseDict returns what stands in the names prefix.name of a form, under name. ok is false when there is no such
// name.
func ParseDict(d *MultiDict, prefix string) (dict *MultiDict, ok bool) {
	dict = new(MultiDict)
	for _, name := range d.keys {
		rest, found := strings.CutPrefix(name, prefix+".")
		rest = strings.TrimSuffix(rest, "\n")
		if found && rest != "" && !strings.Contains(rest, "\n") {
			dict.SetList(rest, d.List(name))
		}
	}
	return dict, dict.Len() > 0
}
