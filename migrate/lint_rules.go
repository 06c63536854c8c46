package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quintet-go/quintet/orm"
)

// createIndex reads what stands behind CREATE INDEX.
func (l *linter) createIndex(p phrase) {
	concurrently := p.is("CONCURRENTLY")
	at := p.find("ON")
	if at < 0 {
		return
	}
	name, _ := p[at+1:].skip("ONLY").named()
	switch {
	case !l.live(name):
	case !concurrently:
		l.warn("create-index", fmt.Sprintf("nobody can write to %s until the index is built", name),
			"a migration of its own with -- atomic: false at its head",
			"CREATE INDEX CONCURRENTLY "+p.text())
	case !l.at.outside:
		l.warn("create-index", "CREATE INDEX CONCURRENTLY cannot run in a transaction",
			"a migration of its own with -- atomic: false at its head")
	}
}

// alterTable reads what stands behind ALTER TABLE.
func (l *linter) alterTable(p phrase) {
	table, rest := p.named()
	if !l.live(table) {
		if rest.is("RENAME", "TO") {
			name, _ := rest[2:].named()
			l.created[name] = true
		}
		return
	}
	for _, action := range rest.split() {
		l.alter(table, action)
	}
}

// alter reads one action of ALTER TABLE.
func (l *linter) alter(table string, p phrase) {
	switch {
	case p.is("ADD", "CONSTRAINT"):
		name, rest := p[2:].named()
		l.addConstraint(table, name, rest)
	case p.is("ADD", "FOREIGN", "KEY"), p.is("ADD", "CHECK"), p.is("ADD", "UNIQUE"), p.is("ADD", "PRIMARY", "KEY"), p.is("ADD", "EXCLUDE"):
		l.addConstraint(table, "", p[1:])
	case p.is("ADD"):
		column, rest := p[1:].skip("COLUMN").skip("IF", "NOT", "EXISTS").named()
		l.addColumn(table, column, rest)
	case p.is("ALTER"):
		column, rest := p[1:].skip("COLUMN").named()
		l.alterColumn(table, column, rest)
	case p.is("DROP", "CONSTRAINT"):
	case p.is("DROP"):
		column, _ := p[1:].skip("COLUMN").skip("IF", "EXISTS").named()
		l.dropColumn(table, column)
	case p.is("RENAME"):
		l.rename(table, p[1:])
	case p.is("VALIDATE", "CONSTRAINT"):
		name, _ := p[2:].named()
		l.validate(table, name)
	case p.is("SET", "TABLESPACE"), p.is("SET", "LOGGED"), p.is("SET", "UNLOGGED"), p.is("SET", "ACCESS", "METHOD"):
		l.warn("rewrite", fmt.Sprintf("nobody can use %s while all of it is written anew", table),
			"stop the program for as long as it takes, or move the rows to a new table in batches")
	}
}

// volatile are the functions of defaults that PostgreSQL computes for each row.
var volatile = []string{"gen_random_uuid", "uuid_generate_v4", "random", "clock_timestamp", "timeofday", "nextval"}

func (l *linter) addColumn(table, column string, p phrase) {
	c := quote(column)
	fallback := p.find("DEFAULT")
	switch {
	case p.hasAny("serial", "bigserial", "smallserial", "IDENTITY", "STORED") || fallback >= 0 && p[fallback:].hasAny(volatile...):
		l.warn("add-column", fmt.Sprintf("nobody can use %s while each row gets its own value of %s", table, column),
			fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s … NULL", quote(table), c),
			"set the default for new rows by ALTER COLUMN … SET DEFAULT",
			"fill the rows that are there in batches (a Step, or a task)")
	case p.has("NOT", "NULL") && fallback < 0:
		l.warn("add-column", fmt.Sprintf("rows that are there have no %s, and running code, which does not know it, cannot add any", column),
			l.expand(table, column)...)
	case p.hasAny("UNIQUE", "PRIMARY"):
		l.warn("add-constraint", fmt.Sprintf("nobody can write to %s until the index of %s is built", table, column),
			fmt.Sprintf("ALTER TABLE %s ADD COLUMN %s … NULL", quote(table), c),
			fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY … ON %s (%s), in a migration with -- atomic: false", quote(table), c),
			"ALTER TABLE … ADD CONSTRAINT … UNIQUE USING INDEX …")
	case p.has("REFERENCES") && fallback >= 0, p.has("CHECK"):
		l.warn("add-constraint", fmt.Sprintf("nobody can write to %s while its rows are checked", table),
			"add the column alone", "ALTER TABLE … ADD CONSTRAINT … NOT VALID", "ALTER TABLE … VALIDATE CONSTRAINT …, in the next migration")
	case p.has("NOT", "NULL"):
		l.required[table+"."+column] = true
	}
}

