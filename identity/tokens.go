package identity

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// ErrNoToken says that there is no such token key.
var ErrNoToken = errors.New("identity: no such token")

// TokenByKey returns the token with that key and its User, with one statement. It returns [ErrNoToken] when there is none.
// Whether the user is active is the caller's question.
func (s *Store) TokenByKey(ctx context.Context, key string) (*Token, error) {
	if !storable(key) {
		return nil, ErrNoToken
	}
	var token Token
	err := s.db(ctx).Joins("User").Where("authtoken_token.key = ?", key).Take(&token).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNoToken
	}
	if err != nil {
		return nil, fmt.Errorf("identity: loading a token: %w", err)
	}
	return &token, nil
}

// TokenOf returns the user's token, a new one when there is none. Two calls at once return the same token.
func (s *Store) TokenOf(ctx context.Context, user *User) (*Token, error) {
	token, err := s.tokenOf(ctx, user)
	if !errors.Is(err, ErrNoToken) {
		return token, err
	}
	fresh := &Token{Key: NewTokenKey(), UserID: user.ID, Created: s.now()}
	create := s.db(ctx).Omit(clause.Associations).
		Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "user_id"}}, DoNothing: true}).Create(fresh)
	if create.Error != nil {
		return nil, fmt.Errorf("identity: storing a token: %w", create.Error)
	}
	return s.tokenOf(ctx, user)
}

func (s *Store) tokenOf(ctx context.Context, user *User) (*Token, error) {
	var token Token
	err := s.db(ctx).Where("user_id = ?", user.ID).Take(&token).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return nil, ErrNoToken
	}
	if err != nil {
		return nil, fmt.Errorf("identity: loading a token: %w", err)
	}
	token.User = user
	return &token, nil
}

// DeleteToken ends the user's token; the next [Store.TokenOf] makes another one.
func (s *Store) DeleteToken(ctx context.Context, user *User) error {
	if err := s.db(ctx).Where("user_id = ?", user.ID).Delete(&Token{}).Error; err != nil {
		return fmt.Errorf("identity: deleting a token: %w", err)
	}
	return nil
}
