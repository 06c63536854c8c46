package orm_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"
	"pgregory.net/rapid"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// The models of random graphs: nodes below nodes, and on each node one row of every on_delete.

type gNode struct {
	ID       int64 `gorm:"primaryKey"`
	ParentID *int64
	Parent   *gNode   `orm:"on_delete=cascade,related=children"`
	Near     []*gNode `gorm:"many2many:g_node_near;joinForeignKey:FromID;joinReferences:ToID" orm:"related=+"`
}

func (gNode) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "node"} }
func (gNode) TableName() string { return "g_node" }

type gLeaf struct {
	ID     int64 `gorm:"primaryKey"`
	NodeID int64
	Node   *gNode `orm:"on_delete=cascade"`
}

func (gLeaf) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "leaf"} }
func (gLeaf) TableName() string { return "g_leaf" }

type gSoft struct {
	ID     int64 `gorm:"primaryKey"`
	NodeID *int64
	Node   *gNode `orm:"on_delete=set_null"`
}

func (gSoft) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "soft"} }
func (gSoft) TableName() string { return "g_soft" }

// gHold keeps its node from being deleted alone, but goes with its owner.
type gHold struct {
	ID      int64 `gorm:"primaryKey"`
	NodeID  int64
	Node    *gNode `orm:"on_delete=restrict,related=holds"`
	OwnerID *int64
	Owner   *gNode `orm:"on_delete=cascade,related=owned"`
}

func (gHold) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "hold"} }
func (gHold) TableName() string { return "g_hold" }

var graphTemplate = ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
	return db.Gorm.WithContext(ctx).Exec(`
		CREATE TABLE g_node (id bigint PRIMARY KEY, parent_id bigint NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED);
		CREATE TABLE g_node_near (from_id bigint NOT NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED,
			to_id bigint NOT NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED);
		CREATE TABLE g_leaf (id bigint PRIMARY KEY, node_id bigint NOT NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED);
		CREATE TABLE g_soft (id bigint PRIMARY KEY, node_id bigint NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED);
		CREATE TABLE g_hold (id bigint PRIMARY KEY, node_id bigint NOT NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED,
			owner_id bigint NULL REFERENCES g_node (id) DEFERRABLE INITIALLY DEFERRED);`).Error
}}

func graphRegistry(tb testing.TB) *orm.Registry {
	tb.Helper()
	registry, err := orm.NewRegistry(&gNode{}, &gLeaf{}, &gSoft{}, &gHold{})
	if err != nil {
		tb.Fatal(err)
	}
	return registry
}

// graph is the rows of all tables; a key of 0 is NULL.
type graph struct {
	parent map[int64]int64
	near   [][2]int64
	leaf   map[int64]int64
	soft   map[int64]int64
	hold   map[int64][2]int64 // node, owner
}

func drawGraph(t *rapid.T) graph {
	n := rapid.Int64Range(1, 9).Draw(t, "nodes")
	some, maybe := rapid.Int64Range(1, n), rapid.Int64Range(0, n)
	g := graph{parent: map[int64]int64{}, leaf: map[int64]int64{}, soft: map[int64]int64{}, hold: map[int64][2]int64{}}
	for id := int64(1); id <= n; id++ {
		g.parent[id] = maybe.Draw(t, "parent") // circles are allowed
	}
	for range rapid.IntRange(0, 6).Draw(t, "pairs") {
		g.near = append(g.near, [2]int64{some.Draw(t, "from"), some.Draw(t, "to")})
	}
	for id := range rapid.Int64Range(0, 5).Draw(t, "rows") {
		g.leaf[id+1], g.soft[id+1] = some.Draw(t, "leaf"), maybe.Draw(t, "soft")
	}
	for id := range rapid.Int64Range(0, 2).Draw(t, "holds") {
		g.hold[id+1] = [2]int64{some.Draw(t, "held"), maybe.Draw(t, "owner")}
	}
	return g
}

