package orm

import (
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// ErrJSON is what is wrapped when text that is no JSON would be stored.
var ErrJSON = errors.New("not JSON")

// JSON is a JSON document as text: what a JSONField holds. Nil is SQL's NULL, JSON("null") is JSON's null.
type JSON []byte

// NewJSON writes v by encoding/json.
func NewJSON(v any) (JSON, error) { return json.Marshal(v) }

// Decode reads the document into v, a pointer.
func (j JSON) Decode(v any) error { return json.Unmarshal(j, v) }

// String is the text.
func (j JSON) String() string { return string(j) }

// MarshalJSON writes the document itself, null for nil.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("null"), nil
	}
	return j, nil
}

// UnmarshalJSON keeps a copy of the text.
func (j *JSON) UnmarshalJSON(text []byte) error {
	*j = append((*j)[:0:0], text...)
	return nil
}

// Value is the text, NULL for nil; an error that wraps [ErrJSON] for what is no JSON.
func (j JSON) Value() (driver.Value, error) {
	if len(j) == 0 {
		return nil, nil
	}
	if !json.Valid(j) {
		return nil, fmt.Errorf("%w: %.40q", ErrJSON, []byte(j))
	}
	return string(j), nil
}

// Scan keeps a copy of the text; NULL gives nil.
func (j *JSON) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*j = nil
	case string:
		*j = JSON(v)
	case []byte:
		*j = append(JSON{}, v...)
	case int64, float64, bool: // SQLite has no type for documents: 5 comes back as a number
		text, err := json.Marshal(v)
		*j = text
		return err
	default:
		return scanError(src, "orm.JSON")
	}
	return nil
}

// GormDataType names the type for GORM.
func (JSON) GormDataType() string { return "json" }

// GormDBDataType is the column type for GORM's AutoMigrate.
func (JSON) GormDBDataType(db *gorm.DB, _ *schema.Field) string {
	if db.Name() == Postgres {
		return "jsonb"
	}
	return "text"
}
