package rest

import (
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/form"
)

// cursor is a place in an ordered list: behind a position, or at the beginning, with some rows skipped.
type cursor struct {
	offset   int
	reverse  bool
	position *string
}

// encode is the cursor as clients get it.
func (c cursor) encode() string {
	var parts []string
	if c.offset != 0 {
		parts = append(parts, "o="+strconv.Itoa(c.offset))
	}
	if c.reverse {
		parts = append(parts, "r=1")
	}
	if c.position != nil {
		parts = append(parts, "p="+url.QueryEscape(*c.position))
	}
	return base64.StdEncoding.EncodeToString([]byte(strings.Join(parts, "&")))
}

// decode reads the cursor of a request; without one it is the beginning.
func (c Cursor) decode(r *Request) (cursor, error) {
	if !r.QueryHas(c.Param) {
		return cursor{}, nil
	}
	at, ok := decodeCursor(r.Query(c.Param))
	if !ok {
		return cursor{}, NotFound(c.InvalidMessage)
	}
	return at, nil
}

func decodeCursor(text string) (at cursor, ok bool) {
	raw, ok := decodeBase64(text)
	if !ok || !isASCII(raw) {
		return cursor{}, false
	}
	tokens := make(map[string]string, 3) // the first value of each
	for name, value := range form.QueryPairs(raw) {
		if _, again := tokens[name]; !again {
			tokens[name] = value
		}
	}
	if offset, given := tokens["o"]; given {
		n, ok := positiveInt(offset)
		if !ok {
			return cursor{}, false
		}
		at.offset = min(n, maxCursorOffset)
	}
	if reverse, given := tokens["r"]; given {
		n, ok := pythonInt(reverse)
		if !ok {
			return cursor{}, false
		}
		at.reverse = n.Sign() != 0
	}
	if position, given := tokens["p"]; given {
		at.position = &position
	}
	return at, true
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// decodeBase64 reads base64 as Python's b64decode does: characters that do not belong are passed over, and what stands
// behind the padding is not read.
func decodeBase64(text string) (string, bool) {
	if !isASCII(text) {
		return "", false
	}
	var out []byte
	var left byte
	place, pads := 0, 0
	for i := range len(text) {
		c := text[i]
		if c == '=' {
			if place >= 2 {
				pads++
			}
			if place >= 2 && place+pads >= 4 {
				return string(out), true
			}
			continue
		}
		n := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", c)
		if n < 0 {
			continue
		}
		pads = 0
		if place > 0 {
			out = append(out, left<<(2*place)|byte(n)>>(6-2*place))
		}
		left, place = byte(n), (place+1)%4
	}
	return string(out), place == 0
}
