package main

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// setTables are the tables of a set, one for each of its cells.
func setTables(s set, all results) string {
	var b strings.Builder
	for _, c := range s.cells {
		b.WriteString(cellTable(s, c, all))
	}
	return b.String()
}

// baselines are the peers that a table compares with, where it has them.
var baselines = []string{"pgx", "echo-gorm", "drf", "pocketbase", "shop-drf"}

// cellTable compares the lanes of a set in one cell.
func cellTable(s set, c cell, all results) string {
	var against []string
	for _, name := range baselines {
		if len(all.where(s.name, laneName(s, name), c.work.name, c.connections)) > 0 {
			against = append(against, name)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n**%s**, %s, %d connection(s)\n\n", c.work.name, c.work.title, c.connections)
	head := []string{"", "req/s", "p50 ms", "p99 ms", "CPU s/1k server", "CPU s/1k PostgreSQL", "MB", "others' cores", "errors"}
	for _, name := range against {
		head = append(head, "req/s ÷ "+name, "server CPU: "+name+" ÷ it")
	}
	row(&b, head)
	row(&b, append([]string{"---"}, slicesOf("---:", len(head)-1)...))
	for _, l := range s.lanes {
		r := all.where(s.name, l.name(), c.work.name, c.connections)
		if len(r) == 0 {
			continue
		}
		database := "–"
		if !l.store.file {
			database = digits(r.median(dbCPU), 3)
		}
		line := []string{
			l.name(), digits(r.median(rate), 0), digits(r.median(p50), 2), digits(r.median(p99), 1), digits(r.median(serverCPU), 3),
			database, digits(r.median(held), 0), digits(r.median(foreign), 2), fmt.Sprint(r.errors()),
		}
		for _, name := range against {
			other := all.where(s.name, laneName(s, name), c.work.name, c.connections)
			line = append(line, digits(r.times(other, rate), 2), digits(r.times(other, serverCPU), 2))
		}
		row(&b, line)
	}
	return b.String()
}

// laneName is the name of a peer's first lane in a set.
func laneName(s set, peer string) string {
	for _, l := range s.lanes {
		if l.peer.name == peer {
			return l.name()
		}
	}
	return ""
}

func row(b *strings.Builder, columns []string) {
	b.WriteString("| " + strings.Join(columns, " | ") + " |\n")
}

func slicesOf(text string, n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = text
	}
	return list
}

// digits writes a number with so many places, and a dash for none.
func digits(value float64, places int) string {
	if math.IsNaN(value) || math.IsInf(value, 0) {
		return "–"
	}
	return fmt.Sprintf("%.*f", places, value)
}

func (b *bench) report(context.Context) error { return nil }
