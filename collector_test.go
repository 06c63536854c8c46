package quintet

import (
	"math"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"testing"
	"time"
)

func TestGrowthTo(t *testing.T) {
	for _, test := range []struct {
		heap heap // in MB
		want uint64
	}{
		{heap{inUse: 3, roots: 1}, 225}, // 3 + 4*2.25 = 12
		{heap{inUse: 1}, 300},           // the least heap, 4, becomes 12
		{heap{}, 300},
		{heap{inUse: 6}, usualGrowth},
		{heap{inUse: 5, roots: 3}, usualGrowth}, // Go's own rule goes to 13
		{heap{inUse: 12, roots: 1}, usualGrowth},
		{heap{inUse: 40, roots: 1}, usualGrowth},
	} {
		given := test.heap
		test.heap.inUse <<= 20
		test.heap.roots <<= 20
		if got := test.heap.growthTo(12 << 20); got != test.want {
			t.Errorf("%+v grows by %d %%, want %d", given, got, test.want)
		}
	}
}

// TestHeapFloor has a floor far above what the tests have in use, and then more in use than the floor.
func TestHeapFloor(t *testing.T) {
	const floor = 256 << 20
	byOwnRule(t)
	stop := keepHeapFloor(floor)
	defer stop()
	awaitGoal(t, floor*9/10, floor*11/10)
	much := make([]byte, floor)
	awaitGoal(t, 2*floor, 3*floor)
	runtime.KeepAlive(much)
	stop()
	if growth := readHeap().growth; growth != usualGrowth {
		t.Errorf("afterwards the heap grows by %d %%", growth)
	}
}

// TestHeapFloorLeavesOthersAlone: who sets a growth decides, before the floor is kept and after, as long as it is in force.
func TestHeapFloorLeavesOthersAlone(t *testing.T) {
	const floor = 256 << 20
	byOwnRule(t)
	for _, before := range []bool{true, false} {
		own := usualGrowth
		if before {
			debug.SetGCPercent(50)
		}
		stop := keepHeapFloor(floor)
		if !before {
			awaitGoal(t, floor*9/10, floor*11/10)
			own = debug.SetGCPercent(50)
		}
		for range 5 {
			runtime.GC()
			time.Sleep(time.Millisecond) // for what follows a collection
		}
		if growth := readHeap().growth; growth != 50 {
			t.Errorf("the growth is %d %%, want 50", growth)
		}
		debug.SetGCPercent(own)
		awaitGoal(t, floor*9/10, floor*11/10)
		stop()
		if growth := readHeap().growth; growth != usualGrowth {
			t.Errorf("afterwards the heap grows by %d %%", growth)
		}
	}
}

// byOwnRule lets the heap grow by Go's own rule, whatever the environment says, until the test ends.
func byOwnRule(t *testing.T) {
	growth, limit := debug.SetGCPercent(usualGrowth), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(growth)
		debug.SetMemoryLimit(limit)
	})
}

// awaitGoal collects until what the heap may grow to is in a range, in bytes.
func awaitGoal(t *testing.T, least, most uint64) {
	t.Helper()
	goal := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
	for range 500 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond) // for what follows a collection
		metrics.Read(goal)
		if n := goal[0].Value.Uint64(); n >= least && n <= most {
			return
		}
	}
	t.Errorf("the heap may grow to %d MB, want %d to %d", goal[0].Value.Uint64()>>20, least>>20, most>>20)
}
