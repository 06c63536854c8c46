package quintet

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestExchangeContextEndsAsOthersDo compares with what context.WithDeadline gives, whether somebody waited for the end before
// it came, or asks only afterwards.
func TestExchangeContextEndsAsOthersDo(t *testing.T) {
	type key struct{}
	errGone := errors.New("the client has gone")
	far, near := time.Hour, time.Millisecond
	for name, c := range map[string]struct {
		limit time.Duration
		leave func(cancel context.CancelCauseFunc, end func())
		err   error
		cause error
	}{
		"goes on":         {far, func(context.CancelCauseFunc, func()) {}, nil, nil},
		"answered":        {far, func(_ context.CancelCauseFunc, end func()) { end() }, context.Canceled, context.Canceled},
		"client leaves":   {far, func(cancel context.CancelCauseFunc, _ func()) { cancel(errGone) }, context.Canceled, errGone},
		"out of time":     {near, func(context.CancelCauseFunc, func()) { time.Sleep(20 * time.Millisecond) }, context.DeadlineExceeded, context.DeadlineExceeded},
		"leaves, answers": {far, func(cancel context.CancelCauseFunc, end func()) { cancel(errGone); end() }, context.Canceled, errGone},
	} {
		for _, waited := range []bool{false, true} {
			parent, cancel := context.WithCancelCause(context.WithValue(t.Context(), key{}, "kept"))
			x := &exchange{}
			deadline := time.Now().Add(c.limit)
			x.context = exchangeContext{Context: parent, x: x, deadline: deadline}
			ctx := context.Context(&x.context)
			if at, ok := ctx.Deadline(); !ok || !at.Equal(deadline) || exchangeOf(ctx) != x || ctx.Value(key{}) != "kept" {
				t.Errorf("%s: the deadline is %v, the exchange is found: %v", name, at, exchangeOf(ctx) == x)
			}
			called := make(chan struct{})
			if waited {
				context.AfterFunc(ctx, func() { close(called) })
			}
			c.leave(cancel, x.context.end)
			if waited && c.limit == near {
				<-called // the timer's goroutine may come late
			}
			if err := ctx.Err(); !errors.Is(err, c.err) {
				t.Errorf("%s, waited %v: the error is %v, want %v", name, waited, err, c.err)
			}
			if c.err == nil {
				select {
				case <-ctx.Done():
					t.Errorf("%s: it has ended", name)
				default:
				}
				cancel(nil)
				continue
			}
			<-ctx.Done()
			if waited {
				<-called
			}
			derived, stop := context.WithCancel(ctx)
			<-derived.Done()
			stop()
			if cause := context.Cause(ctx); !errors.Is(cause, c.cause) {
				t.Errorf("%s, waited %v: the cause is %v, want %v", name, waited, cause, c.cause)
			}
			cancel(nil)
		}
	}
}

// TestExchangeContextWatchesNothingUnasked: a request that nobody waits for costs no timer.
func TestExchangeContextWatchesNothingUnasked(t *testing.T) {
	x := &exchange{}
	x.context = exchangeContext{Context: t.Context(), x: x, deadline: time.Now().Add(time.Hour)}
	allocated := testing.AllocsPerRun(100, func() {
		ctx := context.Context(&x.context)
		if ctx.Err() != nil || exchangeOf(ctx) != x {
			t.Fatal("it has ended")
		}
	})
	x.context.end()
	if allocated > 0 || x.context.watched != nil {
		t.Errorf("%v allocations, watched: %v", allocated, x.context.watched != nil)
	}
}
