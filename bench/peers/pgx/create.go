package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/quintet-go/quintet/bench/peers/wire"
)

// productInput is the body of a new product.
type productInput struct {
	SKU         *string         `json:"sku"`
	Name        *string         `json:"name"`
	Slug        *string         `json:"slug"`
	Description string          `json:"description"`
	CategoryID  *int64          `json:"category_id"`
	TagIDs      []int64         `json:"tag_ids"`
	Price       json.RawMessage `json:"price"`
	Stock       int64           `json:"stock"`
	Status      string          `json:"status"`
	Attributes  json.RawMessage `json:"attributes"`
	Weight      *float64        `json:"weight"`
}

// fieldErrors are messages by field.
type fieldErrors map[string][]string

func (e fieldErrors) add(field, message string) { e[field] = append(e[field], message) }

var (
	skuPattern   = regexp.MustCompile(`^[A-Z0-9][A-Z0-9-]*$`)
	slugPattern  = regexp.MustCompile(`^[-a-zA-Z0-9_]+$`)
	pricePattern = regexp.MustCompile(`^\d{1,8}(\.\d{1,2})?$`)
)

const required = "This field is required."

// validate checks what can be checked without the database, and fills in the defaults.
func (in *productInput) validate() fieldErrors {
	errs := fieldErrors{}
	errs.checkText("sku", in.SKU, 32, skuPattern)
	errs.checkText("name", in.Name, 200, nil)
	errs.checkText("slug", in.Slug, 50, slugPattern)
	if !pricePattern.MatchString(in.price()) {
		errs.add("price", "A valid number is required.")
	}
	if in.Stock < 0 || in.Stock > 1<<31-1 {
		errs.add("stock", "Ensure this value is greater than or equal to 0.")
	}
	switch in.Status {
	case "":
		in.Status = "draft"
	case "draft", "active", "archived":
	default:
		errs.add("status", strconv.Quote(in.Status)+" is not a valid choice.")
	}
	if in.Attributes == nil {
		in.Attributes = json.RawMessage("{}")
	}
	if in.CategoryID == nil {
		errs.add("category_id", required)
	}
	return errs
}

func (in *productInput) price() string { return strings.Trim(string(in.Price), `"`) }

func (e fieldErrors) checkText(field string, value *string, longest int, pattern *regexp.Regexp) {
	switch {
	case value == nil:
		e.add(field, required)
	case strings.TrimSpace(*value) == "":
		e.add(field, "This field may not be blank.")
	case len(*value) > longest:
		e.add(field, "Ensure this field has no more than "+strconv.Itoa(longest)+" characters.")
	case pattern != nil && !pattern.MatchString(*value):
		e.add(field, "Enter a valid value.")
	}
}

// create stores a product: what it needs is checked in one round trip, it and its tags are written in another.
func (s *server) create(a *answer, r *http.Request, user int64) (int, error) {
	var in productInput
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return a.say(http.StatusBadRequest, `{"detail":"JSON parse error"}`)
	}
	errs := in.validate()
	var category neighbour
	if len(errs) == 0 {
		var err error
		if category, err = s.lookUp(r.Context(), a, &in, errs); err != nil {
			return 0, err
		}
	}
	if len(errs) > 0 {
		text, err := json.Marshal(errs)
		if err != nil {
			return 0, err
		}
		return a.say(http.StatusBadRequest, string(text))
	}
	return s.insert(r.Context(), a, &in, category, user)
}

// neighbour is the category of a new product.
type neighbour struct {
	name, slug string
	parent     *int64
}

const lookUpSQL = `SELECT EXISTS(SELECT 1 FROM catalog_product WHERE sku=$1),EXISTS(SELECT 1 FROM catalog_product WHERE slug=$2),` +
	`c.name,c.slug,c.parent_id,ARRAY(SELECT ROW(t.id,t.name) FROM catalog_tag t WHERE t.id=ANY($4)) ` +
	`FROM (SELECT 1) one LEFT JOIN catalog_category c ON c.id=$3`

