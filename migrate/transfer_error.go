package migrate

import (
	"fmt"
	"strings"
)

// NotEmptyError names the tables with rows of a database that [Transfer] should fill.
type NotEmptyError struct{ Tables []string }

// Error names the tables and the ways out.
func (e *NotEmptyError) Error() string {
	return fmt.Sprintf("the target is not empty, there are rows in %s: give an empty database; nothing was changed", strings.Join(e.Tables, ", "))
}

// Misfit is a value that the target cannot store.
type Misfit struct {
	Table  string
	Key    string // of the row: "id=7"
	Column string // empty when the whole row is refused
	// Problem says what is wrong and how to mend it.
	Problem string
}

// String is the place and the problem.
func (m Misfit) String() string {
	place := m.Table + " " + m.Key
	if m.Column != "" {
		place += ", column " + m.Column
	}
	return place + ": " + m.Problem
}

// mostMisfits is how many a MisfitError names.
const mostMisfits = 100

// MisfitError is what [Transfer] found that the target cannot store. Nothing was copied.
type MisfitError struct {
	Misfits []Misfit // the first 100
	Total   int      // how many there are
}

func (e *MisfitError) add(found ...Misfit) {
	e.Total += len(found)
	e.Misfits = append(e.Misfits, found[:min(len(found), mostMisfits-len(e.Misfits))]...)
}

// Error has a line for each.
func (e *MisfitError) Error() string {
	lines := make([]string, 0, len(e.Misfits)+2)
	lines = append(lines, fmt.Sprintf("%d value(s) of the source do not fit; nothing was copied: mend them in the source and run this again", e.Total))
	for _, m := range e.Misfits {
		lines = append(lines, m.String())
	}
	if more := e.Total - len(e.Misfits); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n  ")
}

// ChecksumDifference is a table that came out otherwise than it went in.
type ChecksumDifference struct {
	Table          string
	Source, Target Digest
}

// ChecksumError says that the target has other rows than the source after all was copied, by a trigger or a rule perhaps. All
// was undone.
type ChecksumError struct{ Tables []ChecksumDifference }

// Error has a line for each table.
func (e *ChecksumError) Error() string {
	lines := []string{"the target differs from the source; all was undone: look for triggers and rules in the target that change rows"}
	for _, d := range e.Tables {
		lines = append(lines, fmt.Sprintf("%s: %d rows %s in the source, %d rows %s in the target",
			d.Table, d.Source.Rows, d.Source.Checksum(), d.Target.Rows, d.Target.Checksum()))
	}
	return strings.Join(lines, "\n  ")
}
