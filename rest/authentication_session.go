package rest

import (
	"log/slog"
	"net/http"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/rest/internal/mediatype"
	"github.com/quintet-go/quintet/session"
)

// SessionAuthentication takes the user from the browser's session in table django_session, and demands a CSRF token of
// writing requests. Sessions is required. Share one value between the views: it also logs in and out.
type SessionAuthentication struct {
	Sessions *session.Store
	CSRF     session.CSRF
}

// Authenticate implements [Authenticator].
func (a *SessionAuthentication) Authenticate(r *Request) (*identity.User, any, error) {
	if len(r.http.Header["Cookie"]) == 0 { // neither a session nor a CSRF secret to load
		r.Vary(echo.HeaderCookie)
		return nil, nil, nil
	}
	b, err := a.browser(r)
	if err != nil {
		return nil, nil, err
	}
	user, err := a.Sessions.User(r.Context(), b.session, r)
	if err != nil || user == nil {
		return nil, nil, err
	}
	denied, unread := a.checkCSRF(r)
	if unread != nil { // what DRF says first: it parses the body to look for the token
		return nil, nil, unread
	}
	if denied != nil {
		return nil, nil, denied
	}
	return user, nil, nil
}

// CheckCSRF refuses a writing request that another site may have made its browser send, whoever is logged in: 403 "CSRF
// Failed: …". [SessionAuthentication.Authenticate] does it for users who are known by their session.
func (a *SessionAuthentication) CheckCSRF(r *Request) error {
	denied, _ := a.checkCSRF(r)
	return denied
}

// checkCSRF is CheckCSRF; unread says why the body of a POST could not be searched for a token.
func (a *SessionAuthentication) checkCSRF(r *Request) (denied, unread error) {
	attempt := a.CSRF.Attempt(r.HTTP())
	attempt.Secure = r.Echo().Scheme() == "https"
	reason := a.CSRF.CheckSender(attempt)
	if reason == "" {
		attempt.FormToken, unread = formToken(r)
		reason = a.CSRF.Check(attempt)
	}
	if reason != "" {
		denied = Denied("CSRF Failed: " + reason)
	}
	return denied, unread
}

// formToken is the token in the form that a request posts, "" for none.
func formToken(r *Request) (string, error) {
	if r.Method() != http.MethodPost {
		return "", nil
	}
	data, err := r.Data()
	form, ok := data.(*FormData)
	if err != nil || !ok || !mediatype.IsForm(r.HTTP().Header.Get(echo.HeaderContentType)) {
		return "", err
	}
	return form.Text("csrfmiddlewaretoken"), nil
}

// Challenge implements [Authenticator]: there is none, so that refusals are 403.
func (a *SessionAuthentication) Challenge(*Request) string { return "" }

// SecurityScheme describes the cookie for the OpenAPI document.
func (a *SessionAuthentication) SecurityScheme() (name string, scheme map[string]any) {
	return "cookieAuth", map[string]any{"type": "apiKey", "in": "cookie", "name": a.Sessions.Name()}
}

// Session is the session of the browser that sent the request, an empty one for a new visitor. What is changed in it is
// stored, and its cookie sent, with the answer, unless that is a server error.
func (a *SessionAuthentication) Session(r *Request) (*session.Session, error) {
	b, err := a.browser(r)
	if err != nil {
		return nil, err
	}
	return b.session, nil
}

// Login makes the session of r that of user, with a new key and a new CSRF secret.
func (a *SessionAuthentication) Login(r *Request, user *identity.User) error {
	b, err := a.browser(r)
	if err != nil {
		return err
	}
	b.secret.Rotate()
	return a.store(r).Login(r.Context(), b.session, user)
}

// KeepLogin lets the session that authenticated r go on, under a new key, after its user got another password: every
// other session of that user has ended by it. It does nothing when r was authenticated otherwise.
func (a *SessionAuthentication) KeepLogin(r *Request, user *identity.User) error {
	if r.Authenticator() != Authenticator(a) {
		return nil
	}
	b, err := a.browser(r)
	if err != nil {
		return err
	}
	return a.store(r).KeepLogin(r.Context(), b.session, user)
}

// Logout ends the session of r.
func (a *SessionAuthentication) Logout(r *Request) error {
	b, err := a.browser(r)
	if err != nil {
		return err
	}
	return a.store(r).Logout(r.Context(), b.session)
}

// store works in the request's transaction when there is one: a database with one writer would wait for it otherwise.
func (a *SessionAuthentication) store(r *Request) *session.Store {
	if r.tx == nil {
		return a.Sessions
	}
	return a.Sessions.With(r.tx)
}

// CSRFToken is a token for the header X-CSRFToken or the form field csrfmiddlewaretoken of later requests. It sends the
// cookie that belongs to it.
func (a *SessionAuthentication) CSRFToken(r *Request) (string, error) {
	b, err := a.browser(r)
	if err != nil {
		return "", err
	}
	return b.secret.Token(), nil
}

// browser is what one request and its answer carry in cookies.
type browser struct {
	session *session.Session
	secret  *session.Secret
	sent    bool // came with a session cookie
}

// browserKey keeps the browser of a request under the authenticator's address.
type browserKey struct{ of *SessionAuthentication }

// browser loads the session when the request asks for it first, and lets the answer send the cookies.
func (a *SessionAuthentication) browser(r *Request) (*browser, error) {
	if b, ok := r.Value(browserKey{a}).(*browser); ok {
		return b, nil
	}
	r.Vary(echo.HeaderCookie)
	b := &browser{secret: a.CSRF.Secret(cookieValue(r, a.CSRF.Name()))}
	key := cookieValue(r, a.Sessions.Name())
	b.sent = key != nil
	b.session = session.New()
	if b.sent {
		var err error
		if b.session, err = a.Sessions.Load(r.Context(), *key); err != nil {
			return nil, err
		}
	}
	r.SetValue(browserKey{a}, b)
	r.Echo().Response().Before(func() { a.finish(r, b) })
	return b, nil
}

// leastKey is how many characters the key of a session has at least (SessionBase._validate_session_key).
const leastKey = 8

// mendCookies does what Django's middlewares do on every address, whoever authenticates there: a session cookie without a key is
// taken back, a CSRF cookie without a secret is replaced.
func (a *SessionAuthentication) mendCookies(r *Request) error {
	if len(r.http.Header["Cookie"]) == 0 {
		return nil
	}
	key := cookieValue(r, a.Sessions.Name())
	short := key != nil && utf8.RuneCountInString(*key) < leastKey
	if short || a.CSRF.Secret(cookieValue(r, a.CSRF.Name())).Cookie() != nil {
		_, err := a.browser(r)
		return err
	}
	return nil
}

// finish runs before the headers of the answer are written.
func (a *SessionAuthentication) finish(r *Request, b *browser) {
	response := r.Echo().Response()
	if c := b.secret.Cookie(); c != nil {
		http.SetCookie(response, c)
	}
	if response.Status >= http.StatusInternalServerError {
		return
	}
	c, err := a.store(r).Commit(r.Context(), b.session, b.sent)
	if err != nil {
		r.log(slog.LevelError, "the session was not stored", err)
		return
	}
	if c != nil {
		http.SetCookie(response, c)
	}
}

func cookieValue(r *Request, name string) *string {
	if value, ok := session.Cookie(r.HTTP(), name); ok {
		return &value
	}
	return nil
}
