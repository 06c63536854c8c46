package quintet

import (
	"io"
	"net/http"
	"time"
)

// bodySlack is what a body may be larger than the largest configured one before this last resort cuts it: the parsers
// of package rest answer 413 first, with a text.
const bodySlack = 64 << 10

// limits bounds the body of a request: its size, and the time in which it must have arrived.
func (a *App) limits(next http.Handler) http.Handler {
	largest := int64(max(a.config.MaxBody, a.config.MaxUpload)) + bodySlack
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 && r.Body != nil && r.Body != http.NoBody {
			r.Body = a.limitBody(w, r, largest)
		}
		next.ServeHTTP(w, r)
	})
}

// limitBody starts the clock of the body. Bodies that nobody reads are under it too, as the server discards them.
func (a *App) limitBody(w http.ResponseWriter, r *http.Request, largest int64) io.ReadCloser {
	own := w
	if x, ok := w.(*exchange); ok {
		own = x.ResponseWriter // MaxBytesReader tells it to close the connection
	}
	control, deadline := http.NewResponseController(own), time.Now().Add(a.config.BodyTimeout)
	if end, ok := r.Context().Deadline(); ok && end.Before(deadline) {
		deadline = end
	}
	_ = control.SetReadDeadline(deadline)
	return &timedBody{http.MaxBytesReader(own, r.Body, largest), control}
}

// timedBody takes the read deadline off when the body is complete: it must not end a long answer.
type timedBody struct {
	io.ReadCloser
	control *http.ResponseController
}

// Read reads on and notices the end.
func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
