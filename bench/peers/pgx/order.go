package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/quintet-go/quintet/bench/peers/wire"
)

// orderInput is the body of a new order.
type orderInput struct {
	Address json.RawMessage `json:"shipping_address"`
	Note    string          `json:"note"`
	Items   []struct {
		Product  int64 `json:"product"`
		Quantity int32 `json:"quantity"`
	} `json:"items"`
}

// lines are the products of an order and how many of each.
type lines struct {
	ids        []int64
	quantities []int32
}

// validate is the refusal of an order, "" for a good one, and its lines.
func (in *orderInput) validate() (refusal string, l lines) {
	if len(in.Items) == 0 {
		return "This list may not be empty.", l
	}
	for _, item := range in.Items {
		if item.Quantity < 1 {
			return "Ensure this value is greater than or equal to 1.", l
		}
		if slices.Contains(l.ids, item.Product) {
			return "Duplicate product.", l
		}
		l.ids, l.quantities = append(l.ids, item.Product), append(l.quantities, item.Quantity)
	}
	if in.Address == nil {
		in.Address = json.RawMessage("{}")
	}
	return "", l
}

func (a *answer) refuseItems(message string) (int, error) {
	return a.say(http.StatusBadRequest, `{"items":["`+message+`"]}`)
}

// order places an order in two round trips: BEGIN and the locks, then all that is written and COMMIT.
func (s *server) order(a *answer, r *http.Request, user int64) (int, error) {
	var in orderInput
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		return a.say(http.StatusBadRequest, `{"detail":"JSON parse error"}`)
	}
	refusal, l := in.validate()
	if refusal != "" {
		return a.refuseItems(refusal)
	}
	ctx := r.Context()
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return 0, err
	}
	defer conn.Release()
	enough, err := lock(ctx, conn, l)
	if err == nil && enough {
		err = a.store(ctx, conn, &in, l, user)
	}
	switch {
	case err != nil:
		return 0, errors.Join(err, rollBack(ctx, conn))
	case !enough:
		if err := rollBack(ctx, conn); err != nil {
			return 0, err
		}
		return a.refuseItems("Insufficient stock.")
	}
	return http.StatusCreated, nil
}

func rollBack(ctx context.Context, conn *pgxpool.Conn) error {
	_, err := conn.Exec(ctx, "ROLLBACK")
	return err
}

// lock begins the transaction, locks the products by id and tells whether there is enough of each.
func lock(ctx context.Context, conn *pgxpool.Conn, l lines) (enough bool, err error) {
	batch := &pgx.Batch{}
	batch.Queue("BEGIN")
	batch.Queue(`SELECT id,stock FROM catalog_product WHERE id=ANY($1) ORDER BY id FOR UPDATE`, l.ids)
	results := conn.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, results.Close()) }()
	if _, err := results.Exec(); err != nil {
		return false, err
	}
	rows, err := results.Query()
	if err != nil {
		return false, err
	}
	defer rows.Close()
	found := 0
	enough = true
	for rows.Next() {
		row := rows.RawValues()
		if i := slices.Index(l.ids, wire.Int64(row[0])); i >= 0 {
			found++
			enough = enough && wire.Int32(row[1]) >= l.quantities[i]
		}
	}
	return enough && found == len(l.ids), rows.Err()
}

const (
	orderInsertSQL = `INSERT INTO orders_order(id,customer_id,status,shipping_address,note,placed_at) VALUES($1,$2,'pending',$3::text::jsonb,$4,$5)`
	linesSQL       = `WITH x AS (UPDATE catalog_product p SET stock=p.stock-u.q ` +
		`FROM unnest($2::bigint[],$3::int[]) WITH ORDINALITY u(id,q,n) WHERE p.id=u.id RETURNING p.id,p.price,u.q,u.n) ` +
		`INSERT INTO orders_orderitem(order_id,product_id,quantity,unit_price) SELECT $1,id,q,price FROM x ORDER BY n ` +
		`RETURNING id,product_id,quantity,unit_price`
)

// store writes the order and its lines, takes the stock, commits, and appends the answer.
func (a *answer) store(ctx context.Context, conn *pgxpool.Conn, in *orderInput, l lines, user int64) (err error) {
	id := uuid.New()
	now := time.Now().UTC().Truncate(time.Microsecond)
	batch := &pgx.Batch{}
	batch.Queue(orderInsertSQL, [16]byte(id), int32(user), string(in.Address), in.Note, now)
	batch.Queue(linesSQL, [16]byte(id), l.ids, l.quantities)
	batch.Queue("COMMIT")
	results := conn.SendBatch(ctx, batch)
	defer func() { err = errors.Join(err, results.Close()) }()
	if _, err := results.Exec(); err != nil {
		return err
	}
	a.writeOrder(in, id, user, now)
	rows, err := results.Query()
	if err != nil {
		return err
	}
	for i := 0; rows.Next(); i++ {
		a.writeLine(i, rows.RawValues())
	}
	a.out = append(a.out, `]}`...)
	if err := rows.Err(); err != nil {
		return err
	}
	_, err = results.Exec()
	return err
}

func (a *answer) writeOrder(in *orderInput, id uuid.UUID, user int64, now time.Time) {
	a.out = wire.AppendUUID(append(a.out, `{"id":"`...), id[:])
	a.out = strconv.AppendInt(append(a.out, `","customer":`...), user, 10)
	a.out = wire.AppendCompactJSON(append(a.out, `,"status":"pending","shipping_address":`...), in.Address)
	a.out = wire.AppendString(append(a.out, `,"note":`...), []byte(in.Note))
	a.out = wire.AppendMicros(append(a.out, `,"placed_at":"`...), now.UnixMicro())
	a.out = append(a.out, `","items":[`...)
}

func (a *answer) writeLine(i int, row [][]byte) {
	if i > 0 {
		a.out = append(a.out, ',')
	}
	a.out = member(a.out, `{"id":`, row[0], integer)
	a.out = member(a.out, `,"product":`, row[1], integer)
	a.out = member(a.out, `,"quantity":`, row[2], integer)
	a.out = append(member(a.out, `,"unit_price":`, row[3], decimal), '}')
}
