package jwtauth

import (
	"log/slog"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// OutstandingToken is a refresh token that was given out (rest_framework_simplejwt.token_blacklist). Its text is a secret
// and is not printed.
type OutstandingToken struct {
	ID        int64          `gorm:"primaryKey" json:"id" orm:"label=id"`
	UserID    *int64         `json:"user"`
	User      *identity.User `json:"-" orm:"blank,on_delete=set_null"`
	JTI       string         `gorm:"column:jti;size:255;unique" json:"jti"`
	Token     string         `json:"-"`
	CreatedAt *time.Time     `gorm:"autoCreateTime:false" json:"created_at" orm:"blank"`
	ExpiresAt time.Time      `json:"expires_at"`
}

// Meta describes the table in Django's terms.
func (OutstandingToken) Meta() orm.Meta {
	return orm.Meta{
		App: "token_blacklist", Verbose: "Outstanding Token", VerboseMany: "Outstanding Tokens", Ordering: []string{"user"},
	}
}

// TableName is simplejwt's.
func (OutstandingToken) TableName() string { return "token_blacklist_outstandingtoken" }

// String names the token by its id.
func (t OutstandingToken) String() string { return "outstanding token " + t.JTI }

// GoString keeps the text of the token out of %#v.
func (t OutstandingToken) GoString() string { return "jwtauth.OutstandingToken{" + t.JTI + "}" }

// LogValue is what slog writes.
func (t OutstandingToken) LogValue() slog.Value { return slog.StringValue(t.String()) }

// BlacklistedToken marks an outstanding token as used up or revoked.
type BlacklistedToken struct {
	ID            int64             `gorm:"primaryKey" json:"id" orm:"label=id"`
	TokenID       int64             `gorm:"unique" json:"token"`
	Token         *OutstandingToken `json:"-" orm:"on_delete=cascade"`
	BlacklistedAt time.Time         `gorm:"autoCreateTime" json:"blacklisted_at"`
}

// Meta describes the table in Django's terms.
func (BlacklistedToken) Meta() orm.Meta {
	return orm.Meta{App: "token_blacklist", Verbose: "Blacklisted Token", VerboseMany: "Blacklisted Tokens"}
}

// TableName is simplejwt's.
func (BlacklistedToken) TableName() string { return "token_blacklist_blacklistedtoken" }
