package migrate

import (
	"bufio"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/quintet-go/quintet/orm"
)

// DumpOptions says what [DumpData] writes and how. Out is required.
type DumpOptions struct {
	Out            io.Writer
	Labels         []string // apps ("catalog") and models ("catalog.product") to write, in this order; none means all
	Exclude        []string // apps and models to leave out
	PKs            []string // primary keys of the objects to write; Labels names one model then. None means all
	Indent         int      // spaces a level; 0 writes everything on one line
	NaturalForeign bool     // refer by natural keys where there are any
	NaturalPrimary bool     // leave out the primary keys of objects that have natural keys
	// NaturalKeys adds natural keys by label, for models that do not implement [NaturalKeyer].
	NaturalKeys map[string][]string
}

// DumpData writes the rows of the registered models as a Django fixture, with the bytes of manage.py dumpdata: fields in
// the order of the model, times cut to milliseconds. Rows come in the order of their primary keys and are read in batches
// within one snapshot of the database.
func DumpData(ctx context.Context, db *orm.DB, reg *orm.Registry, opts DumpOptions) error {
	natural, err := newNaturalKeys(reg, opts.NaturalKeys)
	if err != nil {
		return err
	}
	models, err := modelsToDump(reg.Models(), opts, natural)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(opts.Out)
	err = snapshot(ctx, db, func(tx *gorm.DB) error {
		d := &dumper{
			ctx: ctx, tx: tx, out: out, opts: opts, natural: natural,
			style: jsonStyle{indent: opts.Indent}, named: map[*orm.Model]map[any][]byte{},
		}
		return d.dump(models)
	})
	return errors.Join(err, out.Flush())
}

// snapshot runs f in a transaction that only reads and sees one state of the database. Others may write meanwhile.
func snapshot(ctx context.Context, db *orm.DB, f func(tx *gorm.DB) error) error {
	options := &sql.TxOptions{ReadOnly: true}
	if db.Dialect() == orm.Postgres {
		options.Isolation = sql.LevelRepeatableRead
	}
	return db.Gorm.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if err := withoutTimeout(tx); err != nil {
			return err
		}
		return f(tx)
	}, options)
}

// withoutTimeout lets the statements of a transaction take as long as they take. On SQLite its context does so.
func withoutTimeout(tx *gorm.DB) error {
	if tx.Name() != orm.Postgres {
		return nil
	}
	if err := tx.Exec("SET LOCAL statement_timeout = 0").Error; err != nil {
		return fmt.Errorf("lift the time limit of statements: %w", err)
	}
	return nil
}

// dumper writes one fixture.
type dumper struct {
	ctx     context.Context //nolint:containedctx // lives as long as the one call
	tx      *gorm.DB
	out     *bufio.Writer
	opts    DumpOptions
	style   jsonStyle
	natural naturalKeys
	named   map[*orm.Model]map[any][]byte // natural keys as JSON values, by primary key
	begun   bool
}

func (d *dumper) dump(models []*orm.Model) error {
	_ = d.out.WriteByte('[') // an error stays and comes with Flush
	for _, m := range models {
		if err := d.model(m); err != nil {
			return fmt.Errorf("dump %s: %w", m.LabelLower(), err)
		}
	}
	end := "]"
	if d.opts.Indent > 0 {
		end = "\n]\n"
	}
	_, err := d.out.WriteString(end)
	return err
}

// model writes the rows of one model, batch by batch.
func (d *dumper) model(m *orm.Model) error {
	const size = 500
	var columns []string
	for _, f := range m.Fields {
		if f.Column != "" {
			columns = append(columns, f.Column)
		}
	}
	pk := quote(m.PK.Column)
	query := d.tx.Model(reflect.New(m.Type).Interface()).Select(columns).Order(pk).Limit(size)
	if len(d.opts.PKs) > 0 {
		keys, err := primaryKeys(m, d.opts.PKs)
		if err != nil {
			return err
		}
		query = query.Where(pk+" IN ?", keys)
	}
	for next := query; ; {
		rows := reflect.New(reflect.SliceOf(m.Type))
		if err := next.Session(&gorm.Session{}).Find(rows.Interface()).Error; err != nil {
			return err
		}
		batch := rows.Elem()
		if err := d.batch(m, batch); err != nil {
			return err
		}
		if batch.Len() < size {
			return nil
		}
		last := batch.Index(batch.Len() - 1).FieldByIndex(m.PK.Index).Interface()
		next = query.Session(&gorm.Session{}).Where(pk+" > ?", last)
	}
}

