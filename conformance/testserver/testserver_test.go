package testserver_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// resetLimit is how long a reset may take.
const resetLimit = 100 * time.Millisecond

// console is an application that runs the SQL it is sent and answers the rows as text.
type console struct {
	db          *orm.DB
	environment testserver.Environment
	forgotten   int
}

func (c *console) build(ctx context.Context, e testserver.Environment) (*testserver.Application, error) {
	db, err := orm.Open(ctx, orm.Config{URL: e.DatabaseURL, MaxConns: 4, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	c.db, c.environment = db, e
	return &testserver.Application{
		Handler: c,
		Forget:  func() { c.forgotten++ },
		Close:   func() error { db.Close(); return nil },
	}, nil
}

func (c *console) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	query, err := io.ReadAll(r.Body)
	if err == nil {
		err = c.answer(w, r, string(query))
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusTeapot)
	}
}

func (c *console) answer(w io.Writer, r *http.Request, query string) error {
	rows, err := c.db.SQL.QueryContext(r.Context(), query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	values, into := make([]sql.NullString, len(columns)), make([]any, len(columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		fmt.Fprintln(w, values)
	}
	return rows.Err()
}

// server is a console that is served.
type server struct {
	*testserver.Server
	*console
}

func start(t *testing.T, url string) *server {
	t.Helper()
	c := new(console)
	s, err := testserver.Start(t.Context(), testserver.Options{DatabaseURL: url, Build: c.build})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &server{s, c}
}

func post(t *testing.T, url, body string) (status int, answer string) {
	t.Helper()
	response, err := http.Post(url, "text/plain", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(data)
}

// query runs a statement in the application.
func (s *server) query(t *testing.T, statement string) string {
	t.Helper()
	status, answer := post(t, s.URL+"/", statement)
	if status != http.StatusOK {
		t.Fatalf("%s: %s", statement, answer)
	}
	return answer
}

// state is the content of all tables in its physical order.
func (s *server) state(t *testing.T) map[string]string {
	t.Helper()
	list, order := `SELECT name FROM sqlite_master WHERE type = 'table'`, "rowid"
	if s.db.Dialect() == orm.Postgres {
		list, order = `SELECT tablename FROM pg_tables WHERE schemaname = 'public'`, "ctid"
	}
	all := map[string]string{}
	for _, line := range strings.Split(strings.TrimSpace(s.query(t, list)), "\n") {
		name := strings.Fields(strings.Trim(line, "[{}]"))[0]
		all[name] = s.query(t, "SELECT * FROM "+name+" ORDER BY "+order)
	}
	return all
}

func onBoth(t *testing.T, test func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { test(t, "") })
	t.Run("postgres", func(t *testing.T) { test(t, ormtest.Postgres(t)) })
}

// changes are what scenarios do to a database, and more.
var changes = map[string][]string{
	"nothing":          nil,
	"insert":           {`INSERT INTO catalog_tag (name) VALUES ('unheard-of')`},
	"update":           {`UPDATE catalog_product SET price = 1 WHERE id = 1`},
	"delete a few":     {`DELETE FROM kitchen_note WHERE id > 1`},
	"empty a table":    {`DELETE FROM kitchen_seat`},
	"what others need": {`UPDATE auth_user SET first_name = 'x' WHERE id = 2`, `DELETE FROM authtoken_token`},
	"refused insert":   {`INSERT INTO catalog_tag (name) SELECT name FROM catalog_tag WHERE id = 1`},
	"undone and back":  {`DELETE FROM kitchen_row_labels`, `DELETE FROM kitchen_label WHERE id = 1`, `INSERT INTO kitchen_label (id, name) VALUES (1, 'other')`},
	"everything": {
		`DELETE FROM catalog_product_tags`, `DELETE FROM orders_orderitem`, `DELETE FROM orders_order`, `DELETE FROM catalog_review`,
		`DELETE FROM catalog_product`, `UPDATE catalog_category SET parent_id = NULL`, `DELETE FROM catalog_category`,
	},
}

// unchanging are the changes that come to nothing.
var unchanging = map[string]bool{"nothing": true, "refused insert": true}

func TestResetRestoresEveryRow(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := start(t, url)
		fixture := s.state(t)
		if len(fixture) < 41 || !strings.Contains(fixture["auth_user"], "admin") {
			t.Fatalf("the fixture has %d tables", len(fixture))
		}
		for name, statements := range changes {
			t.Run(name, func(t *testing.T) {
				for _, statement := range statements {
					post(t, s.URL+"/", statement) // some are refused on purpose
				}
				if same := cmp.Equal(fixture, s.state(t)); same != unchanging[name] {
					t.Errorf("the statements left everything as it was: %t", same)
				}
				if err := s.Reset(t.Context()); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(fixture, s.state(t)); diff != "" {
					t.Errorf("(-fixture +after the reset):\n%s", diff)
				}
			})
		}
	})
}

