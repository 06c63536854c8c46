package quintet

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/rest"
)

// newEcho makes the router inside of the server. This file is all that the package knows of Echo.
func (a *App) newEcho() *echo.Echo {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.Logger.SetOutput(lineWriter{a.log})
	e.IPExtractor = func(r *http.Request) string { return ClientIP(r.Context()) }
	e.SchemeExtractor = func(r *http.Request) string { return schemeOf(r.Context()) }
	e.HTTPErrorHandler = a.answerError
	return e
}

// schemeOf is the scheme that the client used; "http" outside of requests.
func schemeOf(ctx context.Context) string {
	if x := exchangeOf(ctx); x != nil {
		return x.scheme
	}
	return "http"
}

// answerError answers for addresses without a route and for plain Echo handlers that return an error. The errors of
// package rest have their answers already.
func (a *App) answerError(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	w, ctx := c.Response(), c.Request().Context()
	var known *echo.HTTPError
	var told *rest.Error
	switch {
	case errors.Is(err, echo.ErrNotFound):
		writePage(w, http.StatusNotFound, pageNotFound)
	case errors.As(err, &told):
		a.answerTold(w, told)
	case errors.As(err, &known) && known.Code < http.StatusInternalServerError:
		writeDetail(w, known.Code, publicText(known))
	case errors.Is(err, orm.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		a.log.ErrorContext(ctx, "unavailable", "error", err)
		writeDetail(w, http.StatusServiceUnavailable, unavailableText)
	default:
		a.log.ErrorContext(ctx, "error in a handler", "error", err)
		writeDetail(w, http.StatusInternalServerError, serverErrorText)
	}
}

// answerTold sends an error of package rest that a plain handler returned.
func (a *App) answerTold(w http.ResponseWriter, e *rest.Error) {
	for name, values := range e.Header {
		w.Header()[name] = values
	}
	text := http.StatusText(e.Status)
	if m, ok := e.Detail.(rest.Message); ok {
		text = m.Text
	}
	writeDetail(w, e.Status, text)
}

// publicText is what a plain Echo error says to the client.
func publicText(e *echo.HTTPError) string {
	if text, ok := e.Message.(string); ok {
		return text
	}
	return http.StatusText(e.Code)
}

// lineWriter turns the lines of a foreign logger into warnings of ours.
type lineWriter struct{ log *slog.Logger }

// Write logs p as one message.
func (w lineWriter) Write(p []byte) (int, error) {
	w.log.Warn(strings.TrimSpace(string(p)))
	return len(p), nil
}
