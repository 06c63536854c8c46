package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// question is a request whose answers must be the same.
type question struct {
	request
	token string
	// theirs tells that the hand-written peer answers it too: it has no messages of DRF's.
	theirs bool
}

// comparison is what is asked of a reference and of those that must answer as it does.
type comparison struct {
	reference lane
	others    []lane
	questions func(tokens []string) []question
}

// allComparisons are those of a whole benchmark, one for each kind of store that the references run on.
func allComparisons() []comparison {
	reads := func(tokens []string) []question {
		return slices.Concat(readQuestions(restAddresses{}), pageQuestions(), securedQuestions(tokens))
	}
	all := func(tokens []string) []question { return append(reads(tokens), writeQuestions(tokens[0])...) }
	shop := func([]string) []question { return readQuestions(shopAddresses{}) }
	return []comparison{
		{on(storeShop, "drf")[0], on(storeShop, "ours", "pgx"), all},
		{on(storeFile, "drf")[0], on(storeFile, "ours"), reads},
		{on(storeReference, "shop-drf")[0], on(storeReference, "shop"), shop},
	}
}

// comparisons are those that concern the chosen sets, whether their reference is measured or not.
func (b *bench) comparisons() []comparison {
	var list []comparison
	for _, c := range allComparisons() {
		c.others = b.chosen(set{lanes: c.others}).lanes
		measured := func(l lane) bool {
			return slices.ContainsFunc(c.others, func(o lane) bool { return o.name() == l.name() })
		}
		if slices.ContainsFunc(b.chosenSets(), func(s set) bool { return slices.ContainsFunc(s.lanes, measured) }) {
			list = append(list, c)
		}
	}
	return list
}

// check asks ours, the hand-written peer and Django the same things, and fails when their answers differ in one byte: what
// is measured afterwards is the same work.
func (b *bench) check(ctx context.Context) error {
	tokens, err := mintTokens(b.started)
	if err != nil {
		return err
	}
	for _, c := range b.comparisons() {
		if b.missing[c.reference.peer.name] != "" { // and that is allowed
			b.tell(c, "NOT CHECKED: answers on %s, for want of %s", c.reference.store.name, c.reference.peer.name)
			continue
		}
		if err := b.compare(ctx, c, c.questions(tokens)); err != nil {
			return err
		}
	}
	return nil
}

// compare asks all lanes of a comparison.
func (b *bench) compare(ctx context.Context, c comparison, questions []question) (err error) {
	running, err := b.startAll(ctx, append([]lane{c.reference}, c.others...))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stopAll(running)) }()
	for _, q := range questions {
		if err := b.compareOne(ctx, running, q); err != nil {
			return err
		}
	}
	b.tell(c, "%d answers of %s are those of %s, byte for byte", len(questions), names(running[1:]), running[0].name())
	return nil
}

// tell says what came of a comparison, here and in the report.
func (b *bench) tell(c comparison, format string, args ...any) {
	say(format, args...)
	b.compared[c.reference.store.name] = fmt.Sprintf(format, args...)
}

func names(running []*process) string {
	list := make([]string, len(running))
	for i, p := range running {
		list[i] = p.name()
	}
	return strings.Join(list, " and ")
}

func (b *bench) compareOne(ctx context.Context, running []*process, q question) error {
	var want answered
	for i, p := range running {
		if p.peer.name == "pgx" && !q.theirs {
			continue
		}
		got, err := b.askAlone(ctx, p, q)
		if err != nil {
			return err
		}
		if i == 0 {
			want = got
			continue
		}
		if got != want {
			return fmt.Errorf("%s %s %s\n%s answers %d %s\n%s answers %d %s", q.method, q.path, q.body,
				running[0].name(), want.status, want.body, p.name(), got.status, got.body)
		}
	}
	return nil
}

// askAlone sends a question and takes out of the database what it stored, so that the next server can store the same.
func (b *bench) askAlone(ctx context.Context, p *process, q question) (answered, error) {
	a, err := p.send(ctx, q.request, q.token)
	if err != nil || q.method == http.MethodGet {
		return a, err
	}
	a.body = masked(a.body)
	if a.status != http.StatusCreated {
		return a, nil
	}
	return a, b.cleanUp(ctx, cell{work: &workload{writes: true}}, []*process{p})
}

