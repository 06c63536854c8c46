package rest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// indexedArticle declares the indexes of docs/filtering.md.
type indexedArticle struct {
	ID    int64  `gorm:"primaryKey"`
	Title string `gorm:"size:200"`
	Code  string `gorm:"size:20"`
	Body  *string
	Note  string
}

func (indexedArticle) TableName() string { return "news_article" }

func (indexedArticle) Meta() orm.Meta {
	return orm.Meta{App: "news", Name: "article", Indexes: []orm.Index{
		{Name: "article_title_trgm", Method: "gin", OpClass: "gin_trgm_ops", Expressions: `UPPER("title")`},
		{Name: "article_code_trgm", Method: "gin", OpClass: "gin_trgm_ops", Fields: []string{"code"}},
		{Name: "article_body_words", Method: "gin", Expressions: `to_tsvector('english', COALESCE("body", ''))`},
	}}
}

// articles is a database that migrations of makemigrations made, with 20,000 rows of which few match a question.
var articles = ormtest.Template{Build: func(ctx context.Context, db *orm.DB) error {
	registry, err := orm.NewRegistry(&indexedArticle{})
	if err != nil {
		return err
	}
	drafts, err := migrate.Make(migrate.SchemaOf(registry), migrate.MakeOptions{FS: fstest.MapFS{}})
	if err != nil {
		return err
	}
	files := fstest.MapFS{}
	for _, f := range drafts[0].Files {
		files[f.Path] = &fstest.MapFile{Data: []byte(f.Text)}
	}
	if _, err := migrate.Migrate(ctx, db, migrate.Options{FS: files}); err != nil {
		return err
	}
	if err := db.Gorm.WithContext(ctx).Exec(`INSERT INTO news_article (id, title, code, body, note)
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
SELECT i, 'Article ' || i, 'C' || i, 'Some words about ' || i, 'running' FROM n
UNION ALL SELECT 30001, 'Straße 7%', 'C-Straße', 'He was running', 'He was running' UNION ALL SELECT 30002, 'STRASSE 7', 'Rue', 'nobody runs', 'nobody runs'
UNION ALL SELECT 30003, 'Écluse', 'ecluse', NULL, ''`).Error; err != nil {
		return err
	}
	for _, statement := range []string{"VACUUM", "ANALYZE"} { // what a database does by itself after a while
		if err := db.Gorm.WithContext(ctx).Exec(statement).Error; err != nil {
			return err
		}
	}
	return nil
}}