func TestResetRestoresTheNextIdentifier(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := start(t, url)
		insert := `INSERT INTO catalog_tag (name) VALUES ('unheard-of') RETURNING id`
		first := s.query(t, insert)
		post(t, s.URL+"/", insert) // refused, as the name is taken, but PostgreSQL counts on
		if err := s.Reset(t.Context()); err != nil {
			t.Fatal(err)
		}
		if again := s.query(t, insert); again != first {
			t.Errorf("identifier %s after the reset, %s before", again, first)
		}
	})
}

// TestResetByAnOrdinaryUser has no right to leave out the checks of foreign keys.
func TestResetByAnOrdinaryUser(t *testing.T) {
	s := start(t, asOrdinaryUser(t, ormtest.Postgres(t)))
	fixture := s.state(t)
	for _, statement := range changes["everything"] {
		s.query(t, statement)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(fixture, s.state(t)); diff != "" {
		t.Errorf("(-fixture +after the reset):\n%s", diff)
	}
}

// asOrdinaryUser gives the database to a new role and returns a URL that takes it on.
func asOrdinaryUser(t *testing.T, url string) string {
	t.Helper()
	admin := ormtest.Open(t, url)
	role := "ordinary_" + strings.ToLower(rand.Text())
	run := func(ctx context.Context, statements ...string) {
		for _, statement := range statements {
			if _, err := admin.SQL.ExecContext(ctx, strings.ReplaceAll(statement, "ROLE_NAME", role)); err != nil {
				t.Errorf("%s: %v", statement, err)
			}
		}
	}
	run(t.Context(), `CREATE ROLE ROLE_NAME`, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I OWNER TO ROLE_NAME', current_database()); END $$`)
	t.Cleanup(func() {
		run(context.Background(), `REASSIGN OWNED BY ROLE_NAME TO CURRENT_USER`, `DROP OWNED BY ROLE_NAME`, `DROP ROLE ROLE_NAME`)
	})
	separator := "?"
	if strings.Contains(url, "?") {
		separator = "&"
	}
	return url + separator + "options=-crole%3D" + role
}

// TestResetIsFast changes tables that most others depend on, as a log-in does. The quickest of many resets counts, because
// other tests may run beside this one.
func TestResetIsFast(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := start(t, url)
		quickest := time.Hour
		for tries := 0; tries < 5 || quickest > resetLimit && tries < 60; tries++ {
			s.query(t, `UPDATE auth_user SET last_name = 'x' WHERE id = 1`)
			s.query(t, `UPDATE catalog_product SET stock = 0 WHERE id = 1`)
			begun := time.Now()
			if err := s.Reset(t.Context()); err != nil {
				t.Fatal(err)
			}
			quickest = min(quickest, time.Since(begun))
		}
		t.Logf("the quickest reset took %v", quickest)
		if quickest > resetLimit {
			t.Errorf("no reset took less than %v, the quickest %v", resetLimit, quickest)
		}
	})
}

// TestResetUnderLoad resets while requests come; each must see the fixture or a change, never a broken database.
func TestResetUnderLoad(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		s := start(t, url)
		stop := make(chan struct{})
		var clients sync.WaitGroup
		for range 3 {
			clients.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					for _, statement := range []string{`SELECT * FROM catalog_product`, `UPDATE catalog_product SET stock = stock + 1 WHERE id = 1`} {
						if status, answer := post(t, s.URL+"/", statement); status != http.StatusOK {
							t.Errorf("%s: %s", statement, answer)
						}
					}
				}
			})
		}
		for range 10 {
			if status, answer := post(t, s.URL+testserver.ResetPath, ""); status != http.StatusOK || answer != "ok" {
				t.Errorf("reset: %d %s", status, answer)
			}
		}
		close(stop)
		clients.Wait()
	})
}

