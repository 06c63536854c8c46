package main

import (
	"slices"
)

// set is a group of cells that are measured in turn, with all their peers running.
type set struct {
	name, title string
	lanes       []lane
	cells       []cell
}

// cell is a workload from a number of connections.
type cell struct {
	work        *workload
	connections int
}

// cells are several workloads from the same number of connections.
func cells(connections int, names ...string) []cell {
	list := make([]cell, len(names))
	for i, name := range names {
		list[i] = cell{workloadNamed(name), connections}
	}
	return list
}

// on puts peers on a store.
func on(s *store, names ...string) []lane {
	list := make([]lane, len(names))
	for i, name := range names {
		list[i] = lane{peerNamed(name), s}
	}
	return list
}

// shopSet is the set of the reference application.
const shopSet = "shop"

// allSets are what a whole benchmark measures, in the order of the report.
func allSets() []set {
	main := []string{"ours", "pgx", "echo-gorm", "drf"}
	return []set{
		{"reads", "Reads on PostgreSQL, 16 connections", on(storeShop, append(main, "drf-gthread")...), cells(usual, "L", "R", "A")},
		{"writes", "Writes on PostgreSQL, 16 connections", on(storeShop, main...), cells(usual, "C", "O")},
		{"single", "One connection", on(storeShop, main...), cells(1, "L", "R", "A")},
		{"many", "64 connections", on(storeShop, main...), cells(64, "L", "R", "A")},
		{"deep", "Deep pages, 16 connections", on(storeShop, main...), cells(usual, "P", "Q")},
		{
			"growth", "From 1,000 to 1,000,000 products, 16 connections",
			slices.Concat(on(storeSmall, "ours"), on(storeShop, "ours"), on(storeLarge, "ours")), cells(usual, "R", "Q", "W", "N"),
		},
		{
			"sqlite", "SQLite, 16 connections",
			append(on(storeFile, "ours", "echo-gorm", "drf"), on(storePocket, "pocketbase")...), cells(usual, "L", "R"),
		},
		{shopSet, "The reference application beside its Django project, 16 connections", on(storeReference, "shop", "shop-drf"), cells(usual, "L", "R")},
	}
}

// quickSet is what is measured during development.
func quickSet(names []string) set {
	if len(names) == 0 {
		names = []string{"L"}
	}
	return set{"quick", "Quick", on(storeShop, "ours", "pgx"), cells(usual, names...)}
}

// chosen is a set without the peers that are not asked for or cannot run.
func (b *bench) chosen(s set) set {
	s.lanes = slices.DeleteFunc(slices.Clone(s.lanes), func(l lane) bool {
		_, missing := b.missing[l.peer.name]
		return missing || len(b.peers) > 0 && !slices.Contains(b.peers, l.peer.name)
	})
	return s
}

// chosenSets are those that are asked for and have something to measure. That of the reference application needs to know
// where its Django project is, unless it is asked for by name.
func (b *bench) chosenSets() []set {
	var list []set
	for _, s := range allSets() {
		if len(b.only) == 0 && (s.name != shopSet || b.reference != "") || slices.Contains(b.only, s.name) {
			if s = b.chosen(s); len(s.lanes) > 0 {
				list = append(list, s)
			}
		}
	}
	return list
}