// TestSearchUsesDeclaredIndexes asks what the indexes are declared for, and reads PostgreSQL's plan of each statement. An
// index changes no answer, but for the configuration that a full text search takes from it.
func TestSearchUsesDeclaredIndexes(t *testing.T) {
	cases := []struct {
		search  []string
		filter  Filter
		query   string
		found   []int64
		lite    []int64 // on SQLite, where words are looked for as they stand; nil: the same
		indexes []string
	}{
		{search: []string{"title"}, query: "search=traSSe", found: []int64{30002}, indexes: []string{"article_title_trgm"}},
		{search: []string{"title"}, query: "search=cLuSe,lus", found: []int64{30003}, indexes: []string{"article_title_trgm"}},
		{search: []string{"^title"}, query: "search=stra", found: []int64{30001, 30002}, indexes: []string{"article_title_trgm"}},
		{search: []string{"=title"}, query: `search="strasse%207"`, found: []int64{30002}, indexes: []string{"article_title_trgm"}},
		{search: []string{"$code"}, query: "search=^ECLU.e$", found: []int64{30003}, indexes: []string{"article_code_trgm"}},
		{search: []string{"@body"}, query: "search=runs", found: []int64{30001, 30002}, lite: []int64{30002}, indexes: []string{"article_body_words"}},
		{
			search: []string{"title", "@body"}, query: "search=runs", found: []int64{30001, 30002}, lite: []int64{30002},
			indexes: []string{"article_title_trgm", "article_body_words"},
		},
		{filter: By("title", "icontains"), query: "title__icontains=RASSE", found: []int64{30002}, indexes: []string{"article_title_trgm"}},
		{filter: By("title", "icontains"), query: "title__icontains=7%25", found: []int64{30001}, indexes: []string{"article_title_trgm"}},
		{filter: By("title", "iexact"), query: "title__iexact=strasse 7", found: []int64{30002}, indexes: []string{"article_title_trgm"}},
		{filter: By("title", "istartswith"), query: "title__istartswith=strass", found: []int64{30002}, indexes: []string{"article_title_trgm"}},
		{filter: By("title", "iendswith"), query: "title__iendswith=asse 7", found: []int64{30002}, indexes: []string{"article_title_trgm"}},
		{filter: By("code", "contains"), query: "code__contains=Stra", found: []int64{30001}, indexes: []string{"article_code_trgm"}},
		{filter: By("body", "search"), query: "body__search=running", found: []int64{30001, 30002}, lite: []int64{30001}, indexes: []string{"article_body_words"}},
		{filter: Filter{Name: "x", Field: "body", Lookup: "search", Exclude: true}, query: "x=words", found: []int64{30001, 30002, 30003}},
		{search: []string{"@note"}, query: "search=nobody", found: []int64{30002}}, // the database's configuration, no index
	}
	articles.Each(t, func(t *testing.T, db *orm.DB) {
		registry, err := orm.NewRegistry(&indexedArticle{})
		if err != nil {
			t.Fatal(err)
		}
		m := registry.Model(&indexedArticle{})
		for _, c := range cases {
			view := listView{search: c.search, order: []string{"id"}}
			if c.filter.Field != "" {
				view.filters = Filters{c.filter}
			}
			list, r := view.compile(t, m, dialectNamed(db.Dialect())), listRequest(db, "/?"+strings.ReplaceAll(c.query, " ", "%20"))
			var got listAnswer
			texts := statementsOf(r, func() { got = answerOf(list.page(r)) })
			want := c.found
			if db.Dialect() == orm.SQLite && c.lite != nil {
				want = c.lite
			}
			if diff := cmp.Diff(want, got.IDs); diff != "" {
				t.Errorf("%v ?%s (-want +got)\n%s", view.search, c.query, diff)
			}
			if db.Dialect() != orm.Postgres {
				continue
			}
			for _, index := range c.indexes {
				if plan := planOf(t, db, texts[0]); !strings.Contains(plan, "Index Scan on "+index) || strings.Contains(plan, "Seq Scan") {
					t.Errorf("%s is not used for %s\n%s", index, texts[0], plan)
				}
			}
		}
	})
}

// TestIndexesOfWordsAreRecognized reads declared expressions: those over one column in a configuration are of use.
func TestIndexesOfWordsAreRecognized(t *testing.T) {
	for expression, config := range map[string]string{
		`to_tsvector('english', COALESCE("body", ''))`:            "english",
		`TO_TSVECTOR('pg_catalog.simple'::regconfig, "body")`:     "pg_catalog.simple",
		`to_tsvector('english', COALESCE("title", ''))`:           "",
		`to_tsvector('english', "title" || ' ' || "body")`:        "",
		`to_tsvector("body")`:                                     "",
		`UPPER("body")`:                                           "",
		`to_tsvector('english', COALESCE("body", '')) gin_x("?")`: "",
	} {
		m := &orm.Model{Meta: orm.Meta{Indexes: []orm.Index{{Expressions: expression}}}}
		if got := textIndexOf(&orm.Field{Column: "body", Model: m}); got.config != config {
			t.Errorf("%s: %+v, want the configuration %q", expression, got, config)
		}
	}
}

// planOf is how PostgreSQL runs a statement with a text for each parameter.
func planOf(t *testing.T, db *orm.DB, statement string) string {
	t.Helper()
	pooled, err := db.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn := pooled.Hijack() // to prepare statements of its own
	defer conn.Close(t.Context())
	parameters := slices.Repeat([]string{"'%something%'"}, strings.Count(statement, "$"))
	var plan []string
	for _, sql := range []string{"PREPARE listing AS " + statement, "EXPLAIN EXECUTE listing(" + strings.Join(parameters, ", ") + ")"} {
		answers, err := conn.PgConn().Exec(t.Context(), sql).ReadAll()
		if err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
		for _, row := range answers[0].Rows {
			plan = append(plan, string(row[0]))
		}
	}
	return strings.Join(plan, "\n")
}
