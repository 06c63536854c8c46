package orm

import (
	"sync"
	"time"
)

// costs are how long statements take, by their texts: the shortest time that a batch with the statement has needed by itself,
// which load hardly changes.
type costs struct {
	mu     sync.RWMutex
	byText map[string]time.Duration
}

// mostCosts is how many texts are known at a time; when there are more, all are learned again.
const mostCosts = 4096

// of is what a batch costs, which is the cost of its longest statement. known is false when one of them has none.
func (c *costs) of(items []batchItem) (longest time.Duration, known bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	for i := range items {
		one, known := c.byText[items[i].sql]
		if !known {
			return 0, false
		}
		longest = max(longest, one)
	}
	return longest, true
}

// note learns how long a batch took.
func (c *costs) note(items []batchItem, took time.Duration) {
	if known, ok := c.of(items); ok && known <= took {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byText == nil || len(c.byText)+len(items) > mostCosts {
		c.byText = map[string]time.Duration{}
	}
	for i := range items {
		if one, known := c.byText[items[i].sql]; !known || took < one {
			c.byText[items[i].sql] = took
		}
	}
}

// forget lets the costs of a batch be learned again.
func (c *costs) forget(items []batchItem) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range items {
		delete(c.byText, items[i].sql)
	}
}
