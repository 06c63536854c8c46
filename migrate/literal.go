package migrate

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/orm"
)

// literal writes a value, given as the text of a tag orm:"default=…", in the SQL of a database. "now" is the time at which
// the migration runs, "uuid4" a new key for each row.
func (t ColumnType) literal(text, dialect string) (string, error) {
	value, err := t.constant(text, dialect)
	if err != nil {
		return "", fmt.Errorf("%q is no %s: %w", text, t, err)
	}
	return value, nil
}

func (t ColumnType) constant(text, dialect string) (string, error) {
	switch {
	case t.isInteger():
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.FormatInt(n, 10), err
	case t.isText():
		return quoteText(text), nil
	}
	switch t.base() {
	case "Boolean":
		b, err := strconv.ParseBool(text)
		return booleanLiteral(b, dialect), err
	case "Float":
		x, err := strconv.ParseFloat(text, 64)
		return strconv.FormatFloat(x, 'g', -1, 64), err
	case "Decimal":
		d, err := orm.ParseDecimal(text)
		return d.String(), err
	case "JSON":
		return quoteText(text), validJSON(text)
	case "UUID":
		return uuidLiteral(text, dialect)
	case "Duration":
		return durationLiteral(text, dialect)
	case "Binary":
		return binaryLiteral(text, dialect), nil
	case "IPAddress":
		_, err := netip.ParseAddr(text)
		return quoteText(text), err
	}
	return t.momentLiteral(text, dialect)
}

// quoteText is a text in SQL.
func quoteText(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

func booleanLiteral(b bool, dialect string) string {
	if dialect == orm.Postgres {
		return strconv.FormatBool(b)
	}
	if b {
		return "1"
	}
	return "0"
}

func validJSON(text string) error {
	var v any
	return json.Unmarshal([]byte(text), &v)
}

func uuidLiteral(text, dialect string) (string, error) {
	if text == "uuid4" {
		if dialect == orm.Postgres {
			return "gen_random_uuid()", nil
		}
		// The version and the variant of a random key stand at fixed digits.
		return "lower(hex(randomblob(6)) || '4' || substr(hex(randomblob(2)), 2) || substr('89AB', 1 + (random() & 3), 1) || " +
			"substr(hex(randomblob(8)), 2))", nil
	}
	id, err := uuid.Parse(text)
	if dialect == orm.Postgres {
		return quoteText(id.String()), err
	}
	return quoteText(hex.EncodeToString(id[:])), err
}

func durationLiteral(text, dialect string) (string, error) {
	d, err := orm.ParseDuration(text)
	if dialect == orm.Postgres {
		return fmt.Sprintf("'%d microseconds'::interval", int64(d)), err
	}
	return strconv.FormatInt(int64(d), 10), err
}

func binaryLiteral(text, dialect string) string {
	digits := hex.EncodeToString([]byte(text))
	if dialect == orm.Postgres {
		return `'\x` + digits + `'`
	}
	return "X'" + digits + "'"
}

// moments are the forms of dates and times: how they are given and stored, and what is now in each database.
var moments = map[string]struct{ layouts, now, sqliteNow string }{
	"Date":     {"2006-01-02", "(now() AT TIME ZONE 'UTC')::date", "strftime('%Y-%m-%d', 'now')"},
	"Time":     {"15:04:05|15:04", "(now() AT TIME ZONE 'UTC')::time", "strftime('%H:%M:%S', 'now')"},
	"DateTime": {"2006-01-02T15:04:05Z07:00|2006-01-02 15:04:05|2006-01-02", "now()", "strftime('%Y-%m-%d %H:%M:%S', 'now')"},
}

func (t ColumnType) momentLiteral(text, dialect string) (string, error) {
	form := moments[t.base()]
	switch {
	case text == "now" && dialect == orm.Postgres:
		return form.now, nil
	case text == "now":
		return form.sqliteNow, nil
	}
	var err error
	for layout := range strings.SplitSeq(form.layouts, "|") {
		var at time.Time
		if at, err = time.Parse(layout, text); err == nil {
			return quoteText(t.stored(at.UTC(), dialect)), nil
		}
	}
	return "", err
}

// stored is the text of a date or time as the database has it.
func (t ColumnType) stored(at time.Time, dialect string) string {
	layout := map[string]string{"Date": "2006-01-02", "Time": "15:04:05", "DateTime": "2006-01-02 15:04:05"}[t.base()]
	if fraction := at.Nanosecond() / int(time.Microsecond); fraction != 0 && t != "Date" {
		layout += ".000000"
	}
	text := at.Format(layout)
	if t == "DateTime" && dialect == orm.Postgres {
		text += "+00"
	}
	return text
}

// zero is the value of rows that get a column back which they had before, "" and false where there is none that could do.
func (t ColumnType) zero() (text string, ok bool) {
	switch {
	case t.isInteger():
		return "0", true
	case t.isText(), t == "Binary":
		return "", true
	}
	text, ok = map[string]string{
		"Boolean": "false", "Float": "0", "Decimal": "0", "JSON": "{}", "UUID": "uuid4", "Duration": "0", "Date": "now",
		"DateTime": "now", "Time": "now",
	}[t.base()]
	return text, ok
}
