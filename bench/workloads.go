package main

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
)

// host is what all requests call the server, whatever its port: links in answers are the same then.
const host = "127.0.0.1"

// workload is one kind of request.
type workload struct {
	name, title string
	writes      bool // every request is another one, and what it stored is taken out again
	secured     bool // with the token of one of the users
	requests    func(a addresses, m mix) []request
}

// request is one request without its headers.
type request struct {
	method, path, body string
}

// mix is what requests are drawn from.
type mix struct {
	*rand.Rand
	products int
}

const (
	// distinct is how many requests of a reading workload are sent in turn.
	distinct = 1000
	// unique stands in requests for a number that no other request of the run has.
	unique = "@@@@@@@@"
	// deepPage is where the deep pages are, as a part of all.
	deepPage   = 0.75
	pageSize   = 25
	categories = 100
)

// workloads are all that exist, in the order of reports.
var workloads = []workload{
	{name: "L", title: "list of 25, filtered by category and ordered by price, counted, with nested category and tags", requests: filteredLists},
	{name: "R", title: "one product with nested category and tags", requests: details},
	{name: "A", title: "L with a web token, its user and the permission to view", secured: true, requests: securedLists},
	{name: "C", title: "create a product: validation, uniqueness, three tags", writes: true, secured: true, requests: products},
	{name: "O", title: "place an order of three lines: locks, stock, prices", writes: true, secured: true, requests: orders},
	{name: "P", title: "page 3,000 of 4,000 by number, counted", requests: deepPages},
	{name: "Q", title: "the same depth by cursor", requests: cursorPages},
	{name: "N", title: "first page of everything, counted", requests: firstPages},
	{name: "W", title: "first page of everything, not counted", requests: uncountedPages},
}

func workloadNamed(name string) *workload {
	for i := range workloads {
		if workloads[i].name == name {
			return &workloads[i]
		}
	}
	return nil
}

// addresses are how a kind of server is asked for the same things.
type addresses interface {
	list(query url.Values) string
	secured(query url.Values) string
	detail(id int) string
	cursor(after int) string
	uncounted() string
	page(number int) string
	byCategory(category int) url.Values
	newProduct(sku string, category, price int, tags []int) request
	newOrder(products [3]int) request
}

// several draws as many requests as a workload has.
func several(one func() request) []request {
	list := make([]request, distinct)
	for i := range list {
		list[i] = one()
	}
	return list
}

func get(path string) request { return request{method: "GET", path: path} }

func filteredLists(a addresses, m mix) []request {
	return several(func() request { return get(a.list(a.byCategory(1 + m.IntN(categories)))) })
}

func securedLists(a addresses, m mix) []request {
	return several(func() request { return get(a.secured(a.byCategory(1 + m.IntN(categories)))) })
}

func details(a addresses, m mix) []request {
	return several(func() request { return get(a.detail(m.visible())) })
}

// visible is a product that is no draft, which some peers hide.
func (m mix) visible() int {
	for {
		if id := 1 + m.IntN(m.products); id/100%10 != 0 {
			return id
		}
	}
}

// deep is the position of the deep pages.
func (m mix) deep() int { return int(float64(m.products) * deepPage) }

func deepPages(a addresses, m mix) []request { return []request{get(a.page(m.deep() / pageSize))} }

func cursorPages(a addresses, m mix) []request {
	return several(func() request { return get(a.cursor(m.deep() - m.IntN(m.products/10))) })
}

func firstPages(a addresses, _ mix) []request { return []request{get(a.list(nil))} }

func uncountedPages(a addresses, _ mix) []request { return []request{get(a.uncounted())} }

func products(a addresses, m mix) []request {
	sku := fmt.Sprintf("B%09d-%s", m.IntN(1e9), unique)
	return several(func() request {
		first := 1 + m.IntN(10)
		return a.newProduct(sku, 1+m.IntN(categories), 1+m.IntN(900), []int{first, first + 10, first + 20})
	})
}

func orders(a addresses, m mix) []request {
	return several(func() request {
		first := 1 + m.IntN(m.products-200)
		return a.newOrder([3]int{first, first + 57, first + 111})
	})
}

const (
	newName        = "Product "
	newDescription = "A description of about sixty characters for the new product"
	newAttributes  = `{"color":"red","size":"M"}`
	newAddress     = `{"city":"Oslo","street":"Main 1"}`
)

// restAddresses are those of Django REST Framework, which all peers but PocketBase have.
type restAddresses struct{}

