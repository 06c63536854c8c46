package form

import (
	"bytes"
	"errors"
	"io"
	"strings"
)

// errBase64 says that a part is no base64.
var errBase64 = errors.New("form: no base64")

const base64Alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeBase64 decodes as Python's b64decode does: characters outside the alphabet are skipped, padding ends the
// data, and data that ends in the middle of a group is refused.
func decodeBase64(data []byte) ([]byte, error) {
	out := make([]byte, 0, len(data)/4*3)
	var group uint32
	n, pads := 0, 0
	for _, c := range data {
		if c == '=' {
			if pads++; n >= 2 && n+pads >= 4 {
				return out, nil
			}
			continue
		}
		value := strings.IndexByte(base64Alphabet, c)
		if value < 0 {
			continue
		}
		pads = 0
		group = group<<6 | uint32(value)
		if n = (n + 1) % 4; n != 1 {
			out = append(out, byte(group>>lowBits(n)))
		}
	}
	if n != 0 {
		return nil, errBase64
	}
	return out, nil
}

// lowBits returns how many bits of a group remain after its nth character gave a byte.
func lowBits(n int) int {
	switch n {
	case 2:
		return 4
	case 3:
		return 2
	}
	return 0
}

// base64Reader decodes a part piece by piece; white space in it is ignored.
type base64Reader struct {
	r    io.Reader
	buf  []byte // encoded characters that do not fill a group yet
	out  []byte
	done bool
}

// Read decodes the next piece. The error is errBase64 for data that is no base64.
func (b *base64Reader) Read(p []byte) (int, error) {
	for len(b.out) == 0 {
		if b.done {
			return 0, io.EOF
		}
		if err := b.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	return n, nil
}

func (b *base64Reader) fill() error {
	piece := make([]byte, 32<<10)
	n, err := b.r.Read(piece)
	b.buf = append(b.buf, bytes.Join(bytes.Fields(piece[:n]), nil)...)
	whole := len(b.buf) / 4 * 4
	out, bad := decodeBase64(b.buf[:whole])
	if bad != nil {
		return bad
	}
	b.out = out
	b.buf = append(b.buf[:0:0], b.buf[whole:]...)
	if err != io.EOF {
		return err
	}
	if b.done = true; len(b.buf) > 0 {
		return errBase64
	}
	return nil
}
