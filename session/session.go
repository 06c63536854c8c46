package session

import (
	"encoding/json"
	"log/slog"
	"maps"
	"strconv"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// Row is how a session is stored (django.contrib.sessions.models.Session). Its key is a secret and is not printed.
type Row struct {
	SessionKey  string    `gorm:"primaryKey;size:40" json:"-"`
	SessionData string    `json:"-"`
	ExpireDate  time.Time `gorm:"index" json:"expire_date"`
}

// Meta describes the table in Django's terms.
func (Row) Meta() orm.Meta {
	return orm.Meta{App: "sessions", Name: "session", Verbose: "session", VerboseMany: "sessions"}
}

// TableName is Django's.
func (Row) TableName() string { return "django_session" }

// String keeps key and data out of logs.
func (Row) String() string { return "session" }

// GoString keeps key and data out of %#v.
func (Row) GoString() string { return "session.Row{}" }

// LogValue keeps key and data out of logs.
func (Row) LogValue() slog.Value { return slog.StringValue("session") }

// Session is the values of one visitor. It belongs to one request and is not safe for concurrent use.
// Values are what JSON knows; numbers that were loaded are json.Number.
type Session struct {
	key      string
	values   map[string]any
	modified bool // the row is not up to date
	renewed  bool // the browser does not know the key or the expiry yet
}

// stored notes that the row holds what s holds.
func (s *Session) stored() { s.modified, s.renewed = false, true }

// New returns an empty session that is not stored.
func New() *Session { return &Session{} }

// Key is the secret name of the stored session, empty when it is not stored.
func (s *Session) Key() string { return s.key }

// Get returns a value and whether it is there.
func (s *Session) Get(name string) (any, bool) {
	v, ok := s.values[name]
	return v, ok
}

// Text returns a value that is text, otherwise "".
func (s *Session) Text(name string) string {
	text, _ := s.values[name].(string)
	return text
}

// Set changes a value. It is stored by [Store.Commit].
func (s *Session) Set(name string, value any) {
	if s.values == nil {
		s.values = make(map[string]any)
	}
	s.values[name] = value
	s.modified = true
}

// Delete removes a value.
func (s *Session) Delete(name string) {
	if _, ok := s.values[name]; ok {
		delete(s.values, name)
		s.modified = true
	}
}

// Values returns a copy of all values.
func (s *Session) Values() map[string]any { return maps.Clone(s.values) }

// Touch marks the session as changed, so that it is stored and lives on from now.
func (s *Session) Touch() { s.modified = true }

// expiryName is the value that gives one session a life of its own.
const expiryName = "_session_expiry"

// SetAge lets this session live for age after each change, in whole seconds; 0 means as long as the browser is open.
func (s *Session) SetAge(age time.Duration) {
	s.Set(expiryName, json.Number(strconv.FormatInt(int64(age/time.Second), 10)))
}

// Modified tells whether the session has to be stored.
func (s *Session) Modified() bool { return s.modified }

// IsEmpty tells whether there is neither a stored session nor a value: such a session is not stored, and its cookie goes.
func (s *Session) IsEmpty() bool { return s.key == "" && len(s.values) == 0 }
