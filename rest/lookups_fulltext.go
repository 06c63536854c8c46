package rest

import (
	"regexp"
	"strings"
	"sync"

	"github.com/quintet-go/quintet/orm"
)

// textIndex is a declared index over the words of one column, which the lookup search is written for. The zero value means
// that there is none.
type textIndex struct {
	expression string // as it was declared: to_tsvector('english', COALESCE("body", ''))
	column     string // as it stands in the expression: "body"
	config     string // the text search configuration: english
}

// textIndexSyntax is an expression that a full text search of one column can be answered from. The configuration must be
// written out: without it the expression depends on a setting, and PostgreSQL makes no index of it.
var textIndexSyntax = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^\s*to_tsvector\(\s*'([\w.]+)'(?:::regconfig)?\s*,\s*(?:COALESCE\(\s*("[^"?]+")\s*,\s*''\s*\)|("[^"?]+"))\s*\)\s*$`)
})

// textIndexOf is the index that the model of f declares over the words of f.
func textIndexOf(f *orm.Field) textIndex {
	for _, declared := range f.Model.Meta.Indexes {
		match := textIndexSyntax().FindStringSubmatch(declared.Expressions)
		if match == nil || declared.Condition != "" {
			continue
		}
		if x := (textIndex{declared.Expressions, match[2] + match[3], match[1]}); x.column == quote(f.Column) {
			return x
		}
	}
	return textIndex{}
}

// on is the expression over a column that is named in another way.
func (x textIndex) on(column string) string {
	return strings.Replace(x.expression, x.column, column, 1)
}
