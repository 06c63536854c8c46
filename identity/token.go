package identity

import (
	"crypto/rand"
	"encoding/hex"
	"log/slog"
	"time"

	"github.com/quintet-go/quintet/orm"
)

// Token is a user's one key of token authentication (rest_framework.authtoken.models.Token). It does not expire.
// The key is a secret: String and logs show only its first six characters.
type Token struct {
	Key     string    `gorm:"primaryKey;size:40" json:"key" orm:"label=Key"`
	UserID  int64     `gorm:"unique" json:"user"`
	User    *User     `json:"-" orm:"on_delete=cascade,related=auth_token,label=User"`
	Created time.Time `gorm:"autoCreateTime" json:"created" orm:"label=Created"`
}

// Meta describes the table in Django's terms.
func (Token) Meta() orm.Meta {
	return orm.Meta{App: "authtoken", Verbose: "Token", VerboseMany: "Tokens", Proxies: []string{"tokenproxy"}}
}

// TableName is Django's.
func (Token) TableName() string { return "authtoken_token" }

// String shows the first characters of the key.
func (t Token) String() string { return mask(t.Key) }

// GoString keeps the key out of %#v.
func (t Token) GoString() string { return "identity.Token{Key:" + mask(t.Key) + "}" }

// LogValue is what slog writes for a token.
func (t Token) LogValue() slog.Value { return slog.StringValue(mask(t.Key)) }

// NewTokenKey makes a key: 160 random bits as 40 hexadecimal digits.
func NewTokenKey() string {
	var b [20]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}

func mask(secret string) string {
	const shown = 6
	if len(secret) <= shown {
		return "******"
	}
	return secret[:shown] + "******"
}
