package migrate_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// books is a fixture that is made while it is read: authors, each with a book, in the order of dumpdata.
func books(n int) io.Reader {
	r, w := io.Pipe()
	go func() {
		_, err := io.WriteString(w, `[{"model": "library.genre", "pk": "g", "fields": {"rank": 1}}`)
		for i := range n {
			_, err = fmt.Fprintf(w, `, {"model": "library.author", "pk": %d, "fields": {"name": "author %[1]d", "mentor": null}}`, i+1)
		}
		for i := range n {
			_, err = fmt.Fprintf(w, `, {"model": "library.book", "pk": "00000000-0000-4000-8000-%012d", "fields": {"title": "book", "author": ["author %d"], `+
				`"data": {"text": "%0200d"}, "created": "2024-01-01T00:00:00Z", "genres": ["g"]}}`, i, i+1, i)
		}
		if err == nil {
			_, err = io.WriteString(w, "]")
		}
		w.CloseWithError(err)
	}()
	return r
}

// gauge takes the most that is in use, at each 200,000 bytes that pass.
type gauge struct {
	io.Reader
	passed, most int
}

func (g *gauge) pass(n int) {
	const often = 200_000
	if g.passed/often != (g.passed+n)/often {
		var stats runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&stats)
		g.most = max(g.most, int(stats.HeapAlloc))
	}
	g.passed += n
}

func (g *gauge) Read(p []byte) (int, error) {
	n, err := g.Reader.Read(p)
	g.pass(n)
	return n, err
}

func (g *gauge) Write(p []byte) (int, error) {
	g.pass(len(p))
	return len(p), nil
}

// TestMemoryDoesNotGrowWithRows loads and dumps some rows, and then many: what is in use at most is nearly the same.
func TestMemoryDoesNotGrowWithRows(t *testing.T) {
	const some, many, allowed = 4_000, 16_000, 3 << 19
	each(t, func(t *testing.T, url string) {
		var loading, dumping [2]int
		var statements [2]int64
		for i, n := range []int{some, many} {
			db, reg := library(t, emptyLike(t, url))
			in, out := &gauge{Reader: books(n)}, &gauge{}
			ctx, count := orm.CountStatements(context.Background())
			loaded, err := migrate.LoadData(ctx, db.Gorm, reg, migrate.LoadOptions{}, migrate.Source{Name: "books", Reader: in})
			if err != nil || loaded.Objects != 2*n+1 {
				t.Fatal(loaded, err)
			}
			if err := migrate.DumpData(ctx, db, reg, migrate.DumpOptions{Out: out, NaturalForeign: true}); err != nil {
				t.Fatal(err)
			}
			loading[i], dumping[i], statements[i] = in.most, out.most, count.Load()
		}
		if loading[1] > loading[0]+allowed {
			t.Errorf("loading %d rows takes %d bytes, %d rows %d", some, loading[0], many, loading[1])
		}
		if dumping[1] > dumping[0]+allowed {
			t.Errorf("dumping %d rows takes %d bytes, %d rows %d", some, dumping[0], many, dumping[1])
		}
		if n := statements[1] - many; n > 2*many/50 { // natural keys are looked up one by one, everything else in batches
			t.Errorf("%d statements", n)
		}
	})
}

// TestMemoryOfTransfers measures while the rows of the source are read.
func TestMemoryOfTransfers(t *testing.T) {
	const some, many, allowed = 10_000, 60_000, 3 << 20
	var most [2]int
	for i, n := range []int{some, many} {
		from, _ := library(t, ormtest.SQLite(t))
		run(t, from, fmt.Sprintf("INSERT INTO library_author (name) WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r WHERE i < %d) SELECT 'a' || i FROM r", n))
		g := &gauge{}
		const rowSize = 200
		watched := ormtest.Faults(t, from, func(string) error { g.pass(rowSize); return nil })
		to, _ := library(t, ormtest.Postgres(t))
		if _, err := migrate.Transfer(t.Context(), watched, to, migrate.TransferOptions{}); err != nil {
			t.Fatal(err)
		}
		most[i] = g.most
	}
	if most[0] == 0 || most[1] > most[0]+allowed {
		t.Errorf("copying %d rows takes %d bytes, %d rows %d", some, most[0], many, most[1])
	}
}
