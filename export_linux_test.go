package quintet

import "fmt"

// Unchanged are the addresses of the mappings of a file that are released.
func Unchanged(smaps, file string) []string {
	var list []string
	for _, m := range unchanged(smaps, file) {
		list = append(list, fmt.Sprintf("%x-%x", m.start, m.end))
	}
	return list
}
