package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"
)

// Codec turns the values of a session into the text of a row and back, as Django's database sessions do.
type Codec struct {
	Secret    string   // SECRET_KEY: signs and verifies
	Fallbacks []string // SECRET_KEY_FALLBACKS: older secrets that still verify
}

const sessionSalt = "django.contrib.sessions.SessionStore"

// Encode writes values as signed text. The error says which value is not JSON.
func (c Codec) Encode(values map[string]any, now time.Time) (string, error) {
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(values); err != nil {
		return "", fmt.Errorf("session: writing the values: %w", err)
	}
	return c.signer().sign(toASCII(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), now), nil
}

// Decode reads the text of a row. Whole and broken numbers come as json.Number. Text that was not signed with one of the
// secrets, or that is no JSON object, is an error.
func (c Codec) Decode(signed string) (map[string]any, error) {
	data, err := c.signer().unsign(signed)
	if err != nil {
		return nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(fromLatin1(data)))
	dec.UseNumber()
	var values map[string]any
	if err := dec.Decode(&values); err != nil {
		return nil, fmt.Errorf("session: reading the values: %w", err)
	}
	if values == nil {
		return nil, errors.New("session: reading the values: they are null, not an object")
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, fmt.Errorf("session: reading the values: more than one JSON value")
	}
	return values, nil
}

func (c Codec) signer() signer {
	return signer{salt: sessionSalt, secrets: append([]string{c.Secret}, c.Fallbacks...)}
}

// toASCII writes the other characters of a JSON text as escapes.
func toASCII(text []byte) []byte {
	ascii := make([]byte, 0, len(text))
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		text = text[size:]
		switch {
		case r < utf8.RuneSelf:
			ascii = append(ascii, byte(r))
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			ascii = appendEscape(appendEscape(ascii, high), low)
		default:
			ascii = appendEscape(ascii, r)
		}
	}
	return ascii
}

func appendEscape(dst []byte, r rune) []byte {
	digits := strconv.FormatInt(int64(r), 16)
	return append(append(append(dst, '\\', 'u'), "0000"[len(digits):]...), digits...)
}

// fromLatin1 reads every byte as the character of that number, as Django does before it reads the JSON.
func fromLatin1(data []byte) []byte {
	text := make([]byte, 0, len(data))
	for _, b := range data {
		text = utf8.AppendRune(text, rune(b))
	}
	return text
}
