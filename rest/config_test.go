package rest

import (
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/orm"
)

func TestConfigDefaults(t *testing.T) {
	c := Config{}.withDefaults()
	for name, pair := range map[string][2]any{
		"Renderers":      {c.Renderers, []Renderer{JSONRenderer{}}},
		"Parsers":        {c.Parsers, []Parser{JSONParser{}, FormParser{}, MultiPartParser{}}},
		"FilterBackends": {c.FilterBackends, []FilterBackend{FieldFilters, SearchFilter, OrderingFilter}},
		"SearchParam":    {c.SearchParam, "search"},
		"OrderingParam":  {c.OrderingParam, "ordering"},
		"FormatParam":    {c.FormatParam, "format"},
		"MediaURL":       {c.MediaURL, "/media/"},
		"MaxBody":        {c.MaxBody, int64(2_621_440)},
		"MaxUpload":      {c.MaxUpload, int64(32 << 20)},
		"MaxDepth":       {c.MaxDepth, 100},
		"RequestTime":    {c.RequestTime, 30 * time.Second},
		"Logger":         {c.Logger, slog.Default()},
		"ThrottleStore":  {reflect.TypeOf(c.ThrottleStore), reflect.TypeFor[*MemoryThrottles]()},
		"NumProxies":     {c.NumProxies, 0},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			t.Errorf("%s: got %v, want %v", name, pair[0], pair[1])
		}
	}
	if len(c.Permissions) != 1 || c.Permissions[0] != IsAuthenticated || c.Authenticators != nil || c.Pagination != nil || c.Versioning != nil {
		t.Errorf("policies: %v, %v, %v, %v", c.Permissions, c.Authenticators, c.Pagination, c.Versioning)
	}
	if time.Since(c.Now()).Abs() > time.Minute {
		t.Errorf("Now gives %v", c.Now())
	}
}

func TestConfigKeepsWhatIsSet(t *testing.T) {
	store := &MemoryThrottles{}
	at := time.Unix(5, 0)
	set := Config{
		Renderers: []Renderer{}, Parsers: []Parser{}, Permissions: []Permission{}, FilterBackends: []FilterBackend{}, ThrottleStore: store,
		SearchParam: "q", OrderingParam: "sort", FormatParam: "-", MediaURL: "https://cdn.example/", MaxBody: 1, MaxUpload: 2, MaxDepth: 3,
		RequestTime: -1, Now: func() time.Time { return at }, Logger: slog.New(slog.DiscardHandler),
	}
	got := set.withDefaults()
	if got.Now() != at {
		t.Error("Now was replaced")
	}
	got.Now, set.Now = nil, nil // functions cannot be compared
	a, b := reflect.ValueOf(got), reflect.ValueOf(set)
	for i := range a.NumField() {
		if name := a.Type().Field(i).Name; !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			t.Errorf("%s: got %v, want %v", name, a.Field(i), b.Field(i))
		}
	}
}

func TestConfigNamesAllThatIsMissing(t *testing.T) {
	for _, c := range []struct {
		config  Config
		missing string
	}{
		{Config{}, "DB Registry Users"},
		{Config{DB: &orm.DB{}}, "Registry Users"},
		{Config{DB: &orm.DB{}, Users: &identity.Store{}}, "Registry"},
		{Config{Registry: &orm.Registry{}, Users: &identity.Store{}}, "DB"},
	} {
		_, err := NewRouter(c.config).Build()
		if err == nil {
			t.Errorf("a Config without %s was taken", c.missing)
			continue
		}
		for _, name := range []string{"DB", "Registry", "Users"} {
			if wanted := strings.Contains(c.missing, name); strings.Contains(err.Error(), name+" (") != wanted {
				t.Errorf("%v: names %s is %v, want %v", err, name, !wanted, wanted)
			}
		}
	}
	if _, err := NewRouter(Config{DB: &orm.DB{}, Registry: &orm.Registry{}, Users: &identity.Store{}}).Build(); err != nil {
		t.Errorf("with all of them: %v", err)
	}
}
