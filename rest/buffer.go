package rest

import "sync"

// mostBuffer is how long a text may be for its memory to be kept for the next answer.
const mostBuffer = 1 << 20

// buffers are the memory of answers that have been sent.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 32<<10)
	return &b
}}

// buffer is an empty text to write the answer to; keep tells how it ended. It is the request's until the request has ended.
func (r *Request) buffer() []byte {
	if r.text == nil {
		r.text, _ = buffers.Get().(*[]byte)
		return (*r.text)[:0]
	}
	return nil // it is in use: a handler asked twice
}

// keep notes where the text of buffer lies after it has grown.
func (r *Request) keep(text []byte) {
	if r.text != nil {
		*r.text = text
	}
}

// releaseBuffer gives the buffer to the next request.
func (r *Request) releaseBuffer() {
	if r.text != nil && cap(*r.text) <= mostBuffer {
		buffers.Put(r.text)
	}
	r.text = nil
}