var (
	newUUID = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	newTime = regexp.MustCompile(`(_at":)"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)
	newKey  = regexp.MustCompile(`^\{"id":\d+|\{"id":\d+(,"product")`) // of the object itself, and of an order's lines
)

// masked replaces the keys and times of new rows, which no two answers share.
func masked(body string) string {
	body = newTime.ReplaceAllString(newUUID.ReplaceAllString(body, "UUID"), "${1}TIME")
	return newKey.ReplaceAllString(body, `{"id":KEY$1`)
}

// readQuestions are lists and details of a kind of server.
func readQuestions(a addresses) []question {
	var list []question
	for category := 1; category <= categories; category += 9 {
		list = append(list, question{request: get(a.list(a.byCategory(category))), theirs: true})
	}
	second := a.byCategory(7)
	second.Set("page", "2")
	for _, path := range []string{
		a.list(second), a.detail(2), a.detail(77), a.detail(35035), a.detail(99999), a.page(1), a.page(2),
	} {
		list = append(list, question{request: get(path), theirs: true})
	}
	for _, path := range []string{
		a.detail(1_000_000_000), a.page(1_000_000), a.list(url.Values{"category": {"1001"}}), a.list(url.Values{"price__gte": {"x"}}),
		a.list(url.Values{"search": {"number 77"}}), a.list(url.Values{"status": {"archived"}, "ordering": {"-created_at"}}),
	} {
		list = append(list, question{request: get(path)})
	}
	return list
}

// pageQuestions are deep pages by number and by cursor.
func pageQuestions() []question {
	a := restAddresses{}
	list := []question{
		{request: get("/api/cursor-products/"), theirs: true}, {request: get(a.uncounted())}, {request: get(a.uncounted() + "?page=2")},
	}
	for _, after := range []int{25, 74_990, 99_970, 99_980} {
		list = append(list, question{request: get(a.cursor(after)), theirs: true})
	}
	for _, page := range []int{2_999, 3_000, 4_000} {
		list = append(list, question{request: get(a.page(page)), theirs: true})
	}
	return append(list, question{request: get("/api/cursor-products/?cursor=x")}, question{request: get(a.page(4_001))})
}

// securedQuestions are lists for users, for nobody and for a wrong token.
func securedQuestions(tokens []string) []question {
	a := restAddresses{}
	path := a.secured(a.byCategory(5))
	return []question{
		{request: get(path), token: tokens[0], theirs: true},
		{request: get(path), token: tokens[999], theirs: true},
		{request: get(path)},
		{request: get(path), token: tokens[3] + "x"},
	}
}

// writeQuestions are one good body of each kind, and bad ones.
func writeQuestions(token string) []question {
	a := restAddresses{}
	list := []question{
		{request: a.newProduct("CHECK-1", 3, 12, []int{1, 2, 3}), token: token, theirs: true},
		{request: a.newOrder([3]int{1, 2, 3}), token: token, theirs: true},
		{request: a.newProduct("CHECK-1", 3, 12, []int{1, 2, 3})},
		{request: a.newOrder([3]int{1, 2, 3})},
	}
	for _, body := range []string{
		`{}`, `[]`, `{"sku":`, `{"sku":"SKU-0000001","name":"n","slug":"product-1","category_id":1,"price":"1"}`,
		`{"sku":"lower","name":"","slug":"a b","category_id":1000,"tag_ids":[1,1000],"price":"1.234","stock":-1,"status":"sold"}`,
		`{"sku":"A","name":"n","slug":"s","category_id":"x","tag_ids":1,"price":"abc","stock":"many","attributes":null,"weight":"w"}`,
		`{"sku":null,"name":[],"slug":"","category_id":null,"tag_ids":[],"price":-1,"stock":2147483648,"available_from":"2024-02-30"}`,
		`{"sku":"` + strings.Repeat("A", 33) + `","name":"` + strings.Repeat("n", 201) + `","slug":"` + strings.Repeat("s", 81) + `","price":"123456789.00"}`,
	} {
		list = append(list, question{request: request{http.MethodPost, "/api/products/", body}, token: token})
	}
	for _, body := range []string{
		`{}`, `{"items":[]}`, `{"items":{}}`, `{"items":[{"product":1,"quantity":1},{"product":1,"quantity":1}]}`,
		`{"items":[{"product":1,"quantity":0},{"product":1000000,"quantity":1},{}]}`, `{"items":[{"product":1,"quantity":2000000000}]}`,
	} {
		list = append(list, question{request: request{http.MethodPost, "/api/orders/", body}, token: token})
	}
	return list
}
