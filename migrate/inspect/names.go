package inspect

import (
	"strconv"
	"strings"
	"unicode"
)

// words splits a name as people and databases write them: "InvoiceId", "unit price", "HTTP-status" and "größe_2".
func words(name string) []string {
	var list []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			list = append(list, string(word))
		}
		word = nil
	}
	letters := []rune(name)
	for i, c := range letters {
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			end()
			continue
		}
		afterSmall := i > 0 && !unicode.IsUpper(letters[i-1])
		beforeSmall := i+1 < len(letters) && unicode.IsLower(letters[i+1])
		if unicode.IsUpper(c) && (afterSmall || beforeSmall) {
			end()
		}
		word = append(word, c)
	}
	end()
	return list
}

// snake is a name in Django's manner: "invoice_id".
func snake(name string) string { return strings.ToLower(strings.Join(words(name), "_")) }

// initialisms are words that Go writes in capitals.
var initialisms = map[string]bool{
	"api": true, "html": true, "http": true, "https": true, "id": true, "ip": true, "isbn": true, "json": true, "sku": true,
	"sql": true, "uri": true, "url": true, "uuid": true, "vat": true, "xml": true,
}

// goName is an exported Go name: "InvoiceID". prefix goes before names that begin with no letter of two cases.
func goName(name, prefix string) string {
	var out strings.Builder
	for _, word := range words(name) {
		word = strings.ToLower(word)
		if initialisms[word] {
			out.WriteString(strings.ToUpper(word))
			continue
		}
		letters := []rune(word)
		out.WriteRune(unicode.ToUpper(letters[0]))
		out.WriteString(string(letters[1:]))
	}
	text := out.String()
	if first := []rune(text + "0")[0]; !unicode.IsUpper(first) {
		return prefix + text
	}
	return text
}

// taken are the names of one scope that are given away.
type taken map[string]bool

func (t taken) add(names ...string) {
	for _, name := range names {
		t[name] = true
	}
}

// free is the first of name, name2, name3, … of which key makes nothing that is taken, and takes it.
func (t taken) free(name string, keys ...func(string) string) string {
	if len(keys) == 0 {
		keys = []func(string) string{func(name string) string { return name }}
	}
	for n := 1; ; n++ {
		candidate := name
		if n > 1 {
			candidate += strconv.Itoa(n)
		}
		clash := false
		for _, key := range keys {
			clash = clash || t[key(candidate)]
		}
		if clash {
			continue
		}
		for _, key := range keys {
			t.add(key(candidate))
		}
		return candidate
	}
}

// expressible tells whether a tag of GORM and a statement can hold a name as it is.
func expressible(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(c rune) bool {
		return strings.ContainsRune(".;\"`?@,\\'", c) || unicode.IsControl(c)
	}) && name == strings.TrimSpace(name)
}

// app is a name for an app: letters, digits and underscores.
func app(name string) string {
	label := snake(name)
	switch {
	case label == "":
		return "legacy"
	case label[0] >= '0' && label[0] <= '9':
		return "db" + label
	}
	return label
}
