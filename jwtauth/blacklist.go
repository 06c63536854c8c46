package jwtauth

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

const blacklisted = `SELECT COUNT(*) FROM token_blacklist_blacklistedtoken b
JOIN token_blacklist_outstandingtoken o ON o.id = b.token_id WHERE o.jti = ?`

// A token of an account that is gone is noted without a user.
const insertOutstanding = `INSERT INTO token_blacklist_outstandingtoken (user_id, jti, token, created_at, expires_at)
VALUES ((SELECT id FROM auth_user WHERE id = ?), ?, ?, ?, ?) ON CONFLICT (jti) DO NOTHING`

const insertBlacklisted = `INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, ? FROM token_blacklist_outstandingtoken WHERE jti = ? ON CONFLICT (token_id) DO NOTHING`

const blacklistUser = `INSERT INTO token_blacklist_blacklistedtoken (token_id, blacklisted_at)
SELECT id, ? FROM token_blacklist_outstandingtoken WHERE user_id = ? AND expires_at > ? ON CONFLICT (token_id) DO NOTHING`

// notBlacklisted returns [ErrBlacklisted] for a token that is used up or revoked.
func (s *Service) notBlacklisted(ctx context.Context, token *Token) error {
	var n int64
	if err := s.db.WithContext(orm.Primary(ctx)).Raw(blacklisted, token.ID()).Scan(&n).Error; err != nil {
		return fmt.Errorf("jwtauth: asking the blacklist: %w", err)
	}
	if n > 0 {
		return ErrBlacklisted
	}
	return nil
}

// useUp puts a token on the blacklist. Of several calls at once one succeeds, decided by the unique column token_id; the
// others wait for it and return [ErrBlacklisted].
func (s *Service) useUp(tx *gorm.DB, token *Token) error {
	if err := outstand(tx, token); err != nil {
		return err
	}
	done := tx.Exec(insertBlacklisted, s.now(), token.ID())
	if done.Error != nil {
		return fmt.Errorf("jwtauth: blacklisting a token: %w", done.Error)
	}
	if done.RowsAffected == 0 {
		return ErrBlacklisted
	}
	return nil
}

// outstand notes a refresh token that is not noted yet.
func outstand(tx *gorm.DB, token *Token) error {
	var user *int64
	if id, ok := token.UserID(); ok && id == int64(int32(id)) { // what the column can hold
		user = &id
	}
	made := token.read.UTC().Truncate(time.Microsecond)
	if err := tx.Exec(insertOutstanding, user, token.ID(), token.raw, made, token.Expires()).Error; err != nil {
		return fmt.Errorf("jwtauth: noting a refresh token: %w", err)
	}
	return nil
}

// Revoke puts every refresh token of a user on the blacklist, as after a change of the password, and returns how many
// there were. Access tokens live on until they expire.
func (s *Service) Revoke(ctx context.Context, userID int64) (int64, error) {
	now := s.now()
	done := s.db.WithContext(ctx).Exec(blacklistUser, now, userID, now)
	if done.Error != nil {
		return 0, fmt.Errorf("jwtauth: revoking the tokens of a user: %w", done.Error)
	}
	return done.RowsAffected, nil
}

// FlushExpired forgets the tokens that have expired and returns how many there were (simplejwt's flushexpiredtokens).
func (s *Service) FlushExpired(ctx context.Context) (n int64, err error) {
	now := s.now()
	err = s.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		expired := tx.Model(&OutstandingToken{}).Select("id").Where("expires_at <= ?", now)
		if err := tx.Where("token_id IN (?)", expired).Delete(&BlacklistedToken{}).Error; err != nil {
			return err
		}
		done := tx.Where("expires_at <= ?", now).Delete(&OutstandingToken{})
		n = done.RowsAffected
		return done.Error
	})
	if err != nil {
		return 0, fmt.Errorf("jwtauth: forgetting expired tokens: %w", err)
	}
	return n, nil
}