// expand is the way to a new column that may not be NULL.
func (l *linter) expand(table, column string) []string {
	t, c := quote(table), quote(column)
	return []string{
		fmt.Sprintf("this release: ALTER TABLE %s ADD COLUMN %s … NULL (or NOT NULL with a DEFAULT that stays)", t, c),
		fmt.Sprintf("deploy code that writes %s; fill the rows that are there in batches", column),
		fmt.Sprintf(`next release: ALTER TABLE %s ADD CONSTRAINT … CHECK (%s IS NOT NULL) NOT VALID; then, in the next migration, `+
			`VALIDATE CONSTRAINT, ALTER COLUMN %s SET NOT NULL and DROP CONSTRAINT`, t, c, c),
	}
}

func (l *linter) alterColumn(table, column string, p phrase) {
	switch {
	case p.is("TYPE"), p.is("SET", "DATA", "TYPE"):
		if !l.widens(table, column, p[p.find("TYPE")+1:]) {
			l.warn("alter-type", fmt.Sprintf("nobody can use %s while all of it is written anew, and running code expects the old type of %s", table, column),
				fmt.Sprintf("this release: ALTER TABLE %s ADD COLUMN … with the new type, NULL", quote(table)),
				"deploy code that writes both columns; fill the new one in batches",
				fmt.Sprintf("next release: read the new column; one later: drop %s", quote(column)))
		}
	case p.is("SET", "NOT", "NULL"):
		if !l.filled[table+"."+column] && !l.required[table+"."+column] {
			l.warn("set-not-null", fmt.Sprintf("nobody can use %s while its rows are looked through, and running code may still write no %s", table, column),
				l.expand(table, column)[1:]...)
		}
	case p.is("DROP", "DEFAULT"):
		if l.required[table+"."+column] {
			l.warn("add-column", fmt.Sprintf("running code, which does not know %s, cannot add rows to %s any more", column, table),
				"this release: leave the DROP DEFAULT out (ALTER COLUMN … SET DEFAULT keeps rows of old code right)",
				fmt.Sprintf("next release: makemigrations --empty with ALTER TABLE %s ALTER COLUMN %s DROP DEFAULT", quote(table), quote(column)))
		}
	case p.is("ADD", "GENERATED"):
		l.warn("rewrite", fmt.Sprintf("nobody can use %s until %s is numbered", table, column), "stop the program for as long as it takes")
	}
}

// widens tells whether a new type takes all values as they are stored.
func (l *linter) widens(table, column string, p phrase) bool {
	if l.base == nil || p.has("USING") {
		return false
	}
	c := l.base.Table(table).Column(column)
	if c == nil {
		return false
	}
	wanted := strings.ToLower(p.text())
	for _, to := range []ColumnType{"Text", lengthened(c.Type, p)} {
		if widens(c.Type, to) && wanted == to.sql(orm.Postgres) {
			return true
		}
	}
	return false
}

// lengthened is a type with the arguments that stand in parentheses.
func lengthened(t ColumnType, p phrase) ColumnType {
	open := slices.IndexFunc(p, func(w sqlWord) bool { return w.text == "(" })
	if open < 0 {
		return t
	}
	return ColumnType(t.base() + strings.ReplaceAll(p[open:].text(), " ", ""))
}

