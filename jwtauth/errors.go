package jwtauth

// Error is a refusal with the text and the code that clients of simplejwt know. Compare with errors.Is.
type Error struct{ Message, Code string }

// Error is the message.
func (e *Error) Error() string { return e.Message }

const codeNotValid = "token_not_valid"

// The refusals. They are values to compare with, never to change.
var (
	ErrInvalid     = &Error{"Token is invalid", codeNotValid}         // unreadable, wrong signature, wrong algorithm, not yet valid
	ErrExpired     = &Error{"Token is expired", codeNotValid}         //
	ErrNoExpiry    = &Error{"Token has no 'exp' claim", codeNotValid} // never expires: not accepted
	ErrNoID        = &Error{"Token has no id", codeNotValid}          // no jti claim
	ErrNoType      = &Error{"Token has no type", codeNotValid}        // no token_type claim
	ErrWrongType   = &Error{"Token has wrong type", codeNotValid}     // a refresh token where an access token belongs
	ErrBlacklisted = &Error{"Token is blacklisted", codeNotValid}     // used up or revoked
	ErrNoUserClaim = &Error{"Token contained no recognizable user identification", codeNotValid}

	ErrUserNotFound    = &Error{"User not found", "user_not_found"}
	ErrUserInactive    = &Error{"User is inactive", "user_inactive"}
	ErrPasswordChanged = &Error{"The user's password has been changed.", "password_changed"}
	ErrNoActiveAccount = &Error{"No active account found for the given token.", "no_active_account"} // of a refresh token
)
