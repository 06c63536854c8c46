package conformance_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quintet-go/quintet"
	"github.com/quintet-go/quintet/conformance"
	"github.com/quintet-go/quintet/conformance/replay"
	"github.com/quintet-go/quintet/conformance/testserver"
	"github.com/quintet-go/quintet/identity"
	"github.com/quintet-go/quintet/migrate"
	"github.com/quintet-go/quintet/orm"
	"github.com/quintet-go/quintet/orm/ormtest"
)

// django is the reference project on a database, driven by tools/django/beside.py.
type django struct {
	python, project, script string
	environ                 []string
}

// newDjango makes a project of its own for a database.
func newDjango(t *testing.T, address string) *django {
	t.Helper()
	python, original := os.Getenv("QUINTET_DJANGO_PYTHON"), os.Getenv("QUINTET_DJANGO_PROJECT")
	script, err := filepath.Abs("../tools/django/beside.py")
	if err != nil {
		t.Fatal(err)
	}
	d := &django{python: python, project: filepath.Join(t.TempDir(), "project"), script: script}
	if err := os.CopyFS(d.project, os.DirFS(original)); err != nil {
		t.Fatal(err)
	}
	d.environ = append(os.Environ(), append(databaseOf(t, address), "DJANGO_SETTINGS_MODULE=config.settings")...)
	return d
}

// databaseOf says in the project's words where a database is.
func databaseOf(t *testing.T, address string) []string {
	t.Helper()
	if path, ok := strings.CutPrefix(address, "sqlite:"); ok {
		path, _, _ = strings.Cut(path, "?")
		return []string{"ORACLE_DB=sqlite", "ORACLE_SQLITE=" + path}
	}
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	host, port := u.Hostname(), u.Port()
	if host == "" {
		host, port = u.Query().Get("host"), u.Query().Get("port")
	}
	password, _ := u.User.Password()
	return []string{
		"ORACLE_DB=postgres", "PGHOST=" + host, "PGPORT=" + port, "PGUSER=" + u.User.Username(), "PGPASSWORD=" + password,
		"PGDATABASE=" + strings.TrimPrefix(u.Path, "/"),
	}
}

// findings are what the script reports.
type findings struct {
	Session, Token, Refresh string
	Log                     []struct {
		ID            int64
		Message, Text string
	}
	Invalid             map[string]string
	Rights, Made        []string
	Plan, Changes, Fake string
	Dump                string
	Passwords           map[string]bool
	Sessions, Tokens    map[string]string
	Changed             map[string]int
	Text, Access        string
	Answers             map[string]string // bodies by path
}

func (d *django) run(t *testing.T, command string, given any) findings {
	t.Helper()
	input, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), d.python, d.script, command)
	var out, log bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdin, cmd.Stdout, cmd.Stderr = d.project, d.environ, bytes.NewReader(input), &out, &log
	var found findings
	if err := cmd.Run(); err != nil {
		t.Fatalf("Django, %s: %v\n%s", command, err, log.String())
	}
	if err := json.Unmarshal(out.Bytes(), &found); err != nil {
		t.Fatalf("Django, %s: %v\n%s", command, err, out.String())
	}
	return found
}

// hasNothingToDo checks that Django takes the database for its own, migrated and complete.
func (d *django) hasNothingToDo(t *testing.T) findings {
	t.Helper()
	found := d.run(t, "state", nil)
	if found.Plan != "Planned operations:\n  No planned migration operations." || found.Changes != "No changes detected" ||
		!strings.HasSuffix(found.Fake, "No migrations to apply.") || len(found.Made) > 0 {
		t.Errorf("Django would do this:\n%s\n%s\n%s\nand made %q", found.Plan, found.Changes, found.Fake, found.Made)
	}
	return found
}

// beside is our program on the same database.
type beside struct {
	*shop
	environ []string
	url     string // where it serves
}

