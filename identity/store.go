package identity

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/quintet-go/quintet/orm"
)

// ErrNoUser says that there is no such account.
var ErrNoUser = errors.New("identity: no such user")

// ErrCredentials says that username and password do not belong together or that the account may not log in. It tells
// nobody which of them it was.
var ErrCredentials = errors.New("identity: wrong username or password, or an inactive account")

// Store keeps users, groups, permissions and token keys. Only DB is required. Its fields may be changed until the first
// method call; its methods are safe for concurrent use. Inside a transaction use [Store.With].
type Store struct {
	DB        *gorm.DB
	Passwords *Passwords       // nil means one of the Store's own with Django's defaults
	Policy    PasswordPolicy   // for [Store.ValidatePassword]; nil means [DefaultPasswordPolicy]
	Now       func() time.Time // nil means time.Now
	// CacheFor is how old what [Store.Account] and [Store.RecentPermissions] return may be; 0 and less mean that they always
	// ask the database.
	CacheFor time.Duration

	fill  sync.Once
	cache *cache // nil for none
	sets  *permissionSets
	bound bool // to a transaction, which sees what it wrote itself
}

// With returns a Store that works on tx and shares everything else with s. It always asks the database.
func (s *Store) With(tx *gorm.DB) *Store {
	s.fill.Do(s.defaults)
	c := &Store{DB: tx, Passwords: s.Passwords, Policy: s.Policy, Now: s.Now, CacheFor: s.CacheFor, cache: s.cache, sets: s.sets, bound: true}
	c.fill.Do(func() {})
	return c
}

