package quintet

import (
	"bytes"
	"context"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"slices"
	"strconv"
	"time"

	"github.com/quintet-go/quintet/rest"
)

// profilesPath is where the staff take profiles of the process, under the names of net/http/pprof. That package is not used:
// it would open them to everybody in any program that serves http.DefaultServeMux.
const profilesPath = "/debug/pprof/"

// What is recorded while it is waited for: the profiles whose addresses take ?seconds=.
const (
	cpuProfile       = "profile"
	executionTrace   = "trace"
	usualProfileTime = 30 * time.Second
	usualTraceTime   = time.Second
)

// profiles serves profiles of the process to the staff, who are known by the authenticators of the application.
func (a *App) profiles(router *rest.Router) {
	if !a.config.Profiling {
		return
	}
	view := func(name string, handle func(*rest.Request) (*rest.Response, error)) *rest.View {
		return &rest.View{
			Name: name, Permissions: []rest.Permission{rest.IsAdmin}, Undocumented: true,
			Methods: map[string]rest.Endpoint{http.MethodGet: {Handle: handle}},
		}
	}
	router.Group(profilesPath).WithoutSuffixes().
		Handle("", view("Profiles", listProfiles), "").
		Handle("{name}", view("Profile", takeProfile), "")
}

// listProfiles answers the addresses of the profiles.
func listProfiles(r *rest.Request) (*rest.Response, error) {
	names := []string{cpuProfile, executionTrace}
	for _, p := range pprof.Profiles() {
		names = append(names, p.Name())
	}
	slices.Sort(names)
	list := rest.Obj()
	for _, name := range names {
		list.Set(name, r.AbsoluteURI(profilesPath+name))
	}
	return rest.OK(list), nil
}

// takeProfile answers one profile: for "go tool pprof", or as text with ?debug=1 or 2. What takes time ends with the time of
// the request at the latest.
func takeProfile(r *rest.Request) (*rest.Response, error) {
	var content bytes.Buffer
	debug, err := number(r, "debug", 0)
	if err != nil {
		return nil, err
	}
	switch name := r.Param("name"); name {
	case cpuProfile:
		err = recordFor(r, usualProfileTime, func() error { return pprof.StartCPUProfile(&content) }, pprof.StopCPUProfile)
	case executionTrace:
		err = recordFor(r, usualTraceTime, func() error { return trace.Start(&content) }, trace.Stop)
	default:
		p := pprof.Lookup(name)
		if p == nil {
			return nil, rest.ErrNotFound
		}
		err = p.WriteTo(&content, debug)
	}
	if err != nil {
		return nil, err
	}
	sendProfile(r, debug > 0, content.Bytes())
	return nil, nil
}

// recordFor lets something be recorded for the seconds that the request asks for. One recording of a kind runs at a time.
func recordFor(r *rest.Request, usual time.Duration, start func() error, stop func()) error {
	seconds, err := number(r, "seconds", int(usual/time.Second))
	if err != nil {
		return err
	}
	if err := start(); err != nil {
		return rest.Conflict("Somebody else is recording this now.").WithCause(err)
	}
	defer stop()
	ctx, cancel := context.WithTimeout(r.Context(), time.Duration(seconds)*time.Second)
	defer cancel()
	<-ctx.Done()
	return nil
}

// number is a query parameter that is a whole number, or usual when it is not there.
func number(r *rest.Request, name string, usual int) (int, error) {
	text := r.Query(name)
	if text == "" {
		return usual, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, rest.InvalidField(name, "A valid integer is required.")
	}
	return n, nil
}

// sendProfile writes the answer past the renderers: it is no JSON.
func sendProfile(r *rest.Request, text bool, content []byte) {
	w := r.Echo().Response()
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Type", "application/octet-stream")
	if text {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		h.Set("Content-Disposition", `attachment; filename="`+r.Param("name")+`"`)
	}
	h.Set("Content-Length", strconv.Itoa(len(content)))
	_, _ = w.Write(content) // who hung up asks again
}
