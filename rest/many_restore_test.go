package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
	"github.com/quintet-go/quintet/rest"
)

// ribbon, badge and medal differ in how they are ordered.
type ribbon struct {
	ID   int64 `gorm:"primaryKey"`
	Rank int64
}

func (ribbon) TableName() string { return "lib_ribbon" }
func (ribbon) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"-rank"}} }

type badge struct {
	ID   int64  `gorm:"primaryKey"`
	Name string `gorm:"size:9"`
}

func (badge) TableName() string { return "lib_badge" }
func (badge) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"name"}} }

type medal struct {
	ID   int64  `gorm:"primaryKey"`
	Rank *int64 `orm:"blank"`
}

func (medal) TableName() string { return "lib_medal" }
func (medal) Meta() orm.Meta    { return orm.Meta{App: "lib", Ordering: []string{"rank"}} }

type uniform struct {
	ID      int64     `gorm:"primaryKey"`
	Ribbons []*ribbon `gorm:"many2many:lib_uniform_ribbons" orm:"blank"`
	Badges  []*badge  `gorm:"many2many:lib_uniform_badges" orm:"blank"`
	Medals  []*medal  `gorm:"many2many:lib_uniform_medals" orm:"blank"`
}

func (uniform) TableName() string { return "lib_uniform" }
func (uniform) Meta() orm.Meta    { return orm.Meta{App: "lib"} }

// TestStoredListsAreNotReadAgain: where numbers order the related objects, or there is one at most, the answer to a POST shows
// them as a GET does without asking the database; texts, and what may be NULL, are for the database to order.
func TestStoredListsAreNotReadAgain(t *testing.T) {
	ormtest.Each(t, func(t *testing.T, db *orm.DB) {
		c := serve(t, db, []any{&ribbon{}, &badge{}, &medal{}, &uniform{}}, func(g *rest.Group) {
			g.Register("uniforms", &rest.ViewSet[uniform]{Serializer: rest.Auto[uniform]()}, "uniform")
		})
		for _, statement := range []string{
			"INSERT INTO lib_ribbon (id, rank) VALUES (1, 5), (2, 7), (3, 5), (4, 9)",
			"INSERT INTO lib_badge (id, name) VALUES (1, 'b'), (2, 'c'), (3, 'a')",
			"INSERT INTO lib_medal (id, rank) VALUES (1, NULL), (2, 1), (3, 0)",
		} {
			if err := db.Gorm.WithContext(t.Context()).Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		for body, want := range map[string]struct {
			read, order string
		}{
			`{"ribbons":[3,1,4,2,3],"badges":[],"medals":[]}`: {"", `"ribbons":[4,2,1,3]`},
			`{"ribbons":[],"badges":[1,2,3],"medals":[]}`:     {"lib_badge", `"badges":[3,1,2]`},
			`{"ribbons":[],"badges":[],"medals":[1,2,3]}`:     {"lib_medal", `"medals":[`},
			`{"ribbons":[2],"badges":[2],"medals":[1]}`:       {"", `"ribbons":[2],"badges":[2],"medals":[1]`},
		} {
			ctx, count := orm.CountStatements(t.Context())
			c.Context = ctx
			posted := c.Post("/uniforms/", body)
			c.Context = t.Context()
			if got := c.Get(fmt.Sprintf("/uniforms/%v/", posted.Field("id"))); posted.Status != 201 || got.Text() != posted.Text() || !strings.Contains(got.Text(), want.order) {
				t.Errorf("POST %s: %s\nGET: %s", body, posted, got)
			}
			if got := readAfterWriting(count.Texts()); got != want.read {
				t.Errorf("%s is followed by reading %q", body, got)
			}
		}
	})
}

// readAfterWriting are the tables of relations that were read after the first write.
func readAfterWriting(texts []string) string {
	var read []string
	written := false
	for _, text := range texts {
		written = written || !strings.HasPrefix(text, "SELECT")
		for _, table := range []string{"lib_ribbon", "lib_badge", "lib_medal"} {
			if written && strings.HasPrefix(text, `SELECT "`+table+`"`) {
				read = append(read, table)
			}
		}
	}
	return strings.Join(read, " ")
}
