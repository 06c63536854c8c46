package identity

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestRecentIsBounded asks for more accounts than are remembered.
func TestRecentIsBounded(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	c := newRecent[int64](time.Second, func() time.Time { return at })
	loads := 0
	get := func(id int64) {
		t.Helper()
		got, err := c.get(t.Context(), id, func(context.Context) (int64, error) { loads++; return id, nil }, func(int64) error { return nil })
		if got != id || err != nil {
			t.Fatalf("got %d, %v, want %d", got, err, id)
		}
	}
	for id := range int64(3 * mostRecent) {
		get(id)
	}
	if len(c.byID) != mostRecent || c.order.Len() != mostRecent {
		t.Errorf("%d and %d are held, want %d", len(c.byID), c.order.Len(), mostRecent)
	}
	loads = 0
	get(3*mostRecent - 1)
	if get(0); loads != 1 {
		t.Errorf("the latest and the oldest took %d look-ups, want 1", loads)
	}
	at = at.Add(time.Second)
	if get(1); len(c.byID) != 1 || c.order.Len() != 1 {
		t.Errorf("what is over is kept: %d and %d", len(c.byID), c.order.Len())
	}
	at = at.Add(-time.Hour) // a clock that was put back
	loads = 0
	if get(1); loads != 1 {
		t.Error("a value of the future is handed out")
	}
}

// TestForgottenLookUpsAnswerOnlyWhoWaits: a statement that was on its way when the account was changed may say what was.
func TestForgottenLookUpsAnswerOnlyWhoWaits(t *testing.T) {
	c := newRecent[string](time.Second, time.Now)
	take := func(string) error { return nil }
	begun, goOn := make(chan struct{}), make(chan struct{})
	first := make(chan string)
	go func() {
		got, _ := c.get(t.Context(), 1, func(context.Context) (string, error) {
			close(begun)
			<-goOn
			return "old", nil
		}, take)
		first <- got
	}()
	<-begun
	c.forget(1)
	load := func(context.Context) (string, error) { return "new", nil }
	if got, err := c.get(t.Context(), 1, load, take); got != "new" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	close(goOn)
	if got := <-first; got != "old" {
		t.Errorf("who waited got %q", got)
	}
	if got, _ := c.get(t.Context(), 1, nil, take); got != "new" {
		t.Errorf("afterwards: got %q", got)
	}
}

// TestFailuresAreNotShared: who waits for a look-up that fails, or panics, asks again.
func TestFailuresAreNotShared(t *testing.T) {
	c := newRecent[string](time.Second, time.Now)
	take := func(string) error { return nil }
	for name, fail := range map[string]func(context.Context) (string, error){
		"error": func(context.Context) (string, error) { return "", errors.New("gone") },
		"panic": func(context.Context) (string, error) { panic("broken") },
	} {
		begun, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan struct{})
		go func() {
			defer close(ended)
			defer func() { _ = recover() }()
			_, _ = c.get(t.Context(), 1, func(ctx context.Context) (string, error) {
				close(begun)
				<-goOn
				return fail(ctx)
			}, take)
		}()
		<-begun
		var loads atomic.Int64
		answers := make(chan string)
		for range 3 {
			go func() {
				got, _ := c.get(t.Context(), 1, func(context.Context) (string, error) { loads.Add(1); return "there", nil }, take)
				answers <- got
			}()
		}
		close(goOn)
		<-ended
		for range 3 {
			if got := <-answers; got != "there" {
				t.Errorf("%s: got %q", name, got)
			}
		}
		if loads.Load() == 0 {
			t.Errorf("%s was taken for an answer", name)
		}
		c.forgetAll()
	}
}

