package session

import (
	"context"
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"strconv"

	"github.com/quintet-go/quintet/identity"
)

// Names of the values that a login leaves in a session.
const (
	userIDName  = "_auth_user_id"
	backendName = "_auth_user_backend"
	hashName    = "_auth_user_hash"
)

// modelBackend is the name under which Django finds its own password check.
const modelBackend = "django.contrib.auth.backends.ModelBackend"

const authHashSalt = "django.contrib.auth.models.AbstractBaseUser.get_session_auth_hash"

// Users finds the account of a session; *identity.Store is one. Account returns one that check takes. When check refuses the
// account as it is stored, it returns that one and the error of check; where there is none, identity.ErrNoUser.
type Users interface {
	Account(ctx context.Context, id int64, check func(*identity.User) error) (*identity.User, error)
}

// Login makes s the session of user, under a new key. Values of a visitor who was nobody before are kept; those of another
// user, or of the same one with another password, are thrown away. Commit stores the rest.
func (st *Store) Login(ctx context.Context, s *Session, user *identity.User) error {
	hash := authHash(user, st.Secret)
	before, known := s.userID()
	var err error
	switch {
	case !known:
		err = st.CycleKey(ctx, s)
	case before != user.ID || !sameText(s.Text(hashName), hash):
		err = st.Flush(ctx, s)
	}
	if err != nil {
		return err
	}
	s.Set(userIDName, strconv.FormatInt(user.ID, 10))
	s.Set(backendName, modelBackend)
	s.Set(hashName, hash)
	return nil
}

// Logout ends the session with all values.
func (st *Store) Logout(ctx context.Context, s *Session) error { return st.Flush(ctx, s) }

// KeepLogin lets the session of a user whose password was just changed go on, under a new key. All other sessions of that
// user have ended by the change.
func (st *Store) KeepLogin(ctx context.Context, s *Session, user *identity.User) error {
	s.Set(hashName, authHash(user, st.Secret))
	return st.CycleKey(ctx, s)
}

// User returns the active user who is logged in by s, nil for nobody. A login from before a change of the password is
// ended; one that was made with an older secret is renewed.
func (st *Store) User(ctx context.Context, s *Session, users Users) (*identity.User, error) {
	id, known := s.userID()
	if !known || s.Text(backendName) != modelBackend {
		return nil, nil
	}
	renew := false
	user, err := users.Account(ctx, id, func(user *identity.User) (err error) {
		renew, err = st.verify(s, user)
		return err
	})
	switch {
	case errors.Is(err, identity.ErrNoUser), errors.Is(err, errInactive):
		return nil, nil
	case errors.Is(err, errOtherPassword):
		return nil, st.Flush(ctx, s)
	case err != nil:
		return nil, err
	case renew:
		s.Set(hashName, authHash(user, st.Secret))
		return user, st.CycleKey(ctx, s)
	}
	return user, nil
}

// Why a session is nobody's.
var (
	errInactive      = errors.New("session: its user is inactive")
	errOtherPassword = errors.New("session: its user has another password now")
)

// verify compares the password that the login was made with to the user's. outdated tells that an older secret was used.
func (st *Store) verify(s *Session, user *identity.User) (outdated bool, err error) {
	if !user.IsActive {
		return false, errInactive
	}
	stored := s.Text(hashName)
	if sameText(stored, authHash(user, st.Secret)) {
		return false, nil
	}
	for _, secret := range st.Fallbacks {
		if sameText(stored, authHash(user, secret)) {
			return true, nil
		}
	}
	return false, errOtherPassword
}

// userID is the id of who logged in by this session.
func (s *Session) userID() (int64, bool) {
	id, err := strconv.ParseInt(s.Text(userIDName), 10, 64)
	return id, err == nil
}

// authHash changes with the user's password.
func authHash(user *identity.User, secret string) string {
	return hex.EncodeToString(saltedHMAC(authHashSalt, user.Password, secret))
}

func sameText(a, b string) bool { return hmac.Equal([]byte(a), []byte(b)) }