func (l *linter) addConstraint(table, name string, p phrase) {
	t, key := quote(table), table+"."+name
	unvalidated := p.has("NOT", "VALID")
	if unvalidated {
		l.unvalidated[key] = l.at
	}
	if column, ok := saysPresent(p); ok {
		l.present[key] = table + "." + column
	}
	switch {
	case p.is("UNIQUE"), p.is("PRIMARY", "KEY"):
		if !p.has("USING", "INDEX") {
			l.warn("add-constraint", fmt.Sprintf("nobody can write to %s until the index is built", table),
				fmt.Sprintf("CREATE UNIQUE INDEX CONCURRENTLY %s ON %s …, in a migration of its own with -- atomic: false", quote(name), t),
				fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s … USING INDEX %s", t, quote(name), quote(name)))
		}
	case p.is("EXCLUDE"):
		l.warn("add-constraint", fmt.Sprintf("nobody can write to %s until its index is built, which cannot be done beforehand", table),
			"stop the program for as long as it takes, or move the rows to a new table in batches")
	case !unvalidated:
		l.warn("add-constraint", fmt.Sprintf("nobody can write to %s while its rows are checked", table),
			fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s … NOT VALID", t, quote(name)),
			fmt.Sprintf("in the next migration: ALTER TABLE %s VALIDATE CONSTRAINT %s", t, quote(name)))
	}
}

// saysPresent reads CHECK (column IS NOT NULL).
func saysPresent(p phrase) (column string, ok bool) {
	if !p.is("CHECK", "(") {
		return "", false
	}
	column, rest := p[2:].named()
	return column, rest.is("IS", "NOT", "NULL", ")")
}

// validate reads VALIDATE CONSTRAINT: in the transaction that added it, the lock of that lasts as long.
func (l *linter) validate(table, name string) {
	key := table + "." + name
	if l.unvalidated[key] == l.at && !l.at.outside {
		l.warn("validate-constraint", fmt.Sprintf("nobody can write to %s while its rows are checked: the lock of ADD CONSTRAINT is held until the end of this migration", table),
			fmt.Sprintf("in a migration of its own: ALTER TABLE %s VALIDATE CONSTRAINT %s", quote(table), quote(name)))
	}
	if column, ok := l.present[key]; ok {
		l.filled[column] = true
	}
}

// dropColumn is safe once the previous release has done without the column.
func (l *linter) dropColumn(table, column string) {
	if l.base != nil && l.base.Table(table).Column(column) == nil {
		return
	}
	l.warn("drop-column", fmt.Sprintf("running code still reads and writes %s of %s", column, table),
		fmt.Sprintf("this release: ALTER TABLE %s ALTER COLUMN %s DROP NOT NULL in place of the drop; keep the recorded schema as it is", quote(table), quote(column)),
		fmt.Sprintf("next release: makemigrations --empty with ALTER TABLE %s DROP COLUMN %s", quote(table), quote(column)))
}

func (l *linter) rename(table string, p phrase) {
	switch {
	case p.is("CONSTRAINT"):
	case p.is("TO"):
		name, _ := p[1:].named()
		l.created[name] = true
		l.warn("rename-table", fmt.Sprintf("running code still uses %s", table),
			"keep the name: a model's TableName need not follow the model's name",
			fmt.Sprintf("or, in the same migration: CREATE VIEW %s AS SELECT * FROM %s, and drop the view in the next release", quote(table), quote(name)))
	default:
		column, _ := p.skip("COLUMN").named()
		l.warn("rename-column", fmt.Sprintf("running code still uses %s of %s", column, table),
			fmt.Sprintf("keep the column: gorm:\"column:%s\" gives the field another name than its column", column),
			"or add the new column, write both, fill the new one in batches, and drop the old one a release later")
	}
}

func (l *linter) dropTable(table string) {
	if l.live(table) {
		l.warn("drop-table", fmt.Sprintf("running code still uses %s", table),
			"this release: take the DROP out of the migration; keep the recorded schema as it is",
			fmt.Sprintf("next release: makemigrations --empty with DROP TABLE %s", quote(table)))
	}
}

// changeRows reads UPDATE and DELETE behind the name of the table.
func (l *linter) changeRows(what, table string, p phrase) {
	if !l.live(table) || l.bounded(table, p) {
		return
	}
	l.warn("change-rows", fmt.Sprintf("the rows of %s stay locked until all of them are done", table),
		"take it out of the migration",
		fmt.Sprintf("in batches, each in a transaction of its own: %s %s … WHERE %s BETWEEN … AND …", what, quote(table), quote(l.primary(table))))
}

// bounded tells whether a condition keeps a statement to some rows.
func (l *linter) bounded(table string, p phrase) bool {
	at := p.find("WHERE")
	if at < 0 {
		return false
	}
	condition := p[at:]
	if condition.hasAny("BETWEEN", "LIMIT") {
		return true
	}
	key := l.primary(table)
	for i, w := range condition {
		if strings.EqualFold(w.text, key) && (condition[i+1:].is("=") || condition[i+1:].is("IN") || condition[i+1:].is("<")) {
			return true
		}
	}
	return false
}

func (l *linter) primary(table string) string {
	if l.base != nil && l.base.Table(table) != nil {
		for _, c := range l.base.Table(table).Columns {
			if c.Primary {
				return c.Name
			}
		}
	}
	return "id"
}

// wholeTable reads statements that keep everybody from a table for long.
func (l *linter) wholeTable(p phrase) {
	for _, s := range []struct {
		words []string
		safe  string
	}{
		{[]string{"VACUUM", "FULL"}, "VACUUM without FULL, or pg_repack"},
		{[]string{"VACUUM", "(", "FULL"}, "VACUUM without FULL, or pg_repack"},
		{[]string{"CLUSTER"}, "pg_repack"},
		{[]string{"REINDEX"}, "REINDEX … CONCURRENTLY, in a migration with -- atomic: false"},
		{[]string{"TRUNCATE"}, "delete the rows in batches"},
		{[]string{"LOCK"}, "leave it out; a migration runs alone by the migration lock"},
		{[]string{"REFRESH", "MATERIALIZED", "VIEW"}, "REFRESH MATERIALIZED VIEW CONCURRENTLY, which needs a unique index"},
	} {
		if p.is(s.words...) && !p.has("CONCURRENTLY") && l.concerns(p) {
			l.warn("lock-table", fmt.Sprintf("nobody can use what %s is about until it is done", strings.Join(s.words[:1], " ")), s.safe)
		}
	}
}

// concerns tells whether a statement is about a table in use, or may be.
func (l *linter) concerns(p phrase) bool {
	for _, w := range p {
		if l.created[w.text] {
			return false
		}
	}
	return !l.fresh
}
