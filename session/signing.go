package session

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// errSignature says that a signed text was not made with any of the secrets, or was changed since.
var errSignature = errors.New("session: the signature does not match")

// mostInflated bounds what a compressed text may grow to.
const mostInflated = 16 << 20

// signer makes Django's signed texts "payload:time:signature" (django.core.signing.dumps with compression).
type signer struct {
	salt    string
	secrets []string // the first signs, all verify
}

// sign encodes data and puts the time and the signature behind it.
func (s signer) sign(data []byte, now time.Time) string {
	value := pack(data) + ":" + base62(now.Unix())
	return value + ":" + s.signature(value, s.secrets[0])
}

// unsign checks the signature and decodes the data. The age is not looked at: rows have an expiry of their own.
func (s signer) unsign(signed string) ([]byte, error) {
	at := strings.LastIndexByte(signed, ':')
	if at < 0 || !s.verify(signed[:at], signed[at+1:]) {
		return nil, errSignature
	}
	payload, _, timed := cutLast(signed[:at], ':')
	if !timed {
		return nil, errSignature
	}
	return unpack(payload)
}

func (s signer) verify(value, signature string) bool {
	for _, secret := range s.secrets {
		if hmac.Equal([]byte(signature), []byte(s.signature(value, secret))) {
			return true
		}
	}
	return false
}

func (s signer) signature(value, secret string) string {
	return base64.RawURLEncoding.EncodeToString(saltedHMAC(s.salt+"signer", value, secret))
}

// saltedHMAC is Django's: HMAC-SHA256 whose key is the SHA-256 of salt and secret.
func saltedHMAC(salt, value, secret string) []byte {
	key := sha256.Sum256([]byte(salt + secret))
	mac := hmac.New(sha256.New, key[:])
	mac.Write([]byte(value))
	return mac.Sum(nil)
}

// pack writes data as URL-safe base64, compressed and marked by a dot where that is shorter.
func pack(data []byte) string {
	var small bytes.Buffer
	w := zlib.NewWriter(&small)
	_, _ = w.Write(data) // a bytes.Buffer takes everything
	_ = w.Close()
	if small.Len() < len(data)-1 {
		return "." + base64.RawURLEncoding.EncodeToString(small.Bytes())
	}
	return base64.RawURLEncoding.EncodeToString(data)
}

func unpack(payload string) ([]byte, error) {
	text, compressed := strings.CutPrefix(payload, ".")
	data, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fmt.Errorf("session: reading the payload: %w", err)
	}
	if !compressed {
		return data, nil
	}
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("session: inflating the payload: %w", err)
	}
	data, err = io.ReadAll(io.LimitReader(r, mostInflated+1))
	if err != nil {
		return nil, fmt.Errorf("session: inflating the payload: %w", err)
	}
	if len(data) > mostInflated {
		return nil, fmt.Errorf("session: the payload is larger than %d bytes", mostInflated)
	}
	return data, nil
}

func cutLast(text string, sep byte) (before, after string, found bool) {
	at := strings.LastIndexByte(text, sep)
	if at < 0 {
		return text, "", false
	}
	return text[:at], text[at+1:], true
}

// base62 writes a number that is not negative with digits, capitals and small letters.
func base62(n int64) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	if n <= 0 {
		return "0"
	}
	var text []byte
	for ; n > 0; n /= 62 {
		text = append([]byte{digits[n%62]}, text...)
	}
	return string(text)
}
