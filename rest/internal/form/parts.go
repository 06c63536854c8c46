package form

import (
	"bytes"
	"io"
	"slices"
)

const (
	pieceSize  = 64 << 10
	leastRead  = 4 << 10
	headerSize = 1024 // most bytes of a part's headers
)

// parts cuts a body at its delimiters, wherever they stand, and reads one part after the other.
type parts struct {
	r      io.Reader
	delim  []byte
	buf    []byte
	eof    bool
	inPart bool
	err    error // of r, apart from io.EOF
}

func newParts(r io.Reader, boundary string) *parts {
	return &parts{r: r, delim: []byte("--" + boundary)}
}

// next goes to the next part, past what is left of this one. The first part is what stands before the first
// delimiter, and may be empty.
func (p *parts) next() bool {
	if p.inPart {
		_, _ = io.Copy(io.Discard, p) // an error is kept
	}
	p.fill(1)
	p.inPart = len(p.buf) > 0 && p.err == nil
	return p.inPart
}

// rollback returns how many bytes are held back because a delimiter with its line break may start in them.
func (p *parts) rollback() int { return len(p.delim) + 6 }

// fill reads until more than n bytes are there.
func (p *parts) fill(n int) {
	for len(p.buf) <= n && !p.eof && p.err == nil {
		start := len(p.buf)
		if cap(p.buf)-start < leastRead {
			p.buf = slices.Grow(p.buf, pieceSize)
		}
		read, err := p.r.Read(p.buf[start:cap(p.buf)])
		p.buf = p.buf[:start+read]
		switch err {
		case nil:
		case io.EOF:
			p.eof = true
		default:
			p.err = err
		}
	}
}

// Read reads from the current part.
func (p *parts) Read(dst []byte) (int, error) {
	if !p.inPart {
		return 0, io.EOF
	}
	p.fill(p.rollback())
	if p.err != nil {
		return 0, p.err
	}
	content, after := p.content()
	n := copy(dst, content)
	if n < len(content) || after < 0 {
		p.buf = p.buf[n:]
	} else {
		p.buf = p.buf[after:]
		p.inPart = false
	}
	if n == 0 && len(dst) > 0 {
		p.inPart = false
		return 0, io.EOF
	}
	return n, nil
}

// content returns what of the buffer belongs to this part, and where the next one starts: -1 when that is not known
// yet.
func (p *parts) content() (content []byte, after int) {
	end := bytes.Index(p.buf, p.delim)
	if end < 0 {
		if p.eof {
			return p.buf, -1
		}
		return p.buf[:len(p.buf)-p.rollback()], -1
	}
	after = end + len(p.delim)
	if end > 0 && p.buf[end-1] == '\n' {
		end--
	}
	if end > 0 && p.buf[end-1] == '\r' {
		end--
	}
	return p.buf[:end], after
}

// head reads the headers of a part. rest is what was read beyond them; found is false for a part without headers.
func (p *parts) head() (header, rest []byte, found bool, err error) {
	chunk := make([]byte, headerSize)
	n, readErr := io.ReadFull(p, chunk)
	if readErr != nil && readErr != io.EOF && readErr != io.ErrUnexpectedEOF {
		return nil, nil, false, readErr
	}
	chunk = chunk[:n]
	if end := bytes.Index(chunk, []byte("\r\n\r\n")); end >= 0 {
		return chunk[:end], chunk[end+4:], true, nil
	}
	if n == headerSize {
		return nil, nil, false, &ParseError{"Request max total header size exceeded."}
	}
	return nil, chunk, false, nil
}