// TestRenewalsBringNothingBack: what is forgotten while a renewal is on its way stays forgotten, and a failed one changes
// nothing.
func TestRenewalsBringNothingBack(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	c := newRecent[string](time.Second, func() time.Time { return at })
	failure, renewed := error(nil), make(chan struct{})
	c.renew = func(_ context.Context, old map[int64]string) (map[int64]string, error) {
		defer close(renewed)
		c.forget(0)
		found := make(map[int64]string)
		for id := range old {
			found[id] = "new"
		}
		if errors.Is(failure, errBroken) {
			panic(failure)
		}
		return found, failure
	}
	get := func(id int64) (value string, loaded bool) {
		value, _ = c.get(t.Context(), id, func(context.Context) (string, error) {
			loaded = true
			return "loaded", nil
		}, func(string) error { return nil })
		return value, loaded
	}
	for _, failure = range []error{nil, errors.New("the database is away"), errBroken} {
		c.forgetAll()
		renewed = make(chan struct{})
		for range 2 {
			for id := range int64(fewRecent + 4) {
				get(id)
			}
		}
		at = at.Add(c.life * 3 / 4)
		get(fewRecent)
		<-renewed
		awaitRenewal(c)
		want := "new"
		if failure != nil {
			want = "loaded"
		}
		if value, loaded := get(1); value != want || loaded {
			t.Errorf("%v: the value is %q, loaded: %v", failure, value, loaded)
		}
		if _, loaded := get(0); !loaded {
			t.Errorf("%v: what was forgotten is back", failure)
		}
	}
}

// awaitRenewal waits until no renewal is on its way.
func awaitRenewal[V any](c *recent[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.renewing {
		c.mu.Unlock()
		time.Sleep(time.Millisecond)
		c.mu.Lock()
	}
}

// TestUnaskedAreRenewedOnce: who asked once is renewed once, in case he comes again; who does not come is left
// alone.
func TestUnaskedAreRenewedOnce(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	c := newRecent[string](time.Second, func() time.Time { return at })
	var renewals [][]int64
	c.renew = func(_ context.Context, old map[int64]string) (map[int64]string, error) {
		renewals = append(renewals, slices.Sorted(maps.Keys(old)))
		return old, nil
	}
	loaded := 0
	get := func(ids ...int64) {
		for _, id := range ids {
			_, _ = c.get(t.Context(), id, func(context.Context) (string, error) {
				loaded++
				return "loaded", nil
			}, func(string) error { return nil })
		}
		awaitRenewal(c)
	}
	var all []int64
	for id := range int64(fewRecent) {
		all = append(all, id)
	}
	get(all...)
	at = at.Add(c.life * 3 / 4)
	get(100)
	at = at.Add(c.life / 2)
	get(all[:3]...) // older than a life without the renewal
	at = at.Add(c.life / 4)
	get(101)
	at = at.Add(time.Hour)
	get(102) // and what is over by then is not renewed
	if diff := cmp.Diff([][]int64{all, {0, 1, 2, 100}}, renewals); diff != "" || loaded != len(all)+3 {
		t.Errorf("%d were looked up alone, and these renewed:\n%s", loaded, diff)
	}
}

// TestLateRenewalsHideNothing: what was renewed by a slow statement is found behind younger values that were looked up meanwhile.
func TestLateRenewalsHideNothing(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	c := newRecent[string](time.Second, func() time.Time { return at })
	arrived, goOn := make(chan int), make(chan struct{})
	c.renew = func(_ context.Context, old map[int64]string) (map[int64]string, error) {
		arrived <- len(old)
		<-goOn
		return old, nil
	}
	get := func(ids ...int64) {
		for _, id := range ids {
			_, _ = c.get(t.Context(), id, func(context.Context) (string, error) { return "loaded", nil }, func(string) error { return nil })
		}
	}
	var all []int64
	for id := range int64(fewRecent) {
		all = append(all, id)
	}
	get(all...)
	at = at.Add(c.life * 3 / 4)
	get(all[0])
	<-arrived
	at = at.Add(c.life / 5)
	get(100) // younger than what is renewed now, and before it
	goOn <- struct{}{}
	awaitRenewal(c)
	get(all...)
	at = at.Add(c.life / 2) // 100 is half over, the others are in their last third
	get(all[0])
	if n := <-arrived; n != len(all) {
		t.Errorf("%d of %d are renewed", n, len(all))
	}
	goOn <- struct{}{}
	awaitRenewal(c)
}