// lookUp checks uniqueness and keys, leaves the tags' JSON in a.tags and returns the category.
func (s *server) lookUp(ctx context.Context, a *answer, in *productInput, errs fieldErrors) (neighbour, error) {
	rows, err := s.pool.Query(ctx, lookUpSQL, binary, *in.SKU, *in.Slug, *in.CategoryID, in.TagIDs)
	if err != nil {
		return neighbour{}, err
	}
	defer rows.Close()
	var category neighbour
	for rows.Next() {
		row := rows.RawValues()
		if row[0][0] == 1 {
			errs.add("sku", "product with this sku already exists.")
		}
		if row[1][0] == 1 {
			errs.add("slug", "product with this slug already exists.")
		}
		if row[2] == nil {
			errs.add("category_id", fmt.Sprintf("Invalid pk \"%d\" - object does not exist.", *in.CategoryID))
		}
		category = neighbour{name: string(row[2]), slug: string(row[3])}
		if row[4] != nil {
			parent := wire.Int64(row[4])
			category.parent = &parent
		}
		tags, found := tagRecords(a.tags, row[5])
		a.tags = tags
		if found != len(in.TagIDs) {
			errs.add("tag_ids", "Invalid pk - object does not exist.")
		}
	}
	return category, rows.Err()
}

// tagRecords appends the elements of a binary array of records (id, name), and counts them.
func tagRecords(dst, array []byte) ([]byte, int) {
	if wire.Int32(array) == 0 { // no dimension
		return dst, 0
	}
	count := int(wire.Int32(array[12:]))
	rest := array[20:]
	for i := range count {
		if i > 0 {
			dst = append(dst, ',')
		}
		size := wire.Int32(rest)
		record := rest[8 : 4+size] // behind its length and its number of fields
		rest = rest[4+size:]
		id, record := recordField(record)
		name, _ := recordField(record)
		dst = tag(dst, id, name)
	}
	return dst, count
}

// recordField takes the first field of a record: its type, its length and its bytes.
func recordField(record []byte) (value, rest []byte) {
	end := 8 + wire.Int32(record[4:])
	return record[8:end], record[end:]
}

const insertSQL = `WITH p AS (INSERT INTO catalog_product(sku,name,slug,description,price,stock,status,attributes,weight,` +
	`available_from,image,created_at,updated_at,category_id,created_by_id) ` +
	`VALUES($1,$2,$3,$4,$5::text::numeric,$6,$7,$8::text::jsonb,$9,NULL,NULL,$10,$10,$11,$12) RETURNING id,price), ` +
	`t AS (INSERT INTO catalog_product_tags(product_id,tag_id) SELECT p.id,x FROM p,unnest($13::bigint[]) x) SELECT id,price FROM p`

// insert writes the product and answers it.
func (s *server) insert(ctx context.Context, a *answer, in *productInput, category neighbour, user int64) (int, error) {
	now := time.Now().UTC().Truncate(time.Microsecond)
	rows, err := s.pool.Query(ctx, insertSQL, binary, *in.SKU, *in.Name, *in.Slug, in.Description, in.price(), int32(in.Stock),
		in.Status, string(in.Attributes), in.Weight, now, *in.CategoryID, int32(user), in.TagIDs)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var id int64
	var price []byte
	for rows.Next() {
		id = wire.Int64(rows.RawValues()[0])
		price = decimal(nil, rows.RawValues()[1])
	}
	if err := rows.Err(); err != nil {
		return 0, err
	}
	a.writeCreated(in, category, id, price, user, now)
	return http.StatusCreated, nil
}

func (a *answer) writeCreated(in *productInput, category neighbour, id int64, price []byte, user int64, now time.Time) {
	text := func(name, value string) { a.out = wire.AppendString(append(a.out, name...), []byte(value)) }
	number := func(name string, value int64) { a.out = strconv.AppendInt(append(a.out, name...), value, 10) }
	number(`{"id":`, id)
	text(`,"sku":`, *in.SKU)
	text(`,"name":`, *in.Name)
	text(`,"slug":`, *in.Slug)
	text(`,"description":`, in.Description)
	number(`,"category":{"id":`, *in.CategoryID)
	text(`,"name":`, category.name)
	text(`,"slug":`, category.slug)
	if category.parent != nil {
		number(`,"parent":`, *category.parent)
	} else {
		a.out = append(a.out, `,"parent":null`...)
	}
	a.out = append(append(a.out, `},"tags":[`...), a.tags...)
	a.out = append(append(a.out, `],"price":`...), price...)
	number(`,"stock":`, in.Stock)
	text(`,"status":`, in.Status)
	a.out = wire.AppendCompactJSON(append(a.out, `,"attributes":`...), in.Attributes)
	if in.Weight != nil {
		a.out = wire.AppendFloat(append(a.out, `,"weight":`...), *in.Weight)
	} else {
		a.out = append(a.out, `,"weight":null`...)
	}
	number(`,"available_from":null,"image":null,"created_by":`, user)
	a.out = wire.AppendMicros(append(a.out, `,"created_at":"`...), now.UnixMicro())
	a.out = wire.AppendMicros(append(a.out, `","updated_at":"`...), now.UnixMicro())
	a.out = append(a.out, `"}`...)
}
