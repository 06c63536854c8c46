package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"html/template"

	"github.com/quintet-go/quintet/identity"
)

// loginStyle is all that decorates the page; the page's policy allows exactly this text.
const loginStyle = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; }
main { max-width: 22rem; margin: 12vh auto; padding: 0 1rem; }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit; }
label { margin-top: 1rem; }
input { padding: .5rem; border: 1px solid #767676; border-radius: .25rem; }
button { margin-top: 1.5rem; padding: .6rem; border: 0; border-radius: .25rem; background: #1a4f9c; color: #fff; cursor: pointer; }
:focus-visible { outline: 3px solid #d97706; outline-offset: 2px; }
.problem { margin: .25rem 0; color: #b3261e; }
@media (prefers-color-scheme: dark) { .problem { color: #ffb4ab; } }
`

const loginHead = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style>` + loginStyle + `</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
`

const loginFoot = `</main>
</body>
</html>
`

var loginTemplate = template.Must(template.New("login").Parse(loginHead + `{{if .User}}<p>You are logged in as <strong>{{.User}}</strong>.</p>
<form method="post" action="{{.LogoutPath}}">
<input type="hidden" name="csrfmiddlewaretoken" value="{{.Token}}">
<button type="submit">Log out</button>
</form>
{{end}}{{range .Problems}}<p class="problem" role="alert">{{.}}</p>
{{end}}<form method="post" action="{{.LoginPath}}">
<input type="hidden" name="csrfmiddlewaretoken" value="{{.Token}}">
<input type="hidden" name="next" value="{{.Next}}">
{{range .Fields}}<label for="{{.Name}}">{{.Label}}</label>
<input id="{{.Name}}" name="{{.Name}}" type="{{.Type}}" value="{{.Value}}" autocomplete="{{.Autocomplete}}" autocapitalize="none" spellcheck="false" required{{if .Focus}} autofocus{{end}}{{if .Problems}} aria-invalid="true" aria-describedby="{{.Name}}-problem"{{end}}>
{{if .Problems}}<p class="problem" id="{{.Name}}-problem">{{range .Problems}}{{.}} {{end}}</p>
{{end}}{{end}}<button type="submit">Log in</button>
</form>
` + loginFoot))

var loginErrorTemplate = template.Must(template.New("error").Parse(loginHead + `<p class="problem" role="alert">{{.Text}}</p>
<p><a href="{{.LoginPath}}">Back to the form</a></p>
` + loginFoot))

// loginPolicy forbids the page everything but its own style and its own forms.
func loginPolicy() string {
	sum := sha256.Sum256([]byte(loginStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}

// loginForm is what the page shows.
type loginForm struct {
	Title, User, Token, Next, LoginPath, LogoutPath string

	Problems []string
	Fields   []loginField
}

type loginField struct {
	Name, Label, Type, Value, Autocomplete string

	Focus    bool
	Problems []string
}

// page shows the form; with what is wrong with what was sent, and with the username that was sent, when refusal is not nil.
func (l *logins) page(r *Request, user *identity.User, refusal *Error) (*Response, error) {
	token, err := l.browser.CSRFToken(r)
	if err != nil {
		return nil, err
	}
	username := loginField{Name: "username", Label: "Username", Type: "text", Autocomplete: "username", Focus: true}
	password := loginField{Name: "password", Label: "Password", Type: "password", Autocomplete: "current-password"}
	form := &loginForm{
		Title: l.options.Title, Token: token, Next: l.asked(r), LoginPath: l.loginPath, LogoutPath: l.logoutPath,
	}
	if user != nil {
		form.User = user.Username
	}
	if refusal != nil {
		username.Value = r.loginName()
		username.Problems, password.Problems = problemsOf(refusal, username.Name), problemsOf(refusal, password.Name)
		form.Problems = problemsOf(refusal, nonFieldErrors)
	}
	form.Fields = []loginField{username, password}
	return OK(form), nil
}

// problemsOf are the texts under a name of a validation error.
func problemsOf(e *Error, name string) []string {
	fields, ok := e.Detail.(*Fields)
	if !ok {
		return nil
	}
	list, _ := fields.Get(name).(List)
	var texts []string
	for _, d := range list {
		if m, ok := d.(Message); ok {
			texts = append(texts, m.Text)
		}
	}
	return texts
}

// loginRenderer writes the page, and refusals as pages.
type loginRenderer struct {
	logins *logins
	BaseRenderer
}

// Render implements Renderer.
func (lr loginRenderer) Render(dst []byte, data any, _ string, r *Request) ([]byte, error) {
	if data == nil {
		return dst, nil
	}
	r.Echo().Response().Header().Set("Content-Security-Policy", loginPolicy())
	page := bytes.NewBuffer(dst)
	if form, ok := data.(*loginForm); ok {
		err := loginTemplate.Execute(page, form)
		return page.Bytes(), err
	}
	err := loginErrorTemplate.Execute(page, map[string]string{
		"Title": lr.logins.options.Title, "Text": errorText(data), "LoginPath": lr.logins.loginPath,
	})
	return page.Bytes(), err
}

// errorText is the detail of an error, or the JSON of anything else.
func errorText(data any) string {
	ready, _ := data.(Rendered)
	value, _ := ParseRendered(ready)
	if object, ok := value.(*Object); ok {
		if detail, ok := object.Get("detail"); ok {
			if text, ok := detail.(string); ok {
				return text
			}
		}
	}
	return string(appendJSON(nil, data))
}