func TestResetRestoresMediaAndMemory(t *testing.T) {
	s := start(t, "")
	red := filepath.Join(s.environment.MediaDir, "products", "red.png")
	before, err := os.ReadFile(red)
	if err != nil {
		t.Fatal(err)
	}
	added := filepath.Join(s.environment.MediaDir, "new", "x.txt")
	if err := errors.Join(os.Mkdir(filepath.Dir(added), 0o755), os.WriteFile(added, nil, 0o644), os.WriteFile(red, nil, 0o644)); err != nil {
		t.Fatal(err)
	}
	if err := s.Reset(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, err := os.ReadFile(red)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("red.png is not restored: %v", err)
	}
	if _, err := os.Stat(added); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an added file: %v, want it gone", err)
	}
	if s.forgotten != 1 {
		t.Errorf("the application was told %d times to forget", s.forgotten)
	}
}

func TestOnlyPostResets(t *testing.T) {
	s := start(t, "")
	response, err := http.Get(s.URL + testserver.ResetPath)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusNotFound || s.forgotten != 0 {
		t.Errorf("GET answers %s; %d resets", response.Status, s.forgotten)
	}
}

func TestFailedResetIsAnswered(t *testing.T) {
	s := start(t, ormtest.Postgres(t))
	s.query(t, `DROP TABLE kitchen_seat`)
	if status, answer := post(t, s.URL+testserver.ResetPath, ""); status != http.StatusInternalServerError || !strings.Contains(answer, "kitchen_seat") {
		t.Errorf("%d %s", status, answer)
	}
}

func TestEnvironment(t *testing.T) {
	s := start(t, "")
	if !strings.HasPrefix(s.environment.SecretKey, "shop-") || s.environment.Log == nil || !strings.HasPrefix(s.environment.DatabaseURL, "sqlite:") {
		t.Errorf("%+v", s.environment)
	}
}

// TestStartAgain starts on a database that an earlier server has left changed.
func TestStartAgain(t *testing.T) {
	for name, url := range map[string]func() string{
		"sqlite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "a shop.db") },
		"postgres": func() string { return ormtest.Postgres(t) },
	} {
		t.Run(name, func(t *testing.T) {
			address := url()
			first := start(t, address)
			fixture := first.state(t)
			first.query(t, `DELETE FROM kitchen_seat`)
			if err := first.Close(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(fixture, start(t, address).state(t)); diff != "" {
				t.Errorf("(-first start +second start):\n%s", diff)
			}
		})
	}
}

func TestForeignDatabasesAreLeftAlone(t *testing.T) {
	onBoth(t, func(t *testing.T, url string) {
		if url == "" {
			url = "sqlite:" + filepath.Join(t.TempDir(), "shop.db")
		}
		db := ormtest.Open(t, url)
		if _, err := db.SQL.ExecContext(t.Context(), `CREATE TABLE catalog_product (id integer); INSERT INTO catalog_product VALUES (1)`); err != nil {
			t.Fatal(err)
		}
		_, err := testserver.Start(t.Context(), testserver.Options{DatabaseURL: url, Build: new(console).build})
		if err == nil || !strings.Contains(err.Error(), "give an empty database") {
			t.Errorf("error %v", err)
		}
		var rows int
		if err := db.SQL.QueryRowContext(t.Context(), `SELECT count(*) FROM catalog_product`).Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%d rows are left: %v", rows, err)
		}
	})
}

func TestFailedStarts(t *testing.T) {
	broken := errors.New("no kitchen")
	port := func(t *testing.T) int {
		var n int
		_, err := fmt.Sscanf(start(t, "").URL, "http://127.0.0.1:%d", &n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	build := new(console).build
	for name, c := range map[string]struct {
		options testserver.Options
		want    string
	}{
		"build":     {testserver.Options{Build: func(context.Context, testserver.Environment) (*testserver.Application, error) { return nil, broken }}, "application: no kitchen"},
		"port":      {testserver.Options{Build: build, Port: port(t)}, "address already in use"},
		"in memory": {testserver.Options{Build: build, DatabaseURL: "sqlite::memory:"}, "names no file"},
		"no server": {testserver.Options{Build: build, DatabaseURL: "postgres://q@127.0.0.1:1/x"}, "fixture database"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			_, err := testserver.Start(t.Context(), c.options)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if left, _ := filepath.Glob(os.TempDir() + "/quintet-conformance-*"); len(left) > 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestCloseRemovesItsFiles(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	s := start(t, "")
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := http.Get(s.URL); err == nil {
		t.Error("it still answers")
	}
}
