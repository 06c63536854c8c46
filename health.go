package quintet

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"
)

// readyTimeout is how long the database may take to answer before the server calls itself not ready.
const readyTimeout = 1500 * time.Millisecond

const (
	healthPath = "/healthz"
	readyPath  = "/readyz"
)

func isHealth(path string) bool { return path == healthPath || path == readyPath }

// health answers the two addresses of orchestrators and balancers, under every host name: /healthz while the process
// lives, /readyz while it should get traffic, that is, while the database answers and no shutdown has begun.
func (a *App) health(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !isHealth(r.URL.Path):
			next.ServeHTTP(w, r)
		case r.Method != http.MethodGet && r.Method != http.MethodHead:
			w.Header().Set("Allow", "GET, HEAD")
			writeDetail(w, http.StatusMethodNotAllowed, `Method "`+r.Method+`" not allowed.`)
		case r.URL.Path == healthPath:
			writeStatus(w, http.StatusOK, "ok")
		default:
			a.answerReady(w, r)
		}
	})
}

func (a *App) answerReady(w http.ResponseWriter, r *http.Request) {
	if a.draining.Load() {
		writeStatus(w, http.StatusServiceUnavailable, "shutting down")
		return
	}
	if err := a.ready.check(); err != nil {
		a.log.WarnContext(r.Context(), "not ready: the database does not answer", "error", err)
		writeStatus(w, http.StatusServiceUnavailable, "unavailable")
		return
	}
	writeStatus(w, http.StatusOK, "ok", a.replicas())
}

// replicas says how many replicas of the database answer; nothing when there are none. One that does not is no reason to be
// not ready: the others and the database read in its place.
func (a *App) replicas() string {
	up, all := a.db.Replicas()
	if all == 0 {
		return ""
	}
	return fmt.Sprintf(`, "replicas": "%d of %d"`, up, all)
}

func writeStatus(w http.ResponseWriter, status int, text string, further ...string) {
	w.Header().Set("Cache-Control", "no-store")
	if status != http.StatusOK {
		w.Header().Set("Retry-After", retryAfter)
	}
	write(w, status, "application/json", `{"status": "`+text+`"`+strings.Join(further, "")+`}`)
}

// readiness asks the database whether it is there, once for all who ask at the same time.
type readiness struct {
	ping func(context.Context) error

	mu      sync.Mutex
	current *pinging
}

// pinging is a question on its way; done is closed when err is there.
type pinging struct {
	done chan struct{}
	err  error
}

// check waits for the answer, at most readyTimeout.
func (r *readiness) check() error {
	p := r.join()
	select {
	case <-p.done:
		return p.err
	case <-time.After(readyTimeout):
		return context.DeadlineExceeded
	}
}

// join returns the question that is on its way, or sends one.
func (r *readiness) join() *pinging {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.current == nil {
		r.current = &pinging{done: make(chan struct{})}
		go r.ask(r.current)
	}
	return r.current
}

func (r *readiness) ask(p *pinging) {
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	defer func() {
		if cause := recover(); cause != nil {
			p.err = panicError{cause}
		}
		r.mu.Lock()
		r.current = nil
		r.mu.Unlock()
		close(p.done)
	}()
	p.err = r.ping(ctx)
}
