package jwtauth

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/identity"
)

// Service gives out, exchanges, checks and revokes tokens. It is safe for concurrent use.
type Service struct {
	*signer
	db    *gorm.DB
	users *identity.Store
}

// Pair is what a login or a refresh gives. Refresh is empty where refresh tokens are not rotated.
type Pair struct{ Access, Refresh string }

// New checks a configuration and returns the service that works by it. Tables are those of [OutstandingToken] and
// [BlacklistedToken].
func New(c Config, db *gorm.DB, users *identity.Store) (*Service, error) {
	signer, err := newSigner(c.withDefaults())
	if err != nil {
		return nil, err
	}
	return &Service{signer: signer, db: db, users: users}, nil
}

// With returns a Service that works on tx, a transaction, and shares everything else with s.
func (s *Service) With(tx *gorm.DB) *Service {
	return &Service{signer: s.signer, db: tx, users: s.users.With(tx)}
}

// Login gives a pair to who knows the password. It returns identity.ErrCredentials for wrong ones.
func (s *Service) Login(ctx context.Context, username, password string) (Pair, error) {
	user, err := s.users.Authenticate(ctx, username, password)
	if err != nil {
		return Pair{}, err
	}
	pair, err := s.Issue(ctx, user)
	if err == nil && s.config.UpdateLastLogin {
		err = s.users.UpdateLastLogin(ctx, user)
	}
	return pair, err
}

// Issue gives a pair to a user without asking anything, and notes the refresh token.
func (s *Service) Issue(ctx context.Context, user *identity.User) (Pair, error) {
	claims := s.fresh(Refresh, s.config.Now(), s.config.RefreshLifetime)
	claims.Set(userClaim, strconv.FormatInt(user.ID, 10))
	if s.config.RevokeOnPasswordChange {
		claims.Set(revokeClaim, passwordTrace(user))
	}
	refresh, err := s.mint(claims)
	if err != nil {
		return Pair{}, err
	}
	access, err := s.access(refresh)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Access: access.raw, Refresh: refresh.raw}, outstand(s.db.WithContext(ctx), refresh)
}

// Authenticate checks an access token and returns its active user, with one statement, or none when the store of accounts
// remembers that one (identity.Store.CacheFor). The error is an *Error unless the database failed.
func (s *Service) Authenticate(ctx context.Context, raw string) (*identity.User, *Token, error) {
	return s.authenticate(ctx, s.users, raw)
}

func (s *Service) authenticate(ctx context.Context, users accounts, raw string) (*identity.User, *Token, error) {
	token, err := s.Parse(raw, Access)
	if err != nil {
		return nil, nil, err
	}
	user, err := s.holder(ctx, users, token)
	if err != nil {
		return nil, nil, err
	}
	return user, token, nil
}

// accounts is how users are found: an identity.Store, or a rest.Request that works on one.
type accounts interface {
	Account(ctx context.Context, id int64, check func(*identity.User) error) (*identity.User, error)
}

// Parse checks a token of a kind without asking the database. The error is an *Error.
func (s *Service) Parse(raw string, kind Kind) (*Token, error) {
	token, err := s.parse(raw)
	if err != nil {
		return nil, err
	}
	return token, token.check(kind)
}

// Refresh exchanges a refresh token for a new access token and, where they are rotated, a new refresh token. With
// BlacklistAfterRotation exactly one of several calls with one token succeeds. The error is an *Error unless the database
// failed.
func (s *Service) Refresh(ctx context.Context, raw string) (Pair, error) {
	token, err := s.refreshToken(ctx, raw)
	if err != nil {
		return Pair{}, err
	}
	if err := s.checkHolder(ctx, token); err != nil {
		return Pair{}, err
	}
	access, err := s.access(token)
	if err != nil || !s.config.Rotate {
		return Pair{Access: access.Raw()}, err
	}
	next, err := s.rotate(ctx, token)
	if err != nil {
		return Pair{}, err
	}
	return Pair{Access: access.raw, Refresh: next.raw}, nil
}