// without is what deleting nodes has to leave, and the holds that refuse.
func (g graph) without(nodes []int64) (left graph, refusing []int64) {
	gone := map[int64]bool{}
	for _, id := range nodes {
		if _, ok := g.parent[id]; ok {
			gone[id] = true
		}
	}
	for grown := true; grown; {
		grown = false
		for id, parent := range g.parent {
			if gone[parent] && !gone[id] {
				gone[id], grown = true, true
			}
		}
	}
	left = graph{parent: maps.Clone(g.parent), leaf: maps.Clone(g.leaf), soft: maps.Clone(g.soft), hold: maps.Clone(g.hold)}
	maps.DeleteFunc(left.parent, func(id, _ int64) bool { return gone[id] })
	maps.DeleteFunc(left.leaf, func(_, node int64) bool { return gone[node] })
	maps.DeleteFunc(left.hold, func(_ int64, h [2]int64) bool { return gone[h[1]] })
	for id, node := range left.soft {
		if gone[node] {
			left.soft[id] = 0
		}
	}
	for _, pair := range g.near {
		if !gone[pair[0]] && !gone[pair[1]] {
			left.near = append(left.near, pair)
		}
	}
	for id, h := range left.hold {
		if gone[h[0]] {
			refusing = append(refusing, id)
		}
	}
	slices.Sort(refusing)
	return left, refusing
}

func null(key int64) any {
	if key == 0 {
		return nil
	}
	return key
}

func (g graph) store(tx *gorm.DB) error {
	var errs []error
	insert := func(statement string, args ...any) { errs = append(errs, tx.Exec(statement, args...).Error) }
	for id, parent := range g.parent {
		insert("INSERT INTO g_node VALUES (?, ?)", id, null(parent))
	}
	for _, pair := range g.near {
		insert("INSERT INTO g_node_near VALUES (?, ?)", pair[0], pair[1])
	}
	for id, node := range g.leaf {
		insert("INSERT INTO g_leaf VALUES (?, ?)", id, node)
		insert("INSERT INTO g_soft VALUES (?, ?)", id, null(g.soft[id]))
	}
	for id, h := range g.hold {
		insert("INSERT INTO g_hold VALUES (?, ?, ?)", id, h[0], null(h[1]))
	}
	return errors.Join(errs...)
}

// rows describes a graph, a line each row.
func (g graph) rows() (lines []string) {
	for id, parent := range g.parent {
		lines = append(lines, fmt.Sprintf("g_node %d %d", id, parent))
	}
	for _, pair := range g.near {
		lines = append(lines, fmt.Sprintf("g_node_near %d %d", pair[0], pair[1]))
	}
	for id, node := range g.leaf {
		lines = append(lines, fmt.Sprintf("g_leaf %d %d", id, node))
	}
	for id, node := range g.soft {
		lines = append(lines, fmt.Sprintf("g_soft %d %d", id, node))
	}
	for id, h := range g.hold {
		lines = append(lines, fmt.Sprintf("g_hold %d %d %d", id, h[0], h[1]))
	}
	slices.Sort(lines)
	return lines
}

// storedRows is the same of what is in the database.
func storedRows(tx *gorm.DB) (lines []string, err error) {
	for table, columns := range map[string]string{
		"g_node": "id || ' ' || coalesce(parent_id, 0)", "g_node_near": "from_id || ' ' || to_id", "g_leaf": "id || ' ' || node_id",
		"g_soft": "id || ' ' || coalesce(node_id, 0)", "g_hold": "id || ' ' || node_id || ' ' || coalesce(owner_id, 0)",
	} {
		var some []string
		err = errors.Join(err, tx.Raw("SELECT '"+table+" ' || "+columns+" FROM "+table).Scan(&some).Error)
		lines = append(lines, some...)
	}
	slices.Sort(lines)
	return lines, err
}