func (s *Store) defaults() {
	if s.Passwords == nil {
		s.Passwords = &Passwords{}
	}
	if s.Policy == nil {
		s.Policy = DefaultPasswordPolicy()
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	s.sets = &permissionSets{}
	if s.CacheFor > 0 {
		s.cache = s.newCache()
	}
}

// db never asks a replica: what was taken from an account elsewhere is to be gone here.
func (s *Store) db(ctx context.Context) *gorm.DB {
	s.fill.Do(s.defaults)
	return s.DB.WithContext(orm.Primary(ctx))
}

// send runs a batch as db does.
func (s *Store) send(ctx context.Context, b *orm.Batch) error {
	s.fill.Do(s.defaults)
	return b.Send(orm.Primary(ctx), s.DB)
}

func (s *Store) passwords() *Passwords {
	s.fill.Do(s.defaults)
	return s.Passwords
}

// now is the time in the precision of both databases.
func (s *Store) now() time.Time {
	s.fill.Do(s.defaults)
	return s.Now().UTC().Truncate(time.Microsecond)
}

// ByID returns the account with that id, active or not. It returns [ErrNoUser] when there is none.
func (s *Store) ByID(ctx context.Context, id int64) (*User, error) {
	if id <= 0 || id > math.MaxInt32 { // more than the column holds is an error in PostgreSQL
		return nil, ErrNoUser
	}
	return s.find(ctx, "id", id)
}

// ByUsername returns the account of exactly that name, active or not. It returns [ErrNoUser] when there is none.
func (s *Store) ByUsername(ctx context.Context, username string) (*User, error) {
	if !storable(username) {
		return nil, ErrNoUser
	}
	return s.find(ctx, "username", username)
}

const userColumns = "id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined"

// variables are where userColumns go.
func (u *User) variables() []any {
	return []any{
		&u.ID, &u.Password, &u.LastLogin, &u.IsSuperuser, &u.Username, &u.FirstName, &u.LastName, &u.Email, &u.IsStaff, &u.IsActive,
		&u.DateJoined,
	}
}

func (s *Store) find(ctx context.Context, column string, value any) (*User, error) {
	var found *User
	b := orm.Batch{ReadOnly: true, Shared: true}
	b.Query("SELECT "+userColumns+" FROM auth_user WHERE "+column+" = "+placeholder(s.DB), []any{value}, func(rows *orm.Rows) error {
		if !rows.Next() {
			return nil
		}
		u := new(User)
		found = u
		return rows.Scan(u.variables()...)
	})
	if err := s.send(ctx, &b); err != nil {
		return nil, fmt.Errorf("identity: loading a user: %w", err)
	}
	if found == nil {
		return nil, ErrNoUser
	}
	return found, nil
}

// placeholder stands for the first argument of a statement.
func placeholder(db *gorm.DB) string {
	if db.Name() == orm.Postgres {
		return "$1"
	}
	return "?1"
}

// storable tells whether a database can hold text: PostgreSQL refuses zero bytes and what is no UTF-8 with an error.
func storable(text string) bool { return utf8.ValidString(text) && !strings.ContainsRune(text, 0) }

// Authenticate returns the active account whose name and password these are, or [ErrCredentials]; it takes equally long
// whether the name exists or not. A hash of another algorithm or cost than the preferred one is replaced after a
// successful check.
func (s *Store) Authenticate(ctx context.Context, username, password string) (*User, error) {
	user, err := s.ByUsername(ctx, username)
	if errors.Is(err, ErrNoUser) {
		return nil, s.pretend(ctx, password)
	}
	if err != nil {
		return nil, err
	}
	ok, err := s.CheckPassword(ctx, user, password)
	if err != nil {
		return nil, err
	}
	if !ok || !user.IsActive {
		return nil, ErrCredentials
	}
	return user, nil
}

// pretend spends the time of a check and refuses.
func (s *Store) pretend(ctx context.Context, password string) error {
	if _, err := s.passwords().Hash(ctx, password); err != nil {
		return err
	}
	return ErrCredentials
}

// CheckPassword tells whether password is the user's. After a successful check an outdated hash is replaced, in user and
// in the database, unless somebody changed the password meanwhile.
func (s *Store) CheckPassword(ctx context.Context, user *User, password string) (bool, error) {
	ok, outdated, err := s.passwords().Verify(ctx, password, user.Password)
	if err != nil || !ok || !outdated {
		return ok, err
	}
	encoded, err := s.passwords().Hash(ctx, password)
	if err != nil {
		return false, err
	}
	done := s.db(ctx).Model(&User{}).Where("id = ? AND password = ?", user.ID, user.Password).UpdateColumn("password", encoded)
	if done.Error != nil {
		return false, fmt.Errorf("identity: renewing a password hash: %w", done.Error)
	}
	if done.RowsAffected == 1 {
		user.Password = encoded
		s.forget(user.ID)
	}
	return true, nil
}

// ValidatePassword tells whether password may become the user's by the Store's policy. It returns nil or a *PasswordError.
// user may be nil or not stored yet.
func (s *Store) ValidatePassword(password string, user *User) error {
	s.fill.Do(s.defaults)
	return s.Policy.Validate(password, user)
}

// HashPassword sets user.Password to the hash of a new password without storing it.
func (s *Store) HashPassword(ctx context.Context, user *User, password string) error {
	encoded, err := s.passwords().Hash(ctx, password)
	if err != nil {
		return err
	}
	user.Password = encoded
	return nil
}

// SetPassword stores a new password for user, without asking the policy. It ends the user's sessions.
func (s *Store) SetPassword(ctx context.Context, user *User, password string) error {
	if err := s.HashPassword(ctx, user, password); err != nil {
		return err
	}
	return s.update(ctx, user, "password", user.Password)
}

// SetUnusablePassword makes user unable to log in by password.
func (s *Store) SetUnusablePassword(ctx context.Context, user *User) error {
	user.Password = s.passwords().Unusable()
	return s.update(ctx, user, "password", user.Password)
}

// UpdateLastLogin stores that user logged in now.
func (s *Store) UpdateLastLogin(ctx context.Context, user *User) error {
	now := s.now()
	user.LastLogin = &now
	return s.update(ctx, user, "last_login", now)
}

func (s *Store) update(ctx context.Context, user *User, column string, value any) error {
	done := s.db(ctx).Model(&User{}).Where("id = ?", user.ID).UpdateColumn(column, value)
	if done.Error != nil {
		return fmt.Errorf("identity: storing %s of a user: %w", column, done.Error)
	}
	if done.RowsAffected == 0 {
		return ErrNoUser
	}
	s.forget(user.ID)
	return nil
}

// NewUser is what [Store.CreateUser] makes an account of.
type NewUser struct {
	Username    string // required
	Email       string
	Password    string // empty for an account that cannot log in by password
	FirstName   string
	LastName    string
	Inactive    bool
	IsStaff     bool
	IsSuperuser bool
}

// CreateUser stores a new active account. The username is normalised, the domain of the e-mail address put in lower case;
// neither they nor the password are validated. A taken username is GORM's error, which orm.Translate explains.
func (s *Store) CreateUser(ctx context.Context, n NewUser) (*User, error) {
	if n.Username == "" {
		return nil, errors.New("identity: a new user needs a username")
	}
	user := &User{
		Username: NormalizeUsername(n.Username), Email: NormalizeEmail(n.Email),
		FirstName: n.FirstName, LastName: n.LastName,
		IsActive: !n.Inactive, IsStaff: n.IsStaff, IsSuperuser: n.IsSuperuser, DateJoined: s.now(),
		Password: s.passwords().Unusable(),
	}
	if n.Password != "" {
		if err := s.HashPassword(ctx, user, n.Password); err != nil {
			return nil, err
		}
	}
	if err := s.db(ctx).Omit(clause.Associations).Create(user).Error; err != nil {
		return nil, fmt.Errorf("identity: storing the new user %q: %w", user.Username, err)
	}
	return user, nil
}

// CreateSuperuser is [Store.CreateUser] for somebody who may do everything.
func (s *Store) CreateSuperuser(ctx context.Context, n NewUser) (*User, error) {
	n.IsStaff, n.IsSuperuser = true, true
	return s.CreateUser(ctx, n)
}
