package identity

import "github.com/quintet-go/quintet/orm"

// Group gives its permissions to all of its users (django.contrib.auth.models.Group).
type Group struct {
	ID   int64  `gorm:"primaryKey" json:"id" orm:"integer,label=ID"`
	Name string `gorm:"size:150;unique" json:"name"`

	Permissions []*Permission `gorm:"many2many:auth_group_permissions" json:"-" orm:"blank"`
}

// Meta describes the table in Django's terms.
func (Group) Meta() orm.Meta { return orm.Meta{App: "auth"} }

// TableName is Django's.
func (Group) TableName() string { return "auth_group" }

// String is the name.
func (g Group) String() string { return g.Name }