// Verify tells whether a token of any kind is good: signed, not expired, not on the blacklist. The error is an *Error
// unless the database failed.
func (s *Service) Verify(ctx context.Context, raw string) error {
	token, err := s.parse(raw)
	if err != nil {
		return err
	}
	if err := token.identified(); err != nil || !s.config.BlacklistAfterRotation {
		return err
	}
	return s.notBlacklisted(ctx, token)
}

// Blacklist revokes a refresh token. The error is an *Error unless the database failed.
func (s *Service) Blacklist(ctx context.Context, raw string) error {
	token, err := s.refreshToken(ctx, raw)
	if err != nil {
		return err
	}
	return s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return s.useUp(tx, token)
	})
}

// refreshToken checks a refresh token and that it is not on the blacklist.
func (s *Service) refreshToken(ctx context.Context, raw string) (*Token, error) {
	token, err := s.Parse(raw, Refresh)
	if err != nil {
		return nil, err
	}
	return token, s.notBlacklisted(ctx, token)
}

// access makes the access token that goes with a refresh token: with the same further claims, and with a life that begins
// when the refresh token was read or made.
func (s *Service) access(refresh *Token) (*Token, error) {
	claims := s.fresh(Access, refresh.read, s.config.AccessLifetime)
	for _, one := range refresh.Claims.list {
		switch one.name {
		case typeClaim, expiryClaim, issuedClaim, idClaim:
		default:
			claims.Set(one.name, one.value)
		}
	}
	return s.mint(claims)
}

// rotate uses up a refresh token and makes its successor with the same further claims.
func (s *Service) rotate(ctx context.Context, token *Token) (*Token, error) {
	next, err := s.successor(token)
	if err != nil {
		return nil, err
	}
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if s.config.BlacklistAfterRotation {
			if err := s.useUp(tx, token); err != nil {
				return err
			}
		}
		return outstand(tx, next)
	})
	return next, err
}

func (s *Service) successor(token *Token) (*Token, error) {
	var claims Claims
	for _, one := range token.Claims.list {
		claims.Set(one.name, one.value)
	}
	now := s.config.Now()
	claims.Set(idClaim, newID())
	claims.Set(expiryClaim, seconds(now.Add(s.config.RefreshLifetime)))
	claims.Set(issuedClaim, seconds(now))
	return s.mint(claims)
}

// holder finds the user of a token that is still good for that user.
func (s *Service) holder(ctx context.Context, users accounts, token *Token) (*identity.User, error) {
	id, ok := token.UserID()
	if !ok {
		return nil, ErrNoUserClaim
	}
	user, err := users.Account(ctx, id, func(user *identity.User) error { return s.refusal(token, user) })
	switch {
	case errors.Is(err, identity.ErrNoUser):
		return nil, ErrUserNotFound
	case err != nil:
		return nil, err
	}
	return user, nil
}

// checkHolder tells whether the user of a refresh token may still log in, as it is stored now. A token of nobody needs no
// user.
func (s *Service) checkHolder(ctx context.Context, token *Token) error {
	if _, named := token.Claims.Get(userClaim); !named {
		return nil
	}
	_, err := s.holder(ctx, s.users.With(s.db), token)
	if errors.Is(err, ErrUserNotFound) || errors.Is(err, ErrUserInactive) {
		return ErrNoActiveAccount
	}
	return err
}

// refusal is why a token of user is not good any more, nil for no reason.
func (s *Service) refusal(token *Token, user *identity.User) error {
	switch {
	case !user.IsActive:
		return ErrUserInactive
	case s.config.RevokeOnPasswordChange && token.Claims.Text(revokeClaim) != passwordTrace(user):
		return ErrPasswordChanged
	}
	return nil
}

// passwordTrace changes with the password; simplejwt's get_md5_hash_password. What is hashed is a salted hash already.
func passwordTrace(user *identity.User) string {
	sum := md5.Sum([]byte(user.Password))
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// now is the time in the precision of both databases.
func (s *Service) now() time.Time { return s.config.Now().UTC().Truncate(time.Microsecond) }