func withQuery(path string, query url.Values) string {
	if len(query) == 0 {
		return path
	}
	return path + "?" + query.Encode()
}

func (restAddresses) list(query url.Values) string { return withQuery("/api/products/", query) }
func (restAddresses) secured(query url.Values) string {
	return withQuery("/api/secure-products/", query)
}
func (restAddresses) detail(id int) string   { return fmt.Sprintf("/api/products/%d/", id) }
func (restAddresses) uncounted() string      { return "/api/uncounted-products/" }
func (restAddresses) page(number int) string { return fmt.Sprintf("/api/products/?page=%d", number) }

func (restAddresses) cursor(after int) string {
	text := base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "p=%d", after))
	return withQuery("/api/cursor-products/", url.Values{"cursor": {text}})
}

func (restAddresses) byCategory(category int) url.Values {
	return url.Values{"category": {fmt.Sprint(category)}, "ordering": {"-price"}}
}

func (restAddresses) newProduct(sku string, category, price int, tags []int) request {
	return request{"POST", "/api/products/", fmt.Sprintf(
		`{"sku":"%s","name":"%s%[1]s","slug":"slug-%[1]s","description":"%[3]s","category_id":%[4]d,"tag_ids":[%[5]s],"price":"%[6]d.50","stock":5,"status":"active","attributes":%[7]s}`,
		sku, newName, newDescription, category, joined("%d", tags), price, newAttributes)}
}

func (restAddresses) newOrder(products [3]int) request {
	return request{"POST", "/api/orders/", orderBody("%d", products)}
}

// orderBody is an order of one, two and three pieces; key is how a product is named.
func orderBody(key string, products [3]int) string {
	lines := make([]string, len(products))
	for i, id := range products {
		lines[i] = fmt.Sprintf(`{"product":`+key+`,"quantity":%d}`, id, i+1)
	}
	return fmt.Sprintf(`{"shipping_address":%s,"note":"please ring","items":[%s]}`, newAddress, strings.Join(lines, ","))
}

func joined(format string, numbers []int) string {
	parts := make([]string, len(numbers))
	for i, n := range numbers {
		parts[i] = fmt.Sprintf(format, n)
	}
	return strings.Join(parts, ",")
}

// shopAddresses are those of the reference application, whose pages have another size.
type shopAddresses struct{ restAddresses }

func (a shopAddresses) byCategory(category int) url.Values {
	query := a.restAddresses.byCategory(category)
	query.Set("page_size", fmt.Sprint(pageSize))
	return query
}

// pocketAddresses are those of PocketBase; keys are 15 characters.
type pocketAddresses struct{}

const pocketRecords = "/api/collections/products/records"

func (pocketAddresses) list(query url.Values) string {
	all := url.Values{"expand": {"category,tags"}, "perPage": {fmt.Sprint(pageSize)}}
	for name, values := range query {
		all[name] = values
	}
	return withQuery(pocketRecords, all)
}

func (a pocketAddresses) secured(query url.Values) string { return a.list(query) }

func (pocketAddresses) detail(id int) string {
	return fmt.Sprintf(pocketRecords+"/p%014d?expand=category,tags", id)
}

func (a pocketAddresses) cursor(after int) string {
	return a.list(url.Values{"sort": {"id"}, "skipTotal": {"1"}, "filter": {fmt.Sprintf("id>'p%014d'", after)}})
}

func (a pocketAddresses) uncounted() string {
	return a.list(url.Values{"sort": {"id"}, "skipTotal": {"1"}})
}

func (a pocketAddresses) page(number int) string {
	return a.list(url.Values{"sort": {"id"}, "page": {fmt.Sprint(number)}})
}

func (pocketAddresses) byCategory(category int) url.Values {
	return url.Values{"sort": {"-price"}, "filter": {fmt.Sprintf("category='c%014d'", category)}}
}

func (pocketAddresses) newProduct(sku string, category, price int, tags []int) request {
	return request{"POST", pocketRecords + "?expand=category,tags", fmt.Sprintf(
		`{"sku":"%s","name":"%s%[1]s","slug":"slug-%[1]s","description":"%[3]s","category":"c%014[4]d","tags":[%[5]s],"price":%[6]d.5,"stock":5,"status":"active","attributes":%[7]s}`,
		sku, newName, newDescription, category, joined(`"t%014d"`, tags), price, newAttributes)}
}

func (pocketAddresses) newOrder(products [3]int) request {
	return request{"POST", "/api/shop/orders", orderBody(`"p%014d"`, products)}
}
