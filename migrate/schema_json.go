package migrate

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// tableJSON is how a table is stored.
type tableJSON struct {
	Name    string       `json:"table"`
	Model   string       `json:"model"`
	Columns []Column     `json:"columns"`
	Unique  []UniqueSet  `json:"unique"`
	Checks  []NamedCheck `json:"checks"`
	Indexes []TableIndex `json:"indexes"`
}

// MarshalJSON writes the schema for people who read it and tools that compare lines: a line for each column, constraint and
// index.
func (s *Schema) MarshalJSON() ([]byte, error) {
	w := &schemaWriter{}
	w.text("{\"tables\": [")
	for i, t := range s.Tables {
		w.comma(i)
		w.table(t)
	}
	w.text("\n]}\n")
	return w.out.Bytes(), w.err
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Schema) UnmarshalJSON(data []byte) error {
	var stored struct {
		Tables []tableJSON `json:"tables"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&stored); err != nil {
		return err
	}
	for _, t := range stored.Tables {
		table := Table(t)
		for _, c := range table.Columns {
			if !c.Type.known() {
				return fmt.Errorf("table %s, column %s: the type %q is unknown", t.Name, c.Name, c.Type)
			}
		}
		s.Tables = append(s.Tables, &table)
	}
	s.sort()
	return nil
}

// schemaWriter writes lines.
type schemaWriter struct {
	out bytes.Buffer
	err error
}

func (w *schemaWriter) text(s string) { w.out.WriteString(s) }

// comma separates items.
func (w *schemaWriter) comma(i int) {
	if i > 0 {
		w.text(",")
	}
}

func (w *schemaWriter) table(t *Table) {
	w.text("\n  {\"table\": " + w.value(t.Name) + ", \"model\": " + w.value(t.Model))
	writeItems(w, "columns", t.Columns)
	writeItems(w, "unique", t.Unique)
	writeItems(w, "checks", t.Checks)
	writeItems(w, "indexes", t.Indexes)
	w.text("}")
}

// writeItems writes the items of a table, a line each; nothing when there are none.
func writeItems[T any](w *schemaWriter, name string, items []T) {
	if len(items) == 0 {
		return
	}
	w.text(",\n    \"" + name + "\": [")
	for i, item := range items {
		w.comma(i)
		w.text("\n      " + w.value(item))
	}
	w.text("\n    ]")
}

// value is JSON on one line, with a space after the punctuation and without escapes of <, > and &, which are frequent in SQL.
func (w *schemaWriter) value(v any) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil && w.err == nil {
		w.err = err
	}
	return airy(strings.TrimSuffix(out.String(), "\n"))
}

// airy adds a space after the commas and colons of JSON that are not in texts.
func airy(text string) string {
	var out strings.Builder
	quoted, escaped := false, false
	for _, c := range text {
		out.WriteRune(c)
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == ':'):
			out.WriteByte(' ')
		}
	}
	return out.String()
}
