//go:build !race

// The race detector lets pools drop at random what they are given, so that nothing can be counted beside it.

package orm_test

import (
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// TestAllocationsOnAConnection are of what a connection prepares once: the ways of its columns into variables, and itself for
// database/sql.
func TestAllocationsOnAConnection(t *testing.T) {
	db := openPostgres(t, "")
	var n int64
	var moment time.Time
	read := func(rows *orm.Rows) error {
		rows.Next()
		return rows.Scan(&n, &moment)
	}
	for _, c := range []struct {
		name string
		send func(b *orm.Batch) error
		most float64
	}{
		{"a batch", func(b *orm.Batch) error { return b.Send(t.Context(), db.Gorm) }, 4},
		{"a transaction", func(b *orm.Batch) error {
			return orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error { return b.Send(t.Context(), tx) })
		}, 18},
	} {
		got := testing.AllocsPerRun(100, func() {
			b := &orm.Batch{}
			b.Query("SELECT 1::bigint, now()", nil, read)
			if err := c.send(b); err != nil {
				t.Fatal(err)
			}
		})
		if got > c.most {
			t.Errorf("%s takes %g allocations, at most %g are expected", c.name, got, c.most)
		}
	}
}
