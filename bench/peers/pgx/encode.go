package main

import (
	"strconv"

	"github.com/quintet-go/quintet/bench/peers/wire"
)

// The columns of a product, in the order of productColumns.
const (
	colID = iota
	colSKU
	colName
	colSlug
	colDescription
	colCategory
	colCategoryName
	colCategorySlug
	colParent
	colPrice
	colStock
	colStatus
	colAttributes
	colWeight
	colAvailableFrom
	colImage
	colCreatedBy
	colCreatedAt
	colUpdatedAt
)

const productColumns = `p.id,p.sku,p.name,p.slug,p.description,c.id,c.name,c.slug,c.parent_id,p.price,p.stock,p.status,` +
	`p.attributes,p.weight,p.available_from,p.image,p.created_by_id,p.created_at,p.updated_at`

type appender func(dst, value []byte) []byte

// member appends a JSON member whose value may be SQL's NULL.
func member(dst []byte, name string, value []byte, f appender) []byte {
	dst = append(dst, name...)
	if value == nil {
		return append(dst, "null"...)
	}
	return f(dst, value)
}

// productHead appends a product up to the opening bracket of its tags, productTail what follows them.
func productHead(dst []byte, row [][]byte) []byte {
	dst = member(dst, `{"id":`, row[colID], integer)
	dst = member(dst, `,"sku":`, row[colSKU], wire.AppendString)
	dst = member(dst, `,"name":`, row[colName], wire.AppendString)
	dst = member(dst, `,"slug":`, row[colSlug], wire.AppendString)
	dst = member(dst, `,"description":`, row[colDescription], wire.AppendString)
	dst = member(dst, `,"category":{"id":`, row[colCategory], integer)
	dst = member(dst, `,"name":`, row[colCategoryName], wire.AppendString)
	dst = member(dst, `,"slug":`, row[colCategorySlug], wire.AppendString)
	dst = member(dst, `,"parent":`, row[colParent], integer)
	return append(dst, `},"tags":[`...)
}

func productTail(dst []byte, row [][]byte) []byte {
	dst = member(dst, `],"price":`, row[colPrice], decimal)
	dst = member(dst, `,"stock":`, row[colStock], integer)
	dst = member(dst, `,"status":`, row[colStatus], wire.AppendString)
	dst = member(dst, `,"attributes":`, row[colAttributes], document)
	dst = member(dst, `,"weight":`, row[colWeight], float)
	dst = member(dst, `,"available_from":`, row[colAvailableFrom], date)
	dst = member(dst, `,"image":`, row[colImage], wire.AppendString)
	dst = member(dst, `,"created_by":`, row[colCreatedBy], integer)
	dst = member(dst, `,"created_at":`, row[colCreatedAt], instant)
	dst = member(dst, `,"updated_at":`, row[colUpdatedAt], instant)
	return append(dst, '}')
}

func tag(dst, id, name []byte) []byte {
	dst = member(dst, `{"id":`, id, integer)
	dst = member(dst, `,"name":`, name, wire.AppendString)
	return append(dst, '}')
}

func integer(dst, v []byte) []byte {
	if len(v) == 4 {
		return strconv.AppendInt(dst, int64(wire.Int32(v)), 10)
	}
	return strconv.AppendInt(dst, wire.Int64(v), 10)
}

func decimal(dst, v []byte) []byte {
	return append(wire.AppendNumeric(append(dst, '"'), v), '"')
}

func float(dst, v []byte) []byte { return wire.AppendFloat(dst, wire.Float64(v)) }

func date(dst, v []byte) []byte {
	return append(wire.AppendDays(append(dst, '"'), int64(wire.Int32(v))+wire.PostgresEpoch), '"')
}

func instant(dst, v []byte) []byte {
	const day = 86400e6 // microseconds
	return append(wire.AppendMicros(append(dst, '"'), wire.Int64(v)+wire.PostgresEpoch*day), '"')
}

// document appends a jsonb value, whose binary form begins with a version byte; a batch may answer in text.
func document(dst, v []byte) []byte {
	if len(v) > 0 && v[0] == 1 {
		v = v[1:]
	}
	return wire.AppendCompactJSON(dst, v)
}
