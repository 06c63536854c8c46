package rest

import (
	"testing"
)

var v1v2 = Versions{Default: "v1", Allowed: []string{"v1", "v2"}}

// tell answers the version and the address of the route link.
func tell(link string) handlers {
	return handlers{"GET": func(r *Request) (*Response, error) {
		address, err := r.Reverse(link, nil)
		if err != nil {
			address = "no such route"
		}
		return OK(Obj("version", r.Version(), "link", address)), nil
	}}
}

func versionSite(c Config, v Versions) *site {
	s := newSite(c)
	mount := func(path, name string, scheme Versioning) {
		s.mount(path, tell("test"), func(w *view) { w.versioning, w.routeName = scheme, name })
	}
	mount("/url/", "plain-url", URLPathVersioning{v})
	mount("/url/:version/", "test", URLPathVersioning{v})
	mount("/query/", "query", QueryParameterVersioning{v})
	mount("/accept/", "accept", AcceptHeaderVersioning{v})
	mount("/host/", "host", HostNameVersioning{v})
	for _, space := range []string{"v1", "v2", "v3"} {
		mount("/"+space+"/ns/", space+":test", NamespaceVersioning{v})
	}
	mount("/nested/ns/", "api:v2:nested", NamespaceVersioning{v})
	mount("/none/", "none", nil)
	return s
}

func TestVersions(t *testing.T) {
	for _, c := range []struct {
		target, header, value string
		status                int
		body                  string
	}{
		{"/url/", "", "", 200, `{"version":"v1","link":"http://testserver/url/v1/"}`},
		{"/url/v2/", "", "", 200, `{"version":"v2","link":"http://testserver/url/v2/"}`},
		{"/url/v3/", "", "", 404, `{"detail":"Invalid version in URL path."}`},
		{"/query/?version=v2", "", "", 200, `{"version":"v2","link":"no such route"}`},
		{"/query/", "", "", 200, `{"version":"v1","link":"no such route"}`},
		{"/query/?version=", "", "", 404, `{"detail":"Invalid version in query parameter."}`},
		{"/query/?version=v1&version=v3", "", "", 404, `{"detail":"Invalid version in query parameter."}`},
		{"/accept/", "Accept", "application/json; version=v2", 200, `{"version":"v2","link":"no such route"}`},
		{"/accept/", "Accept", "*/*; version=v2", 200, `{"version":"v2","link":"no such route"}`},
		{"/accept/", "", "", 200, `{"version":"v1","link":"no such route"}`},
		{"/accept/", "Accept", "application/json; version=v3", 406, `{"detail":"Invalid version in \"Accept\" header."}`},
		{"/accept/", "Accept", "application/json; version=", 406, `{"detail":"Invalid version in \"Accept\" header."}`},
		{"/accept/", "Accept", "text/html; version=v1", 406, `{"detail":"Could not satisfy the request Accept header."}`},
		{"/host/", "Host", "v2.sub.testserver", 200, `{"version":"v2","link":"no such route"}`},
		{"/host/", "Host", "v2.sub.testserver:8000", 200, `{"version":"v2","link":"no such route"}`},
		{"/host/", "Host", "v3.sub.testserver", 404, `{"detail":"Invalid version in hostname."}`},
		{"/host/", "Host", "v3.testserver", 200, `{"version":"v1","link":"no such route"}`},
		{"/v2/ns/", "", "", 200, `{"version":"v2","link":"http://testserver/v2/ns/"}`},
		{"/v3/ns/", "", "", 404, `{"detail":"Invalid version in URL path. Does not match any version namespace."}`},
		{"/nested/ns/", "", "", 200, `{"version":"v2","link":"http://testserver/v2/ns/"}`},
		{"/none/?version=v2", "", "", 200, `{"version":"","link":"no such route"}`},
		{"/url/v2/?format=json", "", "", 200, `{"version":"v2","link":"http://testserver/url/v2/?format=json"}`},
	} {
		s := versionSite(Config{}, v1v2)
		headers := []string{"Host", "testserver"}
		if c.header != "" {
			headers = append(headers, c.header, c.value)
		}
		s.ask("GET", c.target, "", headers...).is(t, c.target+" "+c.value, c.status, c.body)
	}
}

func TestVersionsWithoutAllowed(t *testing.T) {
	s := versionSite(Config{}, Versions{})
	s.ask("GET", "/query/?version=x", "").is(t, "any is allowed", 200, `{"version":"x","link":"no such route"}`)
	s.ask("GET", "/query/", "").is(t, "none is given", 200, `{"version":"","link":"no such route"}`)
}

func TestVersionsWithoutDefault(t *testing.T) {
	s := versionSite(Config{}, Versions{Allowed: []string{"v2"}})
	s.ask("GET", "/query/", "").is(t, "none is given", 404, `{"detail":"Invalid version in query parameter."}`)
	s.ask("GET", "/query/?version=v2", "").is(t, "an allowed one", 200, `{"version":"v2","link":"no such route"}`)
}

func TestDefaultVersionIsAllowed(t *testing.T) {
	s := versionSite(Config{}, Versions{Default: "v1", Allowed: []string{"v2"}, Param: "v"})
	s.ask("GET", "/query/?v=v1", "").is(t, "the default by name", 200, `{"version":"v1","link":"no such route"}`)
	s.ask("GET", "/query/?v=v3", "").is(t, "another", 404, `{"detail":"Invalid version in query parameter."}`)
}

func TestReverseInQueryVersion(t *testing.T) {
	s := newSite(Config{})
	s.mount("/a/", tell("/a/"), func(v *view) { v.versioning = QueryParameterVersioning{v1v2} })
	s.ask("GET", "/a/?version=v2&format=json", "", "Host", "testserver").
		is(t, "sorted by name", 200, `{"version":"v2","link":"http://testserver/a/?format=json&version=v2"}`)
}

func TestReverseFallsBackOnUnversionedRoutes(t *testing.T) {
	s := newSite(Config{})
	s.mount("/v2/ns/", tell("/plain/"), func(v *view) { v.versioning, v.routeName = NamespaceVersioning{v1v2}, "v2:ns" })
	s.mount("/plain/", handlers{"GET": say(1)}, nil)
	s.ask("GET", "/v2/ns/", "", "Host", "testserver").is(t, "fallback", 200, `{"version":"v2","link":"http://testserver/plain/"}`)
}
