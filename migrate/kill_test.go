package migrate_test

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
)

// TestKilledProcesses kills processes that migrate at random moments: what stands is always the first files, each as a
// whole, and the next process goes on from there.
func TestKilledProcesses(t *testing.T) {
	const kills = 25 // on each database
	each(t, func(t *testing.T, url string) {
		db := open(t, url)
		moments := rapid.IntRange(0, 40)
		cut := 0
		for try := range kills {
			killed(t, url, time.Duration(moments.Example(try))*time.Millisecond)
			if db.Dialect() == orm.Postgres { // the server may still be busy with its last COMMIT
				run(t, db, "SELECT pg_advisory_xact_lock(x'7175696e746574'::bigint)")
			}
			switch n := checkPrefix(t, db, fmt.Sprintf("kill %d", try)); {
			case n == 12: // it was too late
				emptied(t, db)
			case n > 0:
				cut++
			}
		}
		t.Logf("%d of %d were killed half way", cut, kills)
		migrated(t, db, manySteps())
		if n := checkPrefix(t, db, "in the end"); n != 12 {
			t.Errorf("%d of 12 steps stand in the end", n)
		}
	})
}

// killed starts a process that migrates and kills it after a while, counted from when it has opened the database.
func killed(t *testing.T, url string, after time.Duration) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), processURL+"="+url)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make([]byte, 1)
	_, _ = io.ReadFull(out, ready) // it is there when the process ends before, too
	time.Sleep(after)
	_ = c.Process.Kill() // it may have ended by itself
	_ = c.Wait()
}

// emptied makes the database as it was before the first migration.
func emptied(t *testing.T, db *orm.DB) {
	t.Helper()
	run(t, db, "DROP TABLE a", "DROP TABLE b", "DROP TABLE django_migrations")
	for i := 3; i <= 12; i++ {
		run(t, db, fmt.Sprintf("DROP TABLE c%d", i))
	}
}
