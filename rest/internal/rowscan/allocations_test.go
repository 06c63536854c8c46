//go:build !race

// The race detector lets pools drop at random what they are given, so that nothing can be counted beside it.

package rowscan_test

import (
	"runtime"
	"strconv"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// block is a struct beside whose memory everything else that an answer needs is little.
type block struct {
	ID int64 `gorm:"primaryKey"`
	_  [16<<10 - 8]byte
}

// TestChunksFollowTheHint: rows that come as expected get memory for as many, and others not much more.
func TestChunksFollowTheHint(t *testing.T) {
	cases := []struct{ hint, rows, blocks uint64 }{
		{1, 1, 1},
		{3, 3, 3},
		{100, 100, 100},
		{3, 1, 3},
		{1, 2, 1 + 4},      // a row more than expected
		{0, 1, 4},          // nobody knows
		{1 << 30, 1, 1024}, // nobody is trusted
	}
	plan := planOf[block](t, "ID")
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		for _, c := range cases {
			query := "WITH RECURSIVE s (n) AS (SELECT CAST(1 AS bigint) UNION ALL SELECT n + 1 FROM s WHERE n < " + strconv.FormatUint(c.rows, 10) + ") SELECT n FROM s"
			got := blocks(func() {
				reader := plan.NewReader(int(c.hint))
				if _, err := read[block](t, db, reader, query); err != nil {
					t.Fatal(err)
				}
				reader.Leave()
			})
			if got != c.blocks {
				t.Errorf("%d rows of %d expected: memory for %d, want %d", c.rows, c.hint, got, c.blocks)
			}
		}
	})
}

// blocks is how many blocks fn allocates.
func blocks(fn func()) uint64 {
	const runs, size = 5, 16 << 10
	fn() // what serves all
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range runs {
		fn()
	}
	runtime.ReadMemStats(&after)
	return (after.TotalAlloc - before.TotalAlloc) / (runs * size)
}
