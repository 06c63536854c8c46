package identity

import (
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// User is an account (django.contrib.auth.models.User). The zero value stands for somebody who is not logged in.
//
// Password holds the hash, never the password: set it with [Store.SetPassword]. It is left out of JSON, String and logs.
type User struct {
	ID          int64      `gorm:"primaryKey" json:"id" orm:"integer,label=ID"`
	Password    string     `gorm:"size:128" json:"-"`
	LastLogin   *time.Time `json:"last_login" orm:"blank"`
	IsSuperuser bool       `json:"is_superuser" orm:"default=false,label=superuser status" doc:"Designates that this user has all permissions without explicitly assigning them."`
	Username    string     `gorm:"size:150;unique" json:"username" doc:"Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only."`
	FirstName   string     `gorm:"size:150" json:"first_name" orm:"blank"`
	LastName    string     `gorm:"size:150" json:"last_name" orm:"blank"`
	Email       string     `gorm:"size:254" json:"email" orm:"email,blank,label=email address"`
	IsStaff     bool       `json:"is_staff" orm:"default=false,label=staff status" doc:"Designates whether the user can log into this admin site."`
	IsActive    bool       `json:"is_active" orm:"default=true,label=active" doc:"Designates whether this user should be treated as active. Unselect this instead of deleting accounts."`
	DateJoined  time.Time  `json:"date_joined" orm:"default=now"`

	Groups          []*Group      `gorm:"many2many:auth_user_groups" json:"-" orm:"blank" doc:"The groups this user belongs to. A user will get all permissions granted to each of their groups."`
	UserPermissions []*Permission `gorm:"many2many:auth_user_user_permissions" json:"-" orm:"blank" doc:"Specific permissions for this user."`
}

// Meta describes the table in Django's terms.
func (User) Meta() orm.Meta { return orm.Meta{App: "auth"} }

// TableName is Django's.
func (User) TableName() string { return "auth_user" }

// IsAuthenticated tells whether u is a stored account and not the zero value.
func (u *User) IsAuthenticated() bool { return u != nil && u.ID != 0 }

// FullName is the first and the last name, without the space when one is missing.
func (u *User) FullName() string { return strings.TrimSpace(u.FirstName + " " + u.LastName) }

// HasUsablePassword is false for accounts that cannot log in by password.
func (u *User) HasUsablePassword() bool { return !strings.HasPrefix(u.Password, unusablePrefix) }

// String is the username; nothing of a user's secrets is printed by %v.
func (u User) String() string { return u.Username }

// GoString keeps the password hash out of %#v.
func (u User) GoString() string {
	return "identity.User{ID:" + strconv.FormatInt(u.ID, 10) + ", Username:" + strconv.Quote(u.Username) + "}"
}

// LogValue is what slog writes for a user: id and username.
func (u User) LogValue() slog.Value {
	return slog.GroupValue(slog.Int64("id", u.ID), slog.String("username", u.Username))
}