func newBeside(t *testing.T, address string) *beside {
	t.Helper()
	return &beside{environ: []string{
		"DATABASE_URL=" + address, "QUINTET_SECRET_KEY=" + signingKey(t), "QUINTET_MEDIA_DIR=" + t.TempDir(),
		"QUINTET_ALLOWED_HOSTS=testserver,.testserver,localhost,127.0.0.1,[::1]", "QUINTET_LOG_LEVEL=error", "QUINTET_LOGIN_RATE=off",
		"QUINTET_TRUSTED_PROXIES=127.0.0.1,::1", "QUINTET_ACCOUNT_CACHE=0s",
	}}
}

// command runs a command of the program.
func (b *beside) command(t *testing.T, args ...string) (string, error) {
	t.Helper()
	o := testserver.Declared()
	o.Environ = b.environ
	var out bytes.Buffer
	cmd := quintet.New(o).Command()
	cmd.SetArgs(args)
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	err := cmd.ExecuteContext(t.Context())
	return out.String(), err
}

func (b *beside) mustCommand(t *testing.T, args ...string) string {
	t.Helper()
	out, err := b.command(t, args...)
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// dump is the whole database as a fixture, without what the first request of each side writes anew.
func (b *beside) dump(t *testing.T) string {
	t.Helper()
	return b.mustCommand(t, "dumpdata", "-e", "contenttypes", "-e", "sessions.session")
}

// serve starts the program.
func (b *beside) serve(t *testing.T) {
	t.Helper()
	config, err := quintet.LoadConfig(b.environ)
	if err != nil {
		t.Fatal(err)
	}
	app := quintet.New(testserver.Declared())
	if err := app.Open(t.Context(), config, io.Discard); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(app.Close)
	handler, err := app.Handler()
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b.shop, b.url = &shop{handler, app}, server.URL
}

// eachBeside runs a test on an empty database of each kind, both at once. It is skipped without a Django.
func eachBeside(t *testing.T, test func(t *testing.T, address string)) {
	if os.Getenv("QUINTET_DJANGO_PYTHON") == "" || os.Getenv("QUINTET_DJANGO_PROJECT") == "" {
		t.Skip("NOT TESTED BESIDE DJANGO: QUINTET_DJANGO_PYTHON and QUINTET_DJANGO_PROJECT are not set; run make django")
	}
	for kind, empty := range map[string]func(testing.TB) string{orm.SQLite: ormtest.SQLite, orm.Postgres: ormtest.Postgres} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			test(t, empty(t))
		})
	}
}

// TestBesideDjango takes over a live project of Django's, writes to it, lets Django read, check and change that, and reads
// it again.
func TestBesideDjango(t *testing.T) {
	eachBeside(t, func(t *testing.T, address string) {
		d, ours := newDjango(t, address), newBeside(t, address)
		laid := d.run(t, "lay", nil)
		checkAdoption(t, ours, address)
		if found := d.hasNothingToDo(t); !cmp.Equal(laid.Rights, found.Rights) {
			t.Errorf("content types and permissions changed:\n%s", cmp.Diff(laid.Rights, found.Rights))
		}
		ours.serve(t)
		ours.checkLaid(t, laid)
		before := ours.dump(t)
		ours.writeRows(t)
		checkWritten(t, before, ours.dump(t))
		session, entry := ours.writeOwn(t)
		theirs := d.run(t, "read", map[string]any{"passwords": map[string]string{"bob": "bob-Pass-55", "zoe": "zoe-Pass-1"}, "sessions": []string{session}})
		sameDump(t, theirs.Dump, ours.dump(t))
		checkRead(t, laid, theirs, session, entry)
		changed := d.run(t, "change", map[string]any{"rename": "zoe", "password": "by-Django-1", "groups": []int{1}, "keep": []string{"admin", "zoe"}, "paths": besidePaths})
		sameDump(t, changed.Dump, ours.dump(t))
		ours.checkChanged(t, changed)
	})
}

