package migrate

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"

	"github.com/quintet-go/quintet/orm"
)

const (
	// copyBatch is how many rows are in memory at a time.
	copyBatch = 2000
	// copyBytes is how large they may become, all but the last one.
	copyBytes = 8 << 20
)

// copy copies the rows of a table that fit, and notes those that do not.
func (t *transfer) copy(c *tableCopy) (Digest, error) {
	var d Digest
	var row []byte
	var batch [][]any
	size := 0
	err := c.rows(t.source, func(raw []any) error {
		values, misfits := c.values(raw)
		if len(misfits) > 0 {
			t.misfits.add(misfits...)
			return nil
		}
		row = c.appendRow(row[:0], values)
		d.add(row)
		batch, size = append(batch, values), size+len(row)
		if len(batch) < copyBatch && size < copyBytes {
			return nil
		}
		err := t.write(c, batch)
		clear(batch) // may hold much
		batch, size = batch[:0], 0
		return err
	})
	if err == nil && len(batch) > 0 {
		err = t.write(c, batch)
	}
	if err != nil {
		var misfits *MisfitError
		if errors.As(err, &misfits) {
			return d, err
		}
		return d, fmt.Errorf("copy %s: %w", c.name, err)
	}
	return d, nil
}

// write writes rows to the target.
func (t *transfer) write(c *tableCopy, rows [][]any) error {
	refused, err := t.send(c, rows)
	if refused == nil {
		return err
	}
	t.misfits.add(Misfit{Table: c.name, Key: c.keyOf(rows[refused.row]), Column: refused.column, Problem: refused.Error()})
	return &t.misfits
}

// refusal is a row that the database did not take.
type refusal struct {
	error
	row    int
	column string
}

// send sends rows by COPY where there is one.
func (t *transfer) send(c *tableCopy, rows [][]any) (refused *refusal, err error) {
	native := false
	err = t.conn.Raw(func(driver any) error {
		var inner *stdlib.Conn
		if inner, native = driver.(*stdlib.Conn); !native {
			return nil
		}
		c.bind(rows, func(t valueType) func(any) any { return t.copied })
		_, err := inner.Conn().CopyFrom(t.ctx, pgx.Identifier{c.name}, c.names(), pgx.CopyFromRows(rows))
		return err
	})
	if native {
		return refusedByCopy(err, len(rows)), err
	}
	c.bind(rows, func(t valueType) func(any) any { return t.inserted })
	i, err := insertion{table: c.name, columns: c.names()}.rowsOrOne(t.target, rows)
	if i >= 0 {
		refused = &refusal{error: orm.Translate(err), row: i}
	}
	return refused, err
}

// bind makes the values what is sent.
func (c *tableCopy) bind(rows [][]any, way func(valueType) func(any) any) {
	for i, column := range c.columns {
		convert := way(column.valueType)
		if convert == nil {
			continue
		}
		for _, row := range rows {
			if row[i] != nil {
				row[i] = convert(row[i])
			}
		}
	}
}

// copyContext is what PostgreSQL says of the place where a COPY failed.
var copyContext = regexp.MustCompile(`(?m)^COPY .*, line (\d+)(?:, column ([^:]+))?`)

// refusedByCopy is nil for errors that are not about one of the rows.
func refusedByCopy(err error, rows int) *refusal {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return nil
	}
	place := copyContext.FindStringSubmatch(refused.Where)
	if place == nil {
		return nil
	}
	line, _ := strconv.Atoi(place[1])
	if line < 1 || line > rows {
		return nil
	}
	problem := errors.New(refused.Message)
	if refused.Detail != "" && refused.ColumnName == "" && refused.ConstraintName != "" {
		problem = fmt.Errorf("%s (%s)", refused.Message, refused.Detail)
	}
	return &refusal{error: problem, row: line - 1, column: place[2]}
}