// TestDeleteOnRandomGraphs compares with the same deletion in memory: nothing dangles, nothing else goes, and a refusal names
// exactly the rows that refuse.
func TestDeleteOnRandomGraphs(t *testing.T) {
	graphTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		registry := graphRegistry(t)
		node, hold := registry.Model(gNode{}), registry.Model(gHold{})
		rapid.Check(t, func(rt *rapid.T) {
			g := drawGraph(rt)
			keys := rapid.SliceOfN(rapid.Int64Range(1, 10), 0, 4).Draw(rt, "keys")
			want, refusing := g.without(keys)
			if refusing != nil {
				want = g
			}
			err := orm.Atomic(t.Context(), db.Gorm, func(tx *gorm.DB) error {
				if err := g.store(tx); err != nil {
					return err
				}
				err := orm.Delete(tx, registry, node, anyOf(keys)...)
				var refused *orm.ProtectedError
				if errors.As(err, &refused) {
					err = nil
					var named []int64
					for _, o := range refused.Objects {
						if o.Field.Model != hold || !refused.Restricted {
							rt.Errorf("%+v refuses", o)
						}
						named = append(named, o.PK.(int64))
					}
					slices.Sort(named)
					if !slices.Equal(slices.Compact(named), refusing) {
						rt.Errorf("the holds %v refuse, want %v", named, refusing)
					}
				} else if refusing != nil {
					rt.Errorf("%v do not refuse: %v", refusing, err)
				}
				got, readErr := storedRows(tx)
				if diff := cmp.Diff(want.rows(), got); diff != "" {
					rt.Errorf("deleting %v of %+v leaves (-want +got)\n%s", keys, g, diff)
				}
				return errors.Join(err, readErr, errStop)
			})
			if !errors.Is(err, errStop) || err.Error() != errStop.Error() {
				rt.Fatal(err)
			}
		})
	})
}

func anyOf(keys []int64) (list []any) {
	for _, key := range keys {
		list = append(list, key)
	}
	return list
}

// TestDeleteFailsAsAWhole breaks the connection at each statement in turn, BEGIN and COMMIT among them.
func TestDeleteFailsAsAWhole(t *testing.T) {
	g := graph{
		parent: map[int64]int64{1: 0, 2: 1, 3: 2, 4: 0}, near: [][2]int64{{1, 4}, {4, 3}}, leaf: map[int64]int64{1: 3, 2: 4},
		soft: map[int64]int64{1: 2, 2: 0}, hold: map[int64][2]int64{1: {3, 1}},
	}
	graphTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		registry := graphRegistry(t)
		if err := orm.Atomic(t.Context(), db.Gorm, g.store); err != nil {
			t.Fatal(err)
		}
		var n, step int
		faulty := ormtest.Faults(t, db, func(statement string) error {
			if n++; n == step && statement != "ROLLBACK" {
				return fmt.Errorf("read tcp: %w", io.ErrUnexpectedEOF)
			}
			return nil
		})
		for step = 1; ; step++ {
			n = 0
			err := orm.Delete(faulty.Gorm.WithContext(t.Context()), registry, registry.Model(gNode{}), 1)
			want := g
			if n < step { // all statements passed
				want, _ = g.without([]int64{1})
			} else if !errors.Is(err, orm.ErrUnavailable) {
				t.Errorf("statement %d: the error is %v", step, err)
			}
			got, readErr := storedRows(db.Gorm.WithContext(t.Context()))
			if diff := cmp.Diff(want.rows(), got); diff != "" || readErr != nil {
				t.Errorf("statement %d: %v (-want +got)\n%s", step, readErr, diff)
			}
			if n < step {
				if step < 10 || err != nil {
					t.Errorf("it took %d statements: %v", n, err)
				}
				return
			}
		}
	})
}

