package rest

import (
	"errors"
	"net/http"
	"strings"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/session"
)

// LoginOptions are what an application may decide of its login by session. The zero value works.
type LoginOptions struct {
	Title string // of the page; default "Log in"
	// Next is where a login leads that came without a safe next of its own; default "/".
	Next string
	// LogoutNext is the same for a logout; default: the login page.
	LogoutNext string
	// Throttles of the login, such as a [LoginThrottle]; nil means Config.Throttles.
	Throttles []Throttle
}

// Routes serves login/ and logout/ under the group's prefix (rest_framework.urls), for people and for programs:
//
//   - GET login/ is a page with a form, or, for who accepts JSON only, {"user", "csrftoken"}: the username of who is logged
//     in, or null, and the token that the next POST must carry.
//   - POST login/ with username and password begins a session under a new key. A form is answered by a redirect to its
//     field or parameter next, when [session.SafeRedirect] allows it, or by the page again; JSON by {"user", "csrftoken"}
//     with the new token, or by 400.
//   - POST logout/ ends the session and answers a form by a redirect, JSON by 204.
//
// Both demand the CSRF token of everybody, so that no other site can log its visitors in or out here. The answers are kept
// by no cache.
func (a *SessionAuthentication) Routes(g *Group, o LoginOptions) {
	l := &logins{browser: a, options: o, loginPath: g.prefix + "login/", logoutPath: g.prefix + "logout/"}
	l.options.Title = orText(o.Title, "Log in")
	l.options.Next = orText(o.Next, "/")
	l.options.LogoutNext = orText(o.LogoutNext, l.loginPath)
	l.form = &Serializer[sessionLoginData]{Name: "SessionLogin"}
	g.Handle("login/", l.loginView(), "login")
	g.Handle("logout/", l.logoutView(), "logout")
}

// logins are the two views of one group.
type logins struct {
	browser               *SessionAuthentication
	options               LoginOptions
	form                  *Serializer[sessionLoginData]
	loginPath, logoutPath string
}

type sessionLoginData struct {
	Username string `json:"username" rest:"writeonly,maxlength=150"`
	Password string `json:"password" rest:"writeonly,notrim,maxlength=4096"`
}

func (l *logins) loginView() *View {
	v := l.view("Login", "Begins a session of the browser.", map[string]Endpoint{
		http.MethodGet: {Handle: l.show}, http.MethodPost: {Handle: l.login, Input: l.form},
	})
	v.Throttles = l.options.Throttles
	return v
}

func (l *logins) logoutView() *View {
	return l.view("Logout", "Ends the session of the browser.", map[string]Endpoint{http.MethodPost: {Handle: l.logout}})
}

// view is open to all: what a visitor may do is decided by the CSRF token and the password.
func (l *logins) view(name, doc string, methods map[string]Endpoint) *View {
	return &View{
		Name: name, Doc: doc, Methods: methods, Authenticators: []Authenticator{}, Permissions: []Permission{},
		Renderers: []Renderer{loginRenderer{l, BaseRenderer{Type: "text/html", Suffix: "html"}}, JSONRenderer{}},
		Errors:    l.refused, Undocumented: true, // as in the documents of rest_framework's own
	}
}

// show answers the page, or the state of the session.
func (l *logins) show(r *Request) (*Response, error) {
	user, err := l.user(r)
	if err != nil {
		return nil, err
	}
	if l.prepare(r) {
		return l.page(r, user, nil)
	}
	return l.state(r, user)
}

// user is who is logged in, nil for nobody.
func (l *logins) user(r *Request) (*identity.User, error) {
	s, err := l.browser.Session(r)
	if err != nil {
		return nil, err
	}
	return l.browser.store(r).User(r.Context(), s, r.Users())
}

func (l *logins) state(r *Request, user *identity.User) (*Response, error) {
	token, err := l.browser.CSRFToken(r)
	if err != nil {
		return nil, err
	}
	var name any
	if user != nil {
		name = user.Username
	}
	return OK(Obj("user", name, "csrftoken", token)), nil
}

// login begins a session.
func (l *logins) login(r *Request) (*Response, error) {
	page := l.prepare(r)
	if err := l.browser.CheckCSRF(r); err != nil {
		return nil, err
	}
	user, err := l.authenticate(r)
	if refusal, ok := isInvalid(err); ok && page {
		LoginFailed(r)
		return l.page(r, nil, refusal)
	}
	if err != nil {
		return nil, err
	}
	if err := l.browser.Login(r, user); err != nil {
		return nil, err
	}
	if err := r.Users().UpdateLastLogin(r.Context(), user); err != nil {
		return nil, err
	}
	if page {
		return redirect(l.next(r, l.options.Next)), nil
	}
	return l.state(r, user)
}

// wrongCredentials is what somebody reads who gave a wrong name, a wrong password, or those of an inactive account.
const wrongCredentials = "Please enter a correct username and password. Note that both fields may be case-sensitive."

// authenticate returns the user whom the body names, or a validation error.
func (l *logins) authenticate(r *Request) (*identity.User, error) {
	in, err := Read(r, l.form)
	if err != nil {
		return nil, err
	}
	user, err := r.Users().Authenticate(r.Context(), identity.NormalizeUsername(in.Data.Username), in.Data.Password)
	if errors.Is(err, identity.ErrCredentials) {
		return nil, InvalidField(nonFieldErrors, wrongCredentials)
	}
	return user, err
}

// logout ends the session.
func (l *logins) logout(r *Request) (*Response, error) {
	page := l.prepare(r)
	if err := l.browser.CheckCSRF(r); err != nil {
		return nil, err
	}
	if err := l.browser.Logout(r); err != nil {
		return nil, err
	}
	if page {
		return redirect(l.next(r, l.options.LogoutNext)), nil
	}
	return NoContent(), nil
}

// prepare keeps the answer out of caches and tells whether it is a page: who sends JSON gets JSON, whatever else it accepts.
func (l *logins) prepare(r *Request) (page bool) {
	r.Echo().Response().Header().Set("Cache-Control", "max-age=0, no-cache, no-store, must-revalidate, private")
	r.Vary("Cookie")
	if selectParser([]Parser{JSONParser{}}, r.HTTP().Header.Get("Content-Type")) != nil {
		r.useRenderer(JSONRenderer{})
	}
	_, page = r.renderer.(loginRenderer)
	return page
}

// refused prepares the answers to errors too.
func (l *logins) refused(r *Request, err error) error {
	l.prepare(r)
	if hook := r.api.config.Errors; hook != nil {
		return hook(r, err)
	}
	return err
}

// asked is the address that the visitor wants to go to afterwards, empty when there is none or it is not safe.
func (l *logins) asked(r *Request) string {
	next := r.Query("next")
	if data, err := r.Data(); err == nil {
		if form, ok := data.(*FormData); ok && form.Has("next") {
			next = form.Text("next")
		}
	}
	next = strings.TrimSpace(next)
	if !session.SafeRedirect(next, r.HTTP().Host, r.Echo().Scheme() == "https") {
		return ""
	}
	return next
}

func (l *logins) next(r *Request, otherwise string) string { return orText(l.asked(r), otherwise) }

// redirect sends a browser to an address; what may not stand in one is percent-encoded.
func redirect(address string) *Response {
	return &Response{Status: http.StatusFound, Header: http.Header{"Location": {asciiAddress(address)}}}
}
