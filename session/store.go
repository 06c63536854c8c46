package session

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// DefaultAge is how long a session lives after its last change: two weeks.
const DefaultAge = 14 * 24 * time.Hour

// ErrGone says that a session was deleted while the request ran: somebody logged out meanwhile.
var ErrGone = errors.New("session: it was deleted before the request ended, perhaps by a logout in another one")

// Store keeps sessions in the table django_session. DB and Secret are required. Its methods are safe for concurrent use,
// on different sessions.
type Store struct {
	DB        *gorm.DB
	Secret    string           // signs the sessions; the same as a Django server's SECRET_KEY where both share them
	Fallbacks []string         // older secrets whose sessions are still good
	Age       time.Duration    // 0 means [DefaultAge]
	Now       func() time.Time // nil means time.Now
	Logger    *slog.Logger     // hears of forged rows; nil means slog.Default

	CookieName   string // "" means "sessionid"
	CookieDomain string // "" means the host alone
	CookiePath   string // "" means "/"
	Secure       bool   // send the cookie over TLS only
}

// With returns a Store that works on tx, a transaction, and shares everything else with st.
func (st *Store) With(tx *gorm.DB) *Store {
	c := *st
	c.DB = tx
	return &c
}

// Load returns the session of a key, with one statement; a key that cannot be one costs none. Where there is no live
// session of that key it returns an empty one without a key, never an error. A row that was not signed with the secrets
// counts as stored but without values.
func (st *Store) Load(ctx context.Context, key string) (*Session, error) {
	if !plausible(key) {
		return New(), nil
	}
	var rows []Row
	err := st.DB.WithContext(orm.Primary(ctx)).Where("session_key = ? AND expire_date > ?", key, st.now()).Limit(1).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("session: loading: %w", err)
	}
	if len(rows) == 0 {
		return New(), nil
	}
	values, err := st.codec().Decode(rows[0].SessionData)
	if err != nil {
		st.logger().WarnContext(ctx, "a session row cannot be read; it is taken as empty", "error", err)
		values = nil
	}
	return &Session{key: key, values: values}, nil
}

// Commit stores what was changed, lets the session live on from now and returns the cookie to send with the answer, nil
// for none. sent tells whether the request came with a session cookie: one of an empty session is taken away. A session
// that was only read costs no statement. It returns [ErrGone] when the row was deleted since it was loaded.
func (st *Store) Commit(ctx context.Context, s *Session, sent bool) (*http.Cookie, error) {
	if s.IsEmpty() {
		if !sent {
			return nil, nil
		}
		return st.removal(), nil
	}
	if s.modified {
		if err := st.save(ctx, s); err != nil {
			return nil, err
		}
	}
	if !s.renewed {
		return nil, nil
	}
	s.renewed = false
	return st.cookieOf(s), nil
}

func (st *Store) save(ctx context.Context, s *Session) error {
	if s.key == "" {
		return st.create(ctx, s)
	}
	row, err := st.row(s)
	if err != nil {
		return err
	}
	done := st.DB.WithContext(ctx).Model(&Row{}).Where("session_key = ?", s.key).
		Updates(map[string]any{"session_data": row.SessionData, "expire_date": row.ExpireDate})
	if done.Error != nil {
		return fmt.Errorf("session: saving: %w", done.Error)
	}
	if done.RowsAffected == 0 {
		return ErrGone
	}
	s.stored()
	return nil
}

// Flush deletes the stored session and all values: what a logout does.
func (st *Store) Flush(ctx context.Context, s *Session) error {
	if err := st.delete(ctx, s.key); err != nil {
		return err
	}
	*s = Session{}
	return nil
}

// CycleKey stores the values under a new key and deletes the old one, so that a key known from before a login is worth
// nothing after it.
func (st *Store) CycleKey(ctx context.Context, s *Session) error {
	old := s.key
	if err := st.create(ctx, s); err != nil {
		return err
	}
	return st.delete(ctx, old)
}

// ClearExpired deletes the sessions whose time is over and returns how many there were.
func (st *Store) ClearExpired(ctx context.Context) (int64, error) {
	done := st.DB.WithContext(ctx).Where("expire_date < ?", st.now()).Delete(&Row{})
	if done.Error != nil {
		return 0, fmt.Errorf("session: clearing expired ones: %w", done.Error)
	}
	return done.RowsAffected, nil
}

// create stores s under a fresh key of 160 random bits and more, which no other session can have.
func (st *Store) create(ctx context.Context, s *Session) error {
	s.key = newKey()
	row, err := st.row(s)
	if err != nil {
		return err
	}
	if err := st.DB.WithContext(ctx).Create(&row).Error; err != nil {
		return fmt.Errorf("session: creating: %w", err)
	}
	s.stored()
	return nil
}

func (st *Store) delete(ctx context.Context, key string) error {
	if key == "" {
		return nil
	}
	if err := st.DB.WithContext(ctx).Where("session_key = ?", key).Delete(&Row{}).Error; err != nil {
		return fmt.Errorf("session: deleting: %w", err)
	}
	return nil
}

func (st *Store) row(s *Session) (Row, error) {
	now := st.now()
	values := s.values
	if values == nil {
		values = map[string]any{}
	}
	data, err := st.codec().Encode(values, now)
	return Row{SessionKey: s.key, SessionData: data, ExpireDate: now.Add(st.age(s))}, err
}

// age is how long the row of s lives from now on.
func (st *Store) age(s *Session) time.Duration {
	switch v := s.values[expiryName].(type) {
	case json.Number:
		if seconds, err := v.Int64(); err == nil && seconds > 0 {
			return time.Duration(seconds) * time.Second
		}
	case string: // a moment, as Django's set_expiry writes a datetime
		if until, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return until.Sub(st.now())
		}
	}
	if st.Age == 0 {
		return DefaultAge
	}
	return st.Age
}

func (st *Store) codec() Codec { return Codec{Secret: st.Secret, Fallbacks: st.Fallbacks} }

func (st *Store) now() time.Time {
	if st.Now == nil {
		return time.Now().UTC().Truncate(time.Microsecond)
	}
	return st.Now().UTC().Truncate(time.Microsecond)
}

func (st *Store) logger() *slog.Logger {
	if st.Logger == nil {
		return slog.Default()
	}
	return st.Logger
}

const keyLength = 32

// plausible tells whether a cookie's value can be the key of a stored session.
func plausible(key string) bool {
	if len(key) < 8 || len(key) > 40 || !utf8.ValidString(key) {
		return false
	}
	for _, b := range []byte(key) {
		if b < ' ' || b == 0x7f {
			return false
		}
	}
	return true
}

// newKey is 160 random bits in small letters and digits.
func newKey() string { return strings.ToLower(rand.Text() + rand.Text())[:keyLength] }
