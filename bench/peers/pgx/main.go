// Command pgx is the peer to reach: the same API written by hand on net/http and pgx, with prepared statements, binary
// results, the count and the page in one round trip, and JSON that is appended byte by byte.
//
//	DATABASE_URL=postgres://… pgx -addr 127.0.0.1:7201
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	_ "net/http/pprof" // on BENCH_PPROF alone
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:7201", "`address` to listen on")
	conns := flag.Int("conns", 8, "most `connections` to the database")
	flag.Parse()
	config, err := pgxpool.ParseConfig(os.Getenv("DATABASE_URL"))
	if err != nil {
		log.Fatal(err)
	}
	config.MaxConns = int32(*conns)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		log.Fatal(err)
	}
	if profiler := os.Getenv("BENCH_PPROF"); profiler != "" {
		go func() { log.Print(http.ListenAndServe(profiler, nil)) }()
	}
	log.Fatal(http.ListenAndServe(*addr, &server{pool}))
}

// server answers the benchmark's addresses and nothing else.
type server struct{ pool *pgxpool.Pool }

// answer is what one request needs, pooled: out is the body, the rest is scratch space.
type answer struct {
	out, rows, tags []byte
	ids             []int64
	holes           []int // where in rows the tags of each product go
	first           []int // the first entry in tagged of each product, -1 for none
	tagged          []span
}

// span is one tag in answer.tags and the next one of the same product.
type span struct{ start, end, next int }

const (
	largeAnswer = 32 << 10
	notFound    = `{"detail":"Not found."}`
	denied      = `{"detail":"You do not have permission to perform this action."}`
	stranger    = `{"detail":"Authentication credentials were not provided."}`
	broken      = `{"detail":"A server error occurred."}`
)

var (
	answers  = sync.Pool{New: func() any { return &answer{out: make([]byte, 0, largeAnswer), rows: make([]byte, 0, largeAnswer)} }}
	jsonType = []string{"application/json"}
)

func (a *answer) reset() {
	a.out, a.rows, a.tags = a.out[:0], a.rows[:0], a.tags[:0]
	a.ids, a.holes, a.first, a.tagged = a.ids[:0], a.holes[:0], a.first[:0], a.tagged[:0]
}

// say answers with a fixed text.
func (a *answer) say(status int, text string) (int, error) {
	a.out = append(a.out[:0], text...)
	return status, nil
}

// ServeHTTP implements http.Handler.
func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := answers.Get().(*answer)
	defer answers.Put(a)
	a.reset()
	status, err := s.route(a, r)
	if err != nil {
		log.Print(err)
		status, _ = a.say(http.StatusInternalServerError, broken)
	}
	h := w.Header()
	h["Content-Type"] = jsonType
	h["Content-Length"] = []string{strconv.Itoa(len(a.out))}
	w.WriteHeader(status)
	_, _ = w.Write(a.out) // the client may have gone
}

const productsPath = "/api/products/"

func (s *server) route(a *answer, r *http.Request) (int, error) {
	path := r.URL.Path
	switch {
	case path == productsPath && r.Method == http.MethodGet:
		return s.list(a, r)
	case path == productsPath && r.Method == http.MethodPost:
		return s.secured(a, r, "add_product", "catalog", s.create)
	case path == "/api/secure-products/":
		return s.secured(a, r, "view_product", "catalog", func(a *answer, r *http.Request, _ int64) (int, error) { return s.list(a, r) })
	case path == "/api/cursor-products/":
		return s.cursor(a, r)
	case path == "/api/orders/" && r.Method == http.MethodPost:
		return s.secured(a, r, "add_order", "orders", s.order)
	case strings.HasPrefix(path, productsPath) && strings.HasSuffix(path, "/"):
		return s.detail(a, r, path[len(productsPath):len(path)-1])
	}
	return a.say(http.StatusNotFound, notFound)
}