// checkAdoption migrates what Django has laid, and compares all rows.
func checkAdoption(t *testing.T, ours *beside, address string) {
	t.Helper()
	before := rowsOf(t, address)
	if len(before) < 500 {
		t.Fatalf("only %d rows", len(before))
	}
	autovacuum := "postgres/0009_quintet_autovacuum.sql\n"
	if strings.HasPrefix(address, "sqlite") {
		autovacuum = "sqlite/0009_quintet_autovacuum.sql\n"
	}
	if out := ours.mustCommand(t, "migrate", "--plan"); out != autovacuum {
		t.Errorf("the plan is %q", out)
	}
	if out := ours.mustCommand(t, "migrate"); out != "applied "+autovacuum {
		t.Errorf("migrate did %q", out)
	}
	if out := ours.mustCommand(t, "check"); strings.Contains(out, "note: catalog") || strings.Contains(out, "note: auth") {
		t.Errorf("check: %s", out)
	}
	after := slices.DeleteFunc(rowsOf(t, address), func(row string) bool { return strings.Contains(row, "quintet") })
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("rows were touched:\n%s", diff)
	}
}

// rowsOf are the rows of all tables, as text.
func rowsOf(t *testing.T, address string) []string {
	t.Helper()
	db := ormtest.Open(t, address)
	defer db.Close()
	query := "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
	if db.Dialect() == orm.Postgres {
		query = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
	}
	var tables, rows []string
	if err := db.Gorm.Raw(query).Scan(&tables).Error; err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		var found []map[string]any
		if err := db.Gorm.Raw(`SELECT * FROM "` + table + `" WHERE 'django_migrations_id_seq' <> '` + table + `'`).Scan(&found).Error; err != nil {
			t.Fatal(err)
		}
		for _, row := range found {
			if row["name"] == "django_migrations" { // the number of its last row, in sqlite_sequence
				continue
			}
			rows = append(rows, table+fmt.Sprint(row))
		}
	}
	slices.Sort(rows)
	return rows
}

// checkLaid uses what Django has made besides rows of resources.
func (b *beside) checkLaid(t *testing.T, laid findings) {
	t.Helper()
	if who, status := b.username(t, "Cookie: sessionid="+laid.Session); who != "alice" {
		t.Errorf("Django's session is of %q, %d", who, status)
	}
	token, err := b.app.Users().TokenByKey(t.Context(), laid.Token)
	if err != nil || token.User.Username != "alice" {
		t.Errorf("Django's token: %v", err)
	}
	access := text(t, b.call("POST /api/token/refresh/", object("refresh", laid.Refresh)), "access")
	if who, status := b.username(t, "Authorization: Bearer "+access); who != "alice" {
		t.Errorf("Django's refresh token is of %q, %d", who, status)
	}
	b.checkLog(t, laid)
}

// checkLog reads the admin's log.
func (b *beside) checkLog(t *testing.T, theirs findings) {
	t.Helper()
	for _, want := range theirs.Log {
		var entry identity.LogEntry
		if err := b.app.DB().Gorm.Take(&entry, want.ID).Error; err != nil {
			t.Fatal(err)
		}
		if got := entry.Message(); got != want.Message {
			t.Errorf("entry %d says %q, Django %q", want.ID, got, want.Message)
		}
	}
}

// writeRows makes a tag and sends every recorded request that writes to a resource, one after the other without a reset.
func (b *beside) writeRows(t *testing.T) {
	t.Helper()
	all, err := conformance.Corpus()
	if err != nil {
		t.Fatal(err)
	}
	writing := slices.DeleteFunc(all, func(s *replay.Scenario) bool {
		return !s.Mutates || !fits(s.Category, "shop.*,model.fields,relations.write,permission.models,validation.*")
	})
	options, err := conformance.Options()
	if err != nil {
		t.Fatal(err)
	}
	access, _ := b.login(t, "admin", "admin-Pass-1")
	if w := b.call("POST /api/tags/", `{"name": "beside Django 😀"}`, "Authorization: Bearer "+access); w.Code != http.StatusCreated {
		t.Errorf("a tag: %d %s", w.Code, w.Body)
	}
	report := replay.Run(t.Context(), writing, []replay.Target{{URL: b.url}}, options)
	if len(report.Results) < 150 {
		t.Errorf("only %d scenarios", len(report.Results))
	}
}