// primaryKeys reads primary keys as fixtures write them.
func primaryKeys(m *orm.Model, texts []string) ([]any, error) {
	keys := make([]any, len(texts))
	for i, text := range texts {
		key := reflect.New(m.PK.Type).Elem()
		if err := setText(key, m.PK, text); err != nil {
			return nil, fmt.Errorf("primary key: %w", err)
		}
		keys[i] = key.Interface()
	}
	return keys, nil
}

// batch writes rows, after reading what they refer to in one statement a relation.
func (d *dumper) batch(m *orm.Model, rows reflect.Value) error {
	if rows.Len() == 0 {
		return nil
	}
	for _, names := range d.named {
		if len(names) >= remembered {
			clear(names)
		}
	}
	lists := map[*orm.Field]map[any][]any{}
	for _, f := range m.Fields {
		var err error
		switch {
		case f.Kind == orm.ManyToMany:
			lists[f], err = d.lists(m, f, rows)
		case d.byName(f):
			err = d.name(f.Related, values(rows, f))
		}
		if err != nil {
			return fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	for i := range rows.Len() {
		if err := d.object(m, rows.Index(i), lists); err != nil {
			return err
		}
	}
	return nil
}

// byName tells whether f refers by natural key.
func (d *dumper) byName(f *orm.Field) bool {
	return d.opts.NaturalForeign && f.Related != nil && len(d.natural[f.Related]) > 0
}

// values returns the distinct values of a column that are not null.
func values(rows reflect.Value, f *orm.Field) []any {
	seen := map[any]bool{}
	var found []any
	for i := range rows.Len() {
		v := reflect.Indirect(rows.Index(i).FieldByIndex(f.Index))
		if v.IsValid() && !seen[v.Interface()] {
			seen[v.Interface()] = true
			found = append(found, v.Interface())
		}
	}
	return found
}

// lists reads a many-to-many field of all rows: primary keys of the other side, in its model's order.
func (d *dumper) lists(m *orm.Model, f *orm.Field, rows reflect.Value) (map[any][]any, error) {
	table, own, other := joinTable(f)
	var j joins
	order, err := ordering(&j, f.Related)
	if err != nil {
		return nil, err
	}
	query := fmt.Sprintf("SELECT m.%s, m.%s FROM %s m JOIN %s t ON t.%s = m.%s%s WHERE m.%s IN ? ORDER BY %s", own, other, table,
		quote(f.Related.Table), quote(f.Related.PK.Column), other, j.sql.String(), own, order)
	lists := map[any][]any{}
	var keys []any
	err = eachPair(d.tx.Raw(query, values(rows, m.PK)), f, func(owner, key any) {
		lists[owner], keys = append(lists[owner], key), append(keys, key)
	})
	if err != nil || !d.byName(f) {
		return lists, err
	}
	return lists, d.name(f.Related, keys)
}

// ordering is the ORDER BY of a model under the alias t; the primary key decides between equals.
func ordering(j *joins, m *orm.Model) (string, error) {
	var terms []string
	for _, name := range m.Meta.Ordering {
		name, descending := strings.CutPrefix(name, "-")
		p, err := columnPath(m, name)
		if err != nil {
			return "", fmt.Errorf("ordering of %s: %w", m.LabelLower(), err)
		}
		term := j.column("t", p)
		if descending {
			term += " DESC"
		}
		terms = append(terms, term)
	}
	return strings.Join(append(terms, "t."+quote(m.PK.Column)), ", "), nil
}

// name reads the natural keys of objects of m, those that are not known yet.
func (d *dumper) name(m *orm.Model, keys []any) error {
	if d.named[m] == nil {
		d.named[m] = map[any][]byte{}
	}
	keys = slices.DeleteFunc(slices.Clone(keys), func(key any) bool { return d.named[m][key] != nil })
	const batch = 500
	for ; len(keys) > 0; keys = keys[min(batch, len(keys)):] {
		if err := d.nameSome(m, keys[:min(batch, len(keys))]); err != nil {
			return err
		}
	}
	return nil
}

func (d *dumper) nameSome(m *orm.Model, keys []any) error {
	var j joins
	columns := []string{"t." + quote(m.PK.Column)}
	for _, p := range d.natural[m] {
		columns = append(columns, j.column("t", p))
	}
	query := fmt.Sprintf("SELECT %s FROM %s t%s WHERE t.%s IN ?", strings.Join(columns, ", "), quote(m.Table), j.sql.String(), quote(m.PK.Column))
	rows, err := d.tx.Raw(query, keys).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		pk := reflect.New(m.PK.Type)
		parts := []any{pk.Interface()}
		for _, p := range d.natural[m] {
			parts = append(parts, reflect.New(p.Field.Type).Interface())
		}
		if err := rows.Scan(parts...); err != nil {
			return err
		}
		if d.named[m][pk.Elem().Interface()], err = d.naturalJSON(m, parts[1:]); err != nil {
			return err
		}
	}
	return rows.Err()
}

// naturalJSON is a natural key as a JSON list.
func (d *dumper) naturalJSON(m *orm.Model, parts []any) ([]byte, error) {
	text := []byte{'['}
	for i, p := range d.natural[m] {
		if i > 0 {
			text = append(text, ',')
		}
		var err error
		if text, err = (jsonStyle{}).appendValue(text, p.Field, reflect.ValueOf(parts[i]).Elem(), 0); err != nil {
			return nil, err
		}
	}
	return append(text, ']'), nil
}

// object writes one row.
func (d *dumper) object(m *orm.Model, row reflect.Value, lists map[*orm.Field]map[any][]any) error {
	pk := row.FieldByIndex(m.PK.Index)
	text := d.style.next(nil, !d.begun, 0)
	d.begun = true
	text = append(d.style.line(append(text, '{'), 1), `"model": `...)
	text = append(d.style.text(text, m.LabelLower()), ',')
	if !d.opts.NaturalPrimary || len(d.natural[m]) == 0 {
		text = append(d.space(text), `"pk": `...)
		var err error
		if text, err = d.style.appendValue(text, m.PK, pk, 1); err != nil {
			return err
		}
		text = append(text, ',')
	}
	text = append(d.space(text), `"fields": {`...)
	text, err := d.fields(text, m, row, lists)
	if err != nil {
		return fmt.Errorf("pk %v: %w", pk.Interface(), err)
	}
	_, err = d.out.Write(append(d.style.line(append(text, '}'), 0), '}'))
	return err
}

// space appends what stands between two members of an object.
func (d *dumper) space(text []byte) []byte {
	if d.opts.Indent == 0 {
		return append(text, ' ')
	}
	return d.style.line(text, 1)
}

// fields appends the members of an object's "fields".
func (d *dumper) fields(text []byte, m *orm.Model, row reflect.Value, lists map[*orm.Field]map[any][]any) ([]byte, error) {
	first := true
	for _, f := range m.Fields {
		if f == m.PK {
			continue
		}
		text = d.style.text(d.style.next(text, first, 2), f.Name)
		text = append(text, ": "...)
		first = false
		var err error
		if f.Kind == orm.ManyToMany {
			text, err = d.list(text, f, lists[f][row.FieldByIndex(m.PK.Index).Interface()])
		} else {
			text, err = d.field(text, f, row.FieldByIndex(f.Index), 2)
		}
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
	}
	if !first {
		text = d.style.line(text, 1)
	}
	return text, nil
}

// list appends a many-to-many list.
func (d *dumper) list(text []byte, f *orm.Field, keys []any) ([]byte, error) {
	text = append(text, '[')
	for i, key := range keys {
		text = d.style.next(text, i == 0, 3)
		var err error
		if text, err = d.key(text, f, reflect.ValueOf(key), 3); err != nil {
			return nil, err
		}
	}
	if len(keys) > 0 {
		text = d.style.line(text, 2)
	}
	return append(text, ']'), nil
}

// field appends the value of a column.
func (d *dumper) field(text []byte, f *orm.Field, v reflect.Value, level int) ([]byte, error) {
	if f.Related == nil {
		return d.style.appendValue(text, f, v, level)
	}
	if v = reflect.Indirect(v); !v.IsValid() {
		return append(text, "null"...), nil
	}
	return d.key(text, f, v, level)
}

// key appends a reference: the primary key, or the natural key where it is wanted.
func (d *dumper) key(text []byte, f *orm.Field, v reflect.Value, level int) ([]byte, error) {
	if name := d.named[f.Related][v.Interface()]; name != nil && d.byName(f) {
		return d.style.format(text, name, level)
	}
	return d.style.appendValue(text, f.Related.PK, v, level)
}
