package orm_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/internal/sqlite"
)

// TestOpeningWaitsForTheLock: SQLite does not always wait when a new file gets its write-ahead log; without its own waiting
// it never does.
func TestOpeningWaitsForTheLock(t *testing.T) {
	name := filepath.Join(t.TempDir(), "new.db")
	other, err := sqlite.Open("file:" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, statement := range []string{"CREATE TABLE a (id integer)", "BEGIN IMMEDIATE"} {
		if err := other.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error, 1)
	time.AfterFunc(50*time.Millisecond, func() { ended <- other.Exec("COMMIT") })
	db, err := orm.Open(t.Context(), orm.Config{URL: "sqlite:" + name + "?_pragma=busy_timeout(0)"})
	if err != nil {
		t.Error(err)
	} else {
		db.Close()
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
