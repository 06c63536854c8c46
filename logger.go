package quintet

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
)

// newLogger writes text or JSON lines to w, as the configuration says.
func newLogger(w io.Writer, c Config) *slog.Logger {
	o := &slog.HandlerOptions{Level: c.LogLevel}
	if c.LogFormat == "json" || c.LogFormat == "" && c.Production() {
		o.ReplaceAttr = escapeAttr
		return slog.New(requestHandler{slog.NewJSONHandler(w, o)})
	}
	return slog.New(requestHandler{slog.NewTextHandler(w, o)}) // quotes what cannot be printed by itself
}

// escapeAttr writes control characters that JSON lets through (DEL, C1) visibly: a log must not command a terminal.
func escapeAttr(_ []string, attr slog.Attr) slog.Attr {
	switch attr.Value.Kind() {
	case slog.KindString:
		attr.Value = slog.StringValue(escapeControls(attr.Value.String()))
	case slog.KindAny:
		if err, ok := attr.Value.Any().(error); ok {
			attr.Value = slog.StringValue(escapeControls(err.Error()))
		}
	}
	return attr
}

// escapeControls writes the control characters above ASCII's first 32, which encoders escape themselves, as \u0085.
func escapeControls(s string) string {
	plain := 0
	for plain < len(s) && s[plain] < 0x7f {
		plain++
	}
	isControl := func(r rune) bool { return r >= 0x7f && unicode.IsControl(r) }
	if strings.IndexFunc(s[plain:], isControl) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if isControl(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

// requestIDAttr is the name under which lines have the id of their request.
const requestIDAttr = "request_id"

// requestHandler adds the id of the request to what is logged with its context.
type requestHandler struct{ slog.Handler }

// Handle implements slog.Handler.
func (h requestHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := RequestID(ctx); id != "" {
		r.AddAttrs(slog.String(requestIDAttr, id))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h requestHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return requestHandler{h.Handler.WithAttrs(attrs)}
}

// WithGroup implements slog.Handler.
func (h requestHandler) WithGroup(name string) slog.Handler {
	return requestHandler{h.Handler.WithGroup(name)}
}

// panicError is a panic that was caught where an error can be returned.
type panicError struct{ cause any }

// Error shows the panic's value, quoted.
func (e panicError) Error() string { return "panic: " + strconv.Quote(fmt.Sprint(e.cause)) }