func TestDeleteNamesTheTableThatFailed(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		stock(t, db)
		if _, err := db.SQL.Exec("ALTER TABLE library_slip RENAME TO lost"); err != nil {
			t.Fatal(err)
		}
		err := remove(t, db, Loan{}, 1)
		if err == nil || !strings.Contains(err.Error(), "delete library.Slip: ") {
			t.Errorf("the error is %v", err)
		}
	})
}

// TestProtectedErrorsAreBounded has more books on a shelf than an error should carry.
func TestProtectedErrorsAreBounded(t *testing.T) {
	libraryTemplate.Each(t, func(t *testing.T, db *orm.DB) {
		registry := library(t)
		create(t, db, &Shelf{Name: "a"})
		books := make([]*Book, 730)
		var audits []*Audit
		for i := range books {
			books[i] = newBook2(registry, fmt.Sprint(i))
		}
		if err := db.Gorm.WithContext(t.Context()).CreateInBatches(books, 300).Error; err != nil {
			t.Fatal(err)
		}
		var pks []any
		for _, b := range books {
			audits, pks = append(audits, &Audit{BookID: b.ID}), append(pks, b.ID)
		}
		create(t, db, audits)
		for name, err := range map[string]error{"protect": remove(t, db, Shelf{}, 1), "restrict": remove(t, db, Book{}, pks...)} {
			var refused *orm.ProtectedError
			if !errors.As(err, &refused) || len(refused.Objects) != 100 || refused.Restricted != (name == "restrict") {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

// The models of relations to columns that are no primary keys.

type gCountry struct {
	ID   int64   `gorm:"primaryKey"`
	Code *string `gorm:"size:2;unique"`
}

func (gCountry) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "country"} }
func (gCountry) TableName() string { return "g_country" }

type gTown struct {
	ID          int64     `gorm:"primaryKey"`
	CountryCode *string   `gorm:"size:2"`
	Country     *gCountry `gorm:"foreignKey:CountryCode;references:Code" orm:"on_delete=cascade"`
}

func (gTown) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "town"} }
func (gTown) TableName() string { return "g_town" }

// gNote refers to a town and does not care.
type gNote struct {
	ID     int64 `gorm:"primaryKey"`
	TownID int64
	Town   *gTown `orm:"on_delete=do_nothing"`
}

func (gNote) Meta() orm.Meta    { return orm.Meta{App: "g", Name: "note"} }
func (gNote) TableName() string { return "g_note" }

func TestDeleteFollowsOtherColumns(t *testing.T) {
	registry, err := orm.NewRegistry(&gCountry{}, &gTown{}, &gNote{})
	if err != nil {
		t.Fatal(err)
	}
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		g := db.Gorm.WithContext(t.Context())
		for _, statement := range []string{
			"CREATE TABLE g_country (id bigint PRIMARY KEY, code varchar(2) NULL UNIQUE)",
			"CREATE TABLE g_town (id bigint PRIMARY KEY, country_code varchar(2) NULL)",
			"CREATE TABLE g_note (id bigint PRIMARY KEY, town_id bigint NOT NULL)",
			"INSERT INTO g_country VALUES (1, 'de'), (2, 'fr'), (3, NULL)",
			"INSERT INTO g_town VALUES (1, 'de'), (2, 'fr'), (3, NULL)",
			"INSERT INTO g_note VALUES (1, 1), (2, 2)",
		} {
			if err := g.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		if err := orm.Delete(g, registry, registry.Model(gCountry{}), 1, 3); err != nil {
			t.Fatal(err)
		}
		var towns, countries, notes []int64
		err := errors.Join(g.Raw("SELECT id FROM g_town ORDER BY id").Scan(&towns).Error,
			g.Raw("SELECT id FROM g_country").Scan(&countries).Error, g.Raw("SELECT id FROM g_note ORDER BY id").Scan(&notes).Error)
		if diff := cmp.Diff([][]int64{{2, 3}, {2}, {1, 2}}, [][]int64{towns, countries, notes}); err != nil || diff != "" {
			t.Errorf("%v (-want +got)\n%s", err, diff)
		}
	})
}
