package rest

import (
	"container/list"
	"context"
	"hash/maphash"
	"slices"
	"sync"
	"time"
)

// MemoryThrottles is the ThrottleStore of one process: it forgets everything when the process ends and counts apart from
// other processes. Its memory is bounded: when it is full, who has not asked for the longest time is forgotten. The zero
// value is ready; it must not be copied after its first use.
type MemoryThrottles struct {
	// Requests is how many requests of all callers together are remembered; 0 means four million, which take some 32 MiB.
	Requests int

	once   sync.Once
	seed   maphash.Seed
	shards [throttleShards]throttleShard
}

const (
	throttleShards   = 16
	throttleKeyCost  = 16 // what a key takes beside its times, counted in times
	throttleRequests = 4 << 20
)

// throttleShard is the part of the keys that one lock guards.
type throttleShard struct {
	mu     sync.Mutex
	most   int // bound of cost
	cost   int
	byKey  map[string]*list.Element
	recent list.List // of *throttleEntry, the latest first
}

type throttleEntry struct {
	key     string
	times   []int64 // nanoseconds, oldest first
	expires int64
}

func (m *MemoryThrottles) init() {
	m.seed = maphash.MakeSeed()
	requests := m.Requests
	if requests <= 0 {
		requests = throttleRequests
	}
	for i := range m.shards {
		m.shards[i].byKey = make(map[string]*list.Element)
		m.shards[i].most = max(requests/throttleShards, throttleKeyCost)
	}
}

// Take implements ThrottleStore.
func (m *MemoryThrottles) Take(_ context.Context, key string, limit int, period time.Duration, now time.Time) (bool, time.Duration, error) {
	m.once.Do(m.init)
	s := &m.shards[maphash.String(m.seed, key)%throttleShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	ok, wait := s.take(key, limit, int64(period), now.UnixNano())
	return ok, wait, nil
}

// Peek implements ThrottleReleaser.
func (m *MemoryThrottles) Peek(_ context.Context, key string, limit int, period time.Duration, now time.Time) (bool, time.Duration, error) {
	m.once.Do(m.init)
	s := &m.shards[maphash.String(m.seed, key)%throttleShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	element, ok := s.byKey[key]
	if !ok {
		return limit > 0, 0, nil
	}
	e := element.Value.(*throttleEntry)
	s.forget(e, now.UnixNano()-int64(period))
	if len(e.times) < limit {
		return true, 0, nil
	}
	return false, waitFor(e.times, limit, int64(period), now.UnixNano()), nil
}

// Release implements ThrottleReleaser.
func (m *MemoryThrottles) Release(_ context.Context, key string, at time.Time) error {
	m.once.Do(m.init)
	s := &m.shards[maphash.String(m.seed, key)%throttleShards]
	s.mu.Lock()
	defer s.mu.Unlock()
	s.release(key, at.UnixNano())
	return nil
}

func (s *throttleShard) release(key string, at int64) {
	element, ok := s.byKey[key]
	if !ok {
		return
	}
	e := element.Value.(*throttleEntry)
	if i := slices.Index(e.times, at); i >= 0 {
		e.times = slices.Delete(e.times, i, i+1)
		s.cost--
	}
}

func (s *throttleShard) take(key string, limit int, period, now int64) (bool, time.Duration) {
	e := s.entry(key)
	s.forget(e, now-period)
	if len(e.times) >= limit {
		return false, waitFor(e.times, limit, period, now)
	}
	e.times = append(e.times, now)
	e.expires = now + period
	s.cost++
	s.evict(now)
	return true, 0
}

// entry finds the entry of key or makes it, and moves it to the front.
func (s *throttleShard) entry(key string) *throttleEntry {
	if element, ok := s.byKey[key]; ok {
		s.recent.MoveToFront(element)
		return element.Value.(*throttleEntry)
	}
	e := &throttleEntry{key: key}
	s.byKey[key] = s.recent.PushFront(e)
	s.cost += throttleKeyCost
	return e
}

// forget drops the times of e that are not after since.
func (s *throttleShard) forget(e *throttleEntry, since int64) {
	n := 0
	for n < len(e.times) && e.times[n] <= since {
		n++
	}
	e.times = append(e.times[:0], e.times[n:]...)
	s.cost -= n
}

// evict drops entries from the end: a few that are over anyway, and as many as it takes to stay within bounds. The entry
// at the front is in use and stays.
func (s *throttleShard) evict(now int64) {
	for spare := 2; s.recent.Len() > 1; spare-- {
		last := s.recent.Back()
		e := last.Value.(*throttleEntry)
		if s.cost <= s.most && (spare <= 0 || e.expires > now) {
			return
		}
		s.recent.Remove(last)
		delete(s.byKey, e.key)
		s.cost -= throttleKeyCost + len(e.times)
	}
}

// waitFor is the recommended wait of somebody who was refused (SimpleRateThrottle.wait): the time until the oldest
// request is over, shared by the requests that are free then; negative when there are none.
func waitFor(times []int64, limit int, period, now int64) time.Duration {
	remaining := period
	if len(times) > 0 {
		remaining = period - (now - times[0])
	}
	available := limit - len(times) + 1
	if available <= 0 {
		return -1
	}
	return time.Duration(remaining / int64(available))
}
