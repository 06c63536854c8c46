package rest

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/mediatype"
)

// Versioning finds the version a request asks for (rest_framework.versioning.BaseVersioning).
type Versioning interface {
	// Determine returns the version or an error (NotFound, NotAcceptable) when it is not allowed.
	Determine(r *Request) (string, error)
	// Reverse gives the path of a route, with its query if it has one, in the version of the request.
	Reverse(r *Request, name string, params map[string]string) (string, error)
}

// Versions is what all versioning schemes have in common: the version of requests that name none (empty for none), the
// versions there are besides (nil allows all) and the name of the parameter that holds it, by default "version".
type Versions struct {
	Default string
	Allowed []string
	Param   string
}

func (v Versions) param() string { return orText(v.Param, "version") }

// choose is the version that was named, or the default; ok is false when it is not allowed.
func (v Versions) choose(version string, named bool) (chosen string, ok bool) {
	if !named {
		version = v.Default
	}
	switch {
	case len(v.Allowed) == 0:
		return version, true
	case !named && v.Default == "":
		return "", false
	}
	return version, named && version == v.Default && v.Default != "" || !named || slices.Contains(v.Allowed, version)
}

// Reverse gives the path of a route as it is in every version.
func (v Versions) Reverse(r *Request, name string, params map[string]string) (string, error) {
	return r.api.reverse(name, params)
}

// URLPathVersioning takes the version from a variable part of the address: /{version}/tags/.
type URLPathVersioning struct{ Versions }

// Determine implements Versioning.
func (v URLPathVersioning) Determine(r *Request) (string, error) {
	asked, named := r.param(v.param())
	version, ok := v.choose(asked, named && asked != "")
	if !ok {
		return "", NotFound("Invalid version in URL path.")
	}
	return version, nil
}

// Reverse implements Versioning: the version of the request fills the variable part, unless params does.
func (v URLPathVersioning) Reverse(r *Request, name string, params map[string]string) (string, error) {
	if r.version == "" {
		return r.api.reverse(name, params)
	}
	all := map[string]string{v.param(): r.version}
	for k, value := range params {
		all[k] = value
	}
	return r.api.reverse(name, all)
}

// NamespaceVersioning takes the version from the namespace of the route's name: "v2" of "v2:tag-list".
type NamespaceVersioning struct{ Versions }

// Determine implements Versioning.
func (v NamespaceVersioning) Determine(r *Request) (string, error) {
	i := strings.LastIndexByte(r.view.routeName, ':')
	if i < 0 {
		return v.Default, nil
	}
	for space := range strings.SplitSeq(r.view.routeName[:i], ":") {
		if version, ok := v.choose(space, true); ok {
			return version, nil
		}
	}
	return "", NotFound("Invalid version in URL path. Does not match any version namespace.")
}

// Reverse implements Versioning: the route is looked for in the namespace of the request's version.
func (v NamespaceVersioning) Reverse(r *Request, name string, params map[string]string) (string, error) {
	if r.version != "" {
		name = r.version + ":" + name
	}
	return r.api.reverse(name, params)
}

// QueryParameterVersioning takes the version from the query: ?version=v2.
type QueryParameterVersioning struct{ Versions }

// Determine implements Versioning.
func (v QueryParameterVersioning) Determine(r *Request) (string, error) {
	version, ok := v.choose(r.Query(v.param()), r.QueryHas(v.param()))
	if !ok {
		return "", NotFound("Invalid version in query parameter.")
	}
	return version, nil
}

// Reverse implements Versioning: the version is added to the query.
func (v QueryParameterVersioning) Reverse(r *Request, name string, params map[string]string) (string, error) {
	path, err := r.api.reverse(name, params)
	if err != nil || r.version == "" {
		return path, err
	}
	return withQueryParam(path, v.param(), r.version), nil
}

// AcceptHeaderVersioning takes the version from the accepted media type: Accept: application/json; version=v2.
type AcceptHeaderVersioning struct{ Versions }

// Determine implements Versioning.
func (v AcceptHeaderVersioning) Determine(r *Request) (string, error) {
	asked, named := mediatype.Parse(r.mediaType).Params.Get(v.param())
	version, ok := v.choose(asked, named)
	if !ok {
		e := *ErrNotAcceptable
		e.Detail = Message{"Invalid version in \"Accept\" header.", e.Code}
		return "", &e
	}
	return version, nil
}

// HostNameVersioning takes the version from the first of exactly three labels of the host: v2.example.com.
type HostNameVersioning struct{ Versions }

var versionedHost = regexp.MustCompile(`^([a-zA-Z0-9]+)\.[a-zA-Z0-9]+\.[a-zA-Z0-9]+$`)

// Determine implements Versioning.
func (v HostNameVersioning) Determine(r *Request) (string, error) {
	host := r.http.Host
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	found := versionedHost.FindStringSubmatch(host)
	if found == nil {
		return v.Default, nil
	}
	version, ok := v.choose(found[1], true)
	if !ok {
		return "", NotFound("Invalid version in hostname.")
	}
	return version, nil
}

// Reverse gives the absolute address of a route in the version and with the ?format= of this request
// (rest_framework.reverse.reverse). A route that the version does not have is taken from outside of the versions.
func (r *Request) Reverse(name string, params map[string]string) (string, error) {
	path, err := r.reversePath(name, params)
	if err != nil {
		return "", err
	}
	if format := r.api.config.FormatParam; format != "-" && r.QueryHas(format) {
		path = withQueryParam(path, format, r.Query(format))
	}
	return r.AbsoluteURI(path), nil
}

func (r *Request) reversePath(name string, params map[string]string) (string, error) {
	if r.scheme != nil {
		if path, err := r.scheme.Reverse(r, name, params); err == nil {
			return path, nil
		}
	}
	return r.api.reverse(name, params)
}

// withQueryParam sets one parameter of an address's query, which is sorted by name then.
func withQueryParam(address, name, value string) string {
	path, query, _ := strings.Cut(address, "?")
	values, err := url.ParseQuery(query)
	if err != nil {
		values = url.Values{}
	}
	values.Set(name, value)
	return path + "?" + values.Encode()
}