// writeOwn makes what resources do not: an account that logs in, a token, an entry of the log. It returns the session's key.
func (b *beside) writeOwn(t *testing.T) (session string, entry *identity.LogEntry) {
	t.Helper()
	users := b.app.Users()
	zoe, err := users.CreateUser(t.Context(), identity.NewUser{Username: "zoe", Password: "zoe-Pass-1", Email: "zoe@example.org"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := users.TokenOf(t.Context(), zoe); err != nil {
		t.Fatal(err)
	}
	cookies, _ := b.sessionOf(t, "zoe", "zoe-Pass-1")
	for _, pair := range strings.Split(strings.TrimPrefix(cookies, "Cookie: "), "; ") {
		if key, ok := strings.CutPrefix(pair, "sessionid="); ok {
			session = key
		}
	}
	key := fmt.Sprint(zoe.ID)
	entry = &identity.LogEntry{UserID: zoe.ID, ObjectID: &key, ObjectRepr: "zoe “ä”", ActionFlag: identity.Change}
	err = users.Log(t.Context(), "auth.user", entry,
		identity.LogChange{Action: identity.Change, Fields: []string{"Email", "Groups"}},
		identity.LogChange{Action: identity.Deletion, Name: "token", Object: "x"})
	if err != nil {
		t.Fatal(err)
	}
	return session, entry
}

// checkRead compares what Django has read with what was written.
func checkRead(t *testing.T, laid, theirs findings, session string, entry *identity.LogEntry) {
	t.Helper()
	for complaint, object := range theirs.Invalid {
		if _, before := laid.Invalid[complaint]; !before {
			t.Errorf("Django says of %s, which it has not written: %s", object, complaint)
		}
	}
	if !theirs.Passwords["bob"] || !theirs.Passwords["zoe"] || theirs.Sessions[session] != "zoe" {
		t.Errorf("passwords %v, sessions %v", theirs.Passwords, theirs.Sessions)
	}
	if !slices.Contains(slices.Collect(maps.Values(theirs.Tokens)), "zoe") {
		t.Errorf("tokens %v", theirs.Tokens)
	}
	last := theirs.Log[len(theirs.Log)-1]
	if last.ID != entry.ID || last.Message != entry.Message() || !strings.HasPrefix(last.Text, "Changed “zoe “ä”” — Changed Email and Groups.") {
		t.Errorf("the log's last entry is %+v", last)
	}
}

// besidePaths are answered by both sides with the same bytes.
var besidePaths = []string{
	"/api/categories/", "/api/tags/", "/api/products/?page_size=100", "/api/reviews/", "/api/orders/?page_size=100", "/api/users/",
	"/api/groups/", "/api/permissions/", "/api/users/me/", "/kitchen/fields/", "/kitchen/rows/",
}

// checkWritten makes sure that rows of every resource were created, and that some were changed and deleted.
func checkWritten(t *testing.T, before, after string) {
	t.Helper()
	old, now := rowsOfFixture(t, before), rowsOfFixture(t, after)
	created, changed, deleted := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for row, fields := range now {
		model, _, _ := strings.Cut(row, " ")
		if was, stood := old[row]; !stood {
			created[model] = true
		} else if !cmp.Equal(was, fields) {
			changed[model] = true
		}
	}
	for row := range old {
		model, _, _ := strings.Cut(row, " ")
		if _, stands := now[row]; !stands {
			deleted[model] = true
		}
	}
	for _, model := range []string{
		"catalog.category", "catalog.tag", "catalog.product", "catalog.review", "orders.order", "orders.orderitem", "auth.user", "auth.group",
		"kitchen.everything", "kitchen.book", "kitchen.author",
	} {
		if !created[model] {
			t.Errorf("nothing was written of %s", model)
		}
	}
	if len(changed) < 6 || len(deleted) < 3 {
		t.Errorf("only %v were changed, %v deleted", slices.Sorted(maps.Keys(changed)), slices.Sorted(maps.Keys(deleted)))
	}
}

// checkChanged uses what Django has changed.
func (b *beside) checkChanged(t *testing.T, changed findings) {
	t.Helper()
	for model, fields := range changed.Changed {
		if fields == 0 && !strings.HasPrefix(model, "auth.") {
			t.Errorf("Django changed nothing of %s", model)
		}
	}
	for path, want := range changed.Answers {
		if got := b.call("GET "+path, "", "Authorization: Bearer "+changed.Access).Body.String(); got != want || len(got) < 100 {
			t.Errorf("%s (-Django +ours):\n%s", path, cmp.Diff(want, got))
		}
	}
	access, _ := b.login(t, "zoe", "by-Django-1")
	for _, credentials := range []string{"Authorization: Bearer " + access, "Cookie: sessionid=" + changed.Session} {
		if who, status := b.username(t, credentials); who != "zoe" {
			t.Errorf("%.20s is of %q, %d", credentials, who, status)
		}
	}
}

// sameDump compares fixtures that both sides wrote of the whole database.
func sameDump(t *testing.T, theirs, ours string) {
	t.Helper()
	want, got := rowsOfFixture(t, theirs), rowsOfFixture(t, ours)
	if len(want) < 300 {
		t.Errorf("only %d rows to compare", len(want))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-Django +ours):\n%s", diff)
	}
}

// rowsOfFixture are the fields of each object, by model and key.
func rowsOfFixture(t *testing.T, fixture string) map[string]any {
	t.Helper()
	var list []struct {
		Model      string
		PK, Fields any
	}
	if err := json.Unmarshal([]byte(fixture), &list); err != nil {
		t.Fatalf("%v: %.200s", err, fixture)
	}
	rows := map[string]any{}
	for _, row := range list {
		rows[fmt.Sprint(row.Model, " ", row.PK)] = row.Fields
	}
	return rows
}

// TestBesideDjangoOnOurs gives Django a database that we have made, and lets it alter tables there and in one of its own: both
// become the same, and come back.
func TestBesideDjangoOnOurs(t *testing.T) {
	eachBeside(t, func(t *testing.T, address string) {
		d, ours := newDjango(t, address), newBeside(t, address)
		ours.mustCommand(t, "migrate")
		d.hasNothingToDo(t)
		other := emptyLike(t, address)
		elsewhere := newDjango(t, other)
		elsewhere.run(t, "lay", nil)
		sameSchema(t, "made", other, address)
		for _, forward := range []bool{true, false} {
			for _, project := range []*django{d, elsewhere} {
				if out := project.run(t, "alter", map[string]bool{"forward": forward}).Text; !strings.Contains(out, "0002_beside... OK") {
					t.Fatalf("alter, %t: %s", forward, out)
				}
			}
			sameSchema(t, fmt.Sprintf("altered by Django, %t", forward), other, address)
			if forward {
				checkDrift(t, ours)
			}
		}
		if out := ours.mustCommand(t, "migrate"); out != "No migrations to apply.\n" {
			t.Errorf("back again: %s", out)
		}
	})
}

// checkDrift: what Django does alone is refused and named.
func checkDrift(t *testing.T, ours *beside) {
	t.Helper()
	out, err := ours.command(t, "check")
	if err == nil || !strings.Contains(out, "note: catalog_product: has") || !strings.Contains(out, "it has catalog.0002_beside") {
		t.Errorf("check: %v\n%s", err, out)
	}
	if out, err := ours.command(t, "migrate", "--adopt"); err == nil || !strings.Contains(out, "catalog_label") {
		t.Errorf("migrate --adopt: %v\n%s", err, out)
	}
}

func sameSchema(t *testing.T, when, theirs, ours string) {
	t.Helper()
	describe := func(address string) []string {
		db := ormtest.Open(t, address)
		defer db.Close()
		lines, err := migrate.Describe(t.Context(), db)
		if err != nil {
			t.Fatal(err)
		}
		return lines
	}
	if diff := cmp.Diff(describe(theirs), describe(ours)); diff != "" {
		t.Errorf("%s (-Django +ours):\n%s", when, diff)
	}
}

// emptyLike is another empty database of the kind of one.
func emptyLike(t *testing.T, address string) string {
	t.Helper()
	if strings.HasPrefix(address, "sqlite:") {
		return ormtest.SQLite(t)
	}
	return ormtest.Postgres(t)
}
