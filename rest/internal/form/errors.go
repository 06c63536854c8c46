package form

import "fmt"

// ParseError says that a multipart body cannot be read. Its text is what Django REST framework shows after
// "Multipart form parse error - ".
type ParseError struct{ Msg string }

// Error returns the reason.
func (e *ParseError) Error() string { return e.Msg }

// LimitError says that a form is larger than allowed. Django answers it outside of the framework, with a plain 400.
type LimitError struct{ Msg string }

// Error returns the reason.
func (e *LimitError) Error() string { return e.Msg }

// The defaults of Limits are those of Django's settings.
const (
	defaultFields = 1000
	defaultFiles  = 100
	defaultBytes  = 2_621_440
)

// Limits bounds what a form may hold. Zero means Django's default, a negative number no limit.
type Limits struct {
	Fields      int   // number of fields; default 1000
	Files       int   // number of files; default 100
	FieldBytes  int64 // length of all fields together, names included; default 2.5 MB
	MemoryBytes int64 // file contents that are kept in memory; what exceeds it goes to temporary files; default 2.5 MB
}

func (l Limits) fields() int        { return int(limit(int64(l.Fields), defaultFields)) }
func (l Limits) files() int         { return int(limit(int64(l.Files), defaultFiles)) }
func (l Limits) fieldBytes() int64  { return limit(l.FieldBytes, defaultBytes) }
func (l Limits) memoryBytes() int64 { return limit(l.MemoryBytes, defaultBytes) }
func exceeds(n, most int64) bool    { return most >= 0 && n > most }
func tooMany(what string) error     { return &LimitError{fmt.Sprintf("the form has too many %s", what)} }
func tooLarge() error               { return &LimitError{"the fields of the form are too long"} }
func limit(set, standard int64) int64 {
	if set == 0 {
		return standard
	}
	return set
}
