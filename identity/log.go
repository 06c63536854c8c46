package identity

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrNoContentType says that the database has no content type for a model: the command migrate makes them.
var ErrNoContentType = errors.New("identity: no such content type")

// LogChange is a part of what an entry of the admin's log says.
type LogChange struct {
	Action LogAction
	// Fields are the labels of the fields that a Change is about: "Price".
	Fields []string
	// Name and Object are those of a related object that was changed along with the entry's own; empty for its own.
	Name, Object string
}

// Log stores an entry that Django's admin shows in the history of an object. The entry needs UserID, ObjectID, ObjectRepr, of
// which the first 200 characters are stored, and ActionFlag; model is the label of the object's model, "catalog.product". It
// gets its id, content type and message, and the time unless it has one. Without changes, an addition says "Added.", a change
// "No fields changed.", a deletion nothing. It returns [ErrNoContentType] for a model that the database does not know.
func (s *Store) Log(ctx context.Context, model string, entry *LogEntry, changes ...LogChange) error {
	db := s.db(ctx)
	kind, err := contentTypeOfLabel(db, model)
	if err != nil {
		return err
	}
	entry.ContentTypeID = &kind.ID
	if entry.ActionTime.IsZero() {
		entry.ActionTime = s.now()
	}
	if utf8.RuneCountInString(entry.ObjectRepr) > logReprLength {
		entry.ObjectRepr = string([]rune(entry.ObjectRepr)[:logReprLength])
	}
	if entry.ChangeMessage, err = logMessage(entry.ActionFlag, changes); err != nil {
		return fmt.Errorf("identity: writing the message of a log entry: %w", err)
	}
	if err := db.Omit(clause.Associations).Create(entry).Error; err != nil {
		return fmt.Errorf("identity: storing a log entry: %w", err)
	}
	return nil
}

const logReprLength = 200 // of the column

func contentTypeOfLabel(db *gorm.DB, label string) (*ContentType, error) {
	app, model, _ := strings.Cut(strings.ToLower(label), ".")
	var found ContentType
	err := db.Where("app_label = ? AND model = ?", app, model).Take(&found).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, fmt.Errorf("%w: %q", ErrNoContentType, label)
	}
	if err != nil {
		return nil, fmt.Errorf("identity: loading a content type: %w", err)
	}
	return &found, nil
}

func logMessage(action LogAction, changes []LogChange) (string, error) {
	if len(changes) == 0 {
		switch action {
		case Deletion:
			return "", nil
		case Addition:
			changes = []LogChange{{Action: Addition}}
		}
	}
	parts := make([]map[string]any, len(changes))
	for i, c := range changes {
		parts[i] = c.part()
	}
	text, err := json.Marshal(parts)
	return string(text), err
}

// part is the change as Django stores it, which fails to read one that lacks a key.
func (c LogChange) part() map[string]any {
	detail := map[string]any{}
	if c.Name != "" || c.Action == Deletion {
		detail["name"], detail["object"] = c.Name, c.Object
	}
	switch c.Action {
	case Addition:
		return map[string]any{"added": detail}
	case Deletion:
		return map[string]any{"deleted": detail}
	}
	detail["fields"] = append([]string{}, c.Fields...)
	return map[string]any{"changed": detail}
}

// logPart is a LogChange as it is read.
type logPart struct{ Added, Changed, Deleted *LogChange }

// Message says what was changed in words, as Django's get_change_message: "Changed Price and Stock."
func (e *LogEntry) Message() string {
	var parts []logPart
	if !strings.HasPrefix(e.ChangeMessage, "[") || json.Unmarshal([]byte(e.ChangeMessage), &parts) != nil {
		return e.ChangeMessage
	}
	var sentences []string
	for _, p := range parts {
		if text := p.sentence(); text != "" {
			first, size := utf8.DecodeRuneInString(text)
			sentences = append(sentences, string(unicode.ToUpper(first))+text[size:])
		}
	}
	if len(sentences) == 0 {
		return "No fields changed."
	}
	return strings.Join(sentences, " ")
}

func (p logPart) sentence() string {
	switch {
	case p.Added != nil && p.Added.Name == "":
		return "Added."
	case p.Added != nil:
		return fmt.Sprintf("Added %s “%s”.", p.Added.Name, p.Added.Object)
	case p.Changed != nil && p.Changed.Name == "":
		return fmt.Sprintf("Changed %s.", listed(p.Changed.Fields))
	case p.Changed != nil:
		return fmt.Sprintf("Changed %s for %s “%s”.", listed(p.Changed.Fields), p.Changed.Name, p.Changed.Object)
	case p.Deleted != nil:
		return fmt.Sprintf("Deleted %s “%s”.", p.Deleted.Name, p.Deleted.Object)
	}
	return ""
}

// listed is "a, b and c".
func listed(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}
