package orm

import (
	"context"
	"encoding/binary"
	"fmt"
	"reflect"
	"strconv"

	"github.com/hashicorp/golang-lru/v2/simplelru"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

// prepared is a statement that a connection has prepared.
type prepared struct {
	sql, name string
	arguments []argument
	fields    []pgconn.FieldDescription
	results   []byte // the end of Bind: in which forms results are wanted; and Execute
	scans     []scan // of the fields, as they were last scanned
}

// scan is the way of a column into variables of a type.
type scan struct {
	into reflect.Type
	plan pgtype.ScanPlan
}

// scan reads a value of the i-th column into the variable that to points to, if any.
func (s *prepared) scan(types *pgtype.Map, i int, value []byte, to any) error {
	if to == nil {
		return nil
	}
	if s.scans == nil {
		s.scans = make([]scan, len(s.fields))
	}
	way := &s.scans[i]
	if into := reflect.TypeOf(to); way.into != into {
		*way = scan{into, types.PlanScan(s.fields[i].DataTypeOID, s.fields[i].Format, to)}
	}
	return way.plan.Scan(value, to)
}

// argument is a parameter of a statement.
type argument struct {
	oid    uint32
	format int16 // that is tried first
}

// preparedStatements are those of one connection, the ones used last. The names of others wait to be closed.
type preparedStatements struct {
	byText *simplelru.LRU[string, *prepared]
	closed []string
	named  int
}

func (k *preparedStatements) init(capacity int) {
	k.byText, _ = simplelru.NewLRU(capacity, func(_ string, s *prepared) { // it fails without a capacity only
		k.closed = append(k.closed, s.name)
	})
}

func (k *preparedStatements) remove(s *prepared) { k.byText.Remove(s.sql) }

// name is one that the connection has not had.
func (k *preparedStatements) name() string {
	k.named++
	return "quintet_" + strconv.Itoa(k.named)
}

// appendClosed appends the messages that close the first n statements that are not used any more.
func (k *preparedStatements) appendClosed(out []byte, n int) []byte {
	for _, name := range k.closed[:n] {
		out = append(out, 'C')
		out = binary.BigEndian.AppendUint32(out, uint32(4+1+len(name)+1))
		out = append(append(append(out, 'S'), name...), 0)
	}
	return out
}

// prepare prepares a statement when the connection does not know it.
func (p *pipeline) prepare(ctx context.Context, sql string) (*prepared, error) {
	if s, ok := p.prepared.byText.Get(sql); ok {
		return s, nil
	}
	name := p.prepared.name()
	described, err := p.wire.Prepare(ctx, name, sql, nil)
	if err != nil {
		return nil, err
	}
	s := describe(p.types, described)
	p.prepared.byText.Add(sql, s)
	return s, nil
}

// knows tells whether the statements of a batch are prepared.
func (p *pipeline) knows(items []batchItem) bool {
	for i := range items {
		if !p.prepared.byText.Contains(items[i].sql) {
			return false
		}
	}
	return true
}

// describe decides in which forms the parameters and results of a statement go over the wire: in the binary one where the
// type has it.
func describe(types *pgtype.Map, d *pgconn.StatementDescription) *prepared {
	s := &prepared{sql: d.SQL, name: d.Name, fields: d.Fields}
	for _, oid := range d.ParamOIDs {
		s.arguments = append(s.arguments, argument{oid, types.FormatCodeForOID(oid)})
	}
	s.results = binary.BigEndian.AppendUint16(nil, uint16(len(s.fields)))
	for i := range s.fields {
		s.fields[i].Format = resultFormat(types, s.fields[i].DataTypeOID)
		s.results = binary.BigEndian.AppendUint16(s.results, uint16(s.fields[i].Format))
	}
	s.results = append(s.results, executeMessage...)
	return s
}

// resultFormat is the form in which values are read: lists as text, which a model can hold in a string.
func resultFormat(types *pgtype.Map, oid uint32) int16 {
	if t, ok := types.TypeForOID(oid); ok {
		if _, isList := t.Codec.(*pgtype.ArrayCodec); isList {
			return pgtype.TextFormatCode
		}
	}
	return types.FormatCodeForOID(oid)
}

// executeMessage runs the unnamed portal without a limit of rows.
var executeMessage = []byte{'E', 0, 0, 0, 9, 0, 0, 0, 0, 0}

// appendExecution appends the messages Bind and Execute.
func (s *prepared) appendExecution(out []byte, types *pgtype.Map, args []any) ([]byte, error) {
	if len(args) != len(s.arguments) {
		return out, fmt.Errorf("a statement with %d parameters has %d arguments: %s", len(s.arguments), len(args), s.sql)
	}
	start := len(out) + 1
	out = append(out, 'B', 0, 0, 0, 0, 0) // the length is written when it is known; no name of a portal
	out = append(append(out, s.name...), 0)
	out = binary.BigEndian.AppendUint16(out, uint16(len(args)))
	formats := len(out)
	for range args {
		out = append(out, 0, 0)
	}
	out = binary.BigEndian.AppendUint16(out, uint16(len(args)))
	for i, value := range args {
		var format int16
		var err error
		if out, format, err = s.arguments[i].append(out, types, value); err != nil {
			return out, fmt.Errorf("argument %d: %w", i+1, err)
		}
		binary.BigEndian.PutUint16(out[formats+2*i:], uint16(format))
	}
	binary.BigEndian.PutUint32(out[start:], uint32(len(out)-start+len(s.results)-len(executeMessage)))
	return append(out, s.results...), nil
}

// append appends a value behind its length, in the form that it has: texts as they are, others as the type prefers, or else
// in the other form.
func (a argument) append(out []byte, types *pgtype.Map, value any) ([]byte, int16, error) {
	if longer, format, done := a.appendPlain(out, value); done {
		return longer, format, nil
	}
	first := a.format
	longer, err := a.appendAs(first, out, types, value)
	if err == nil {
		return longer, first, nil
	}
	other := pgtype.TextFormatCode + pgtype.BinaryFormatCode - first
	if longer, otherErr := a.appendAs(other, out, types, value); otherErr == nil {
		return longer, other, nil
	}
	return out, 0, err
}

func (a argument) appendAs(format int16, out []byte, types *pgtype.Map, value any) ([]byte, error) {
	start := len(out)
	longer, err := types.Encode(a.oid, format, value, append(out, 0xff, 0xff, 0xff, 0xff)) // the length of NULL
	if err != nil || longer == nil {
		return append(out, 0xff, 0xff, 0xff, 0xff), err
	}
	binary.BigEndian.PutUint32(longer[start:], uint32(len(longer)-start-4))
	return longer, nil
}
