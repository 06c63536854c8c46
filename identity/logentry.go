package identity

import (
	"time"

	"github.com/quintet-go/quintet/orm"
)

// LogEntry is a change that somebody made in Django's admin (django.contrib.admin.models.LogEntry). Register it where the
// database has its table: the entries of a user are deleted with the user, and the database refuses to delete a user whose
// entries are left.
type LogEntry struct {
	ID            int64        `gorm:"primaryKey" json:"id" orm:"integer,label=ID"`
	ActionTime    time.Time    `json:"action_time" orm:"default=now,readonly"`
	UserID        int64        `json:"user"`
	User          *User        `json:"-" orm:"on_delete=cascade"`
	ContentTypeID *int64       `json:"content_type"`
	ContentType   *ContentType `json:"-" orm:"blank,on_delete=set_null"`
	ObjectID      *string      `json:"object_id" orm:"blank"`
	ObjectRepr    string       `gorm:"size:200" json:"object_repr"`
	ActionFlag    LogAction    `json:"action_flag" orm:"positive_small"`
	ChangeMessage string       `json:"change_message" orm:"blank"`
}

// Meta describes the table in Django's terms.
func (LogEntry) Meta() orm.Meta {
	return orm.Meta{
		App: "admin", Name: "logentry", Verbose: "log entry", VerboseMany: "log entries", Ordering: []string{"-action_time"},
	}
}

// TableName is Django's.
func (LogEntry) TableName() string { return "django_admin_log" }

// LogAction is what was done.
type LogAction int16

// The actions of Django's admin.
const (
	Addition LogAction = iota + 1
	Change
	Deletion
)

// Choices implements orm.Chooser.
func (LogAction) Choices() []orm.Choice {
	return []orm.Choice{{Value: Addition, Label: "Addition"}, {Value: Change, Label: "Change"}, {Value: Deletion, Label: "Deletion"}}
}
