package rest

import (
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

// Config holds the framework's defaults (DRF's DEFAULT_* settings) and what it works with. DB, Registry and Users are
// required; every other zero value means the default that is given.
type Config struct {
	DB       *orm.DB
	Registry *orm.Registry
	Users    *identity.Store

	Renderers      []Renderer      // default: JSON
	Parsers        []Parser        // default: JSON, form, multipart
	Authenticators []Authenticator // default: none; quintet.App gives session and basic, as DRF has
	Permissions    []Permission    // default: IsAuthenticated (DRF's AllowAny is not secure by default)
	Throttles      []Throttle      // default: none
	Pagination     Pagination      // default: none
	Versioning     Versioning      // default: none

	FilterBackends []FilterBackend   // default: django-filter, search, ordering
	ThrottleRates  map[string]string // by scope: "100/day"; an empty rate means no limit
	ThrottleStore  ThrottleStore     // default: a MemoryThrottles of this process
	// NumProxies is how many trusted proxies stand in front of the server: throttles take the client's address from
	// X-Forwarded-For, that many entries from its end. 0, the default, takes the address of the connection; a negative
	// number takes the whole header, which any client can forge (DRF's NUM_PROXIES = None).
	NumProxies int

	// NonAtomicRequests takes the transaction off all requests (ATOMIC_REQUESTS = False). Without it those of unsafe methods
	// have one: what a handler wrote is undone when it returns an error, and its answer is sent after the COMMIT.
	NonAtomicRequests bool

	// Errors, when not nil, may turn an error into another one before it is answered (EXCEPTION_HANDLER); ViewSet.Errors
	// and View.Errors stand in its place where they are set.
	Errors func(r *Request, err error) error
	// ServerError, when not nil, writes the answer to a request that failed in a way nobody expected, a panic included; the
	// cause is in the log already. Nil answers 500 {"detail":"A server error occurred."}.
	ServerError func(w http.ResponseWriter, req *http.Request)

	SearchParam   string // default "search"
	OrderingParam string // default "ordering"
	FormatParam   string // default "format"; "-" for none

	Now         func() time.Time // default time.Now; tests shift it
	Logger      *slog.Logger     // default slog.Default
	MediaURL    string           // prefix of stored files in answers: a path or a whole http(s) address; default "/media/"
	Storage     Storage          // where uploaded files go; needed by writable file fields
	MaxBody     int64            // bytes of a JSON or form body, default 2.5 MiB (Django's DATA_UPLOAD_MAX_MEMORY_SIZE)
	MaxUpload   int64            // bytes of a multipart body, default 32 MiB
	MaxDepth    int              // nesting of a JSON body, default 100
	RequestTime time.Duration    // time limit of a request and its body, default 30 s; negative for none
}

// check tells what is missing.
func (c Config) check() error {
	var missing []string
	if c.DB == nil {
		missing = append(missing, "DB (open one with orm.Open)")
	}
	if c.Registry == nil {
		missing = append(missing, "Registry (make one with orm.NewRegistry)")
	}
	if c.Users == nil {
		missing = append(missing, "Users (make one with identity.NewStore)")
	}
	if len(missing) > 0 {
		return errors.New("rest.Config lacks " + strings.Join(missing, ", "))
	}
	return nil
}

// withDefaults fills in the defaults that Config documents.
func (c Config) withDefaults() Config {
	if c.Renderers == nil {
		c.Renderers = []Renderer{JSONRenderer{}}
	}
	if c.Parsers == nil {
		c.Parsers = []Parser{JSONParser{}, FormParser{}, MultiPartParser{}}
	}
	if c.Permissions == nil {
		c.Permissions = []Permission{IsAuthenticated}
	}
	if c.FilterBackends == nil {
		c.FilterBackends = []FilterBackend{FieldFilters, SearchFilter, OrderingFilter}
	}
	c.SearchParam = orText(c.SearchParam, "search")
	c.OrderingParam = orText(c.OrderingParam, "ordering")
	c.FormatParam = orText(c.FormatParam, "format")
	c.MediaURL = orText(c.MediaURL, "/media/")
	c.MaxBody = orNumber(c.MaxBody, 2_621_440)
	c.MaxUpload = orNumber(c.MaxUpload, 32<<20)
	c.MaxDepth = orNumber(c.MaxDepth, 100)
	c.RequestTime = orNumber(c.RequestTime, 30*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.ThrottleStore == nil {
		c.ThrottleStore = &MemoryThrottles{}
	}
	return c
}

func orNumber[T int | int64 | time.Duration](n, otherwise T) T {
	if n == 0 {
		return otherwise
	}
	return n
}

// FilterBackend is one way a list is narrowed or ordered by query parameters (rest_framework.filters.BaseFilterBackend).
type FilterBackend int

// The filter backends in the order they are applied by default.
const (
	FieldFilters   FilterBackend = iota + 1 // django_filters.DjangoFilterBackend: ViewSet.Filters
	SearchFilter                            // ViewSet.Search
	OrderingFilter                          // ViewSet.Ordering
)
