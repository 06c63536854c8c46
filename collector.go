package quintet

import (
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

const (
	// heapFloor is what the heap of a server may grow to before it is collected, in bytes. A server has 3 to 6 MB in use, and
	// some hundred requests make as much again: by Go's own rule, twice what is in use, it would look through all of it many
	// times a second. 64 busy connections have so much in use that the rule comes to the same (docs/decisions/0020).
	heapFloor = 12 << 20

	// usualGrowth is the heap's growth between two collections by Go's own rule, in percent of what is in use.
	usualGrowth = 100

	// leastHeap is what Go lets every heap grow to by its own rule, in bytes; another growth changes it in proportion.
	leastHeap = 4 << 20
)

// keepHeapFloor lets the heap grow to a floor of so many bytes before it is collected, or to twice what is in use where that
// is more, until it is stopped. Where GOGC, or the program itself by debug.SetGCPercent, sets another growth than Go's own,
// before or later, that is left alone as long as it is in force. The limit of GOMEMLIMIT goes before the floor. One call at a
// time may be in force in a process.
func keepHeapFloor(floor uint64) (stop func()) {
	k := &floorKeeper{floor: floor, growth: usualGrowth}
	k.awaitCollection()
	return k.stop
}

// floorKeeper sets the growth anew after each collection.
type floorKeeper struct {
	floor uint64

	mu      sync.Mutex
	growth  uint64 // as it set it
	stopped bool
}

// awaitCollection has adjust called by the next collection, which finds an object that nobody has.
func (k *floorKeeper) awaitCollection() {
	type unused struct{ _ *int } // with a pointer it is alone in its memory
	runtime.AddCleanup(new(unused), (*floorKeeper).adjust, k)
}

// adjust sets the growth that comes to the floor, unless somebody else has set one: that may be for a while only.
func (k *floorKeeper) adjust() {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return
	}
	if h := readHeap(); h.growth == k.growth {
		k.set(h.growthTo(k.floor))
	}
	k.awaitCollection()
}

// set sets the growth, but where another one was set a moment ago.
func (k *floorKeeper) set(growth uint64) {
	if growth == k.growth {
		return
	}
	if was := debug.SetGCPercent(int(growth)); was != int(k.growth) {
		debug.SetGCPercent(was)
		return
	}
	k.growth = growth
}

// stop gives the heap Go's own growth again.
func (k *floorKeeper) stop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.stopped = true
	if readHeap().growth == k.growth {
		k.set(usualGrowth)
	}
}

// heap is what the last collection found, in bytes, and the growth in force.
type heap struct{ inUse, roots, growth uint64 }

func readHeap() heap {
	samples := []metrics.Sample{
		{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/stack:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/gogc:percent"},
	}
	metrics.Read(samples)
	value := func(i int) uint64 { return samples[i].Value.Uint64() }
	return heap{inUse: value(0), roots: value(1) + value(2), growth: value(3)}
}

// growthTo is the growth with which the heap comes to floor bytes. Go adds it to what is in use, in percent of that and of
// the roots.
func (h heap) growthTo(floor uint64) uint64 {
	if h.inUse >= floor {
		return usualGrowth
	}
	growth := 100 * (floor - h.inUse) / max(1, h.inUse+h.roots)
	return max(usualGrowth, min(growth, 100*floor/leastHeap))
}
