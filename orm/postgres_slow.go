package orm

import (
	"sync"
	"sync/atomic"

	"github.com/hashicorp/golang-lru/v2/simplelru"
)

// slowTexts are the statements that took long the last time, the latest of them.
type slowTexts struct {
	count atomic.Int64 // that nobody needs to look when there is none

	mu   sync.Mutex
	list *simplelru.LRU[string, struct{}]
}

const mostSlowTexts = 1000

func (t *slowTexts) init() {
	t.list, _ = simplelru.NewLRU[string, struct{}](mostSlowTexts, nil) // it fails without a capacity only
}

// any tells whether one of the items is among them.
func (t *slowTexts) any(items []batchItem) bool {
	if t.count.Load() == 0 {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range items {
		if t.list.Contains(items[i].sql) {
			return true
		}
	}
	return false
}

func (t *slowTexts) add(items []batchItem) {
	t.change(items, func(text string) { t.list.Add(text, struct{}{}) })
}

func (t *slowTexts) remove(items []batchItem) {
	t.change(items, func(text string) { t.list.Remove(text) })
}

func (t *slowTexts) change(items []batchItem, do func(text string)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range items {
		do(items[i].sql)
	}
	t.count.Store(int64(t.list.Len()))
}
