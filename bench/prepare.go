package main

import (
	"context"
	"fmt"
)

// prepare builds the chosen peers, starts PostgreSQL and fills the databases. What is there already is kept.
func (b *bench) prepare(ctx context.Context) error {
	if err := b.needWrk(ctx); err != nil {
		return err
	}
	var lanes []lane
	for _, c := range b.comparisons() {
		lanes = append(lanes, c.reference)
	}
	for _, s := range b.chosenSets() {
		lanes = append(lanes, s.lanes...)
	}
	if err := b.build(ctx, lanes); err != nil {
		return err
	}
	if err := b.needReferences(); err != nil {
		return err
	}
	return b.fill(ctx, lanes)
}

// needReferences refuses to measure answers that nothing can be compared with, unless that is allowed.
func (b *bench) needReferences() error {
	for _, c := range b.comparisons() {
		if why := b.missing[c.reference.peer.name]; why != "" && !b.unchecked {
			return fmt.Errorf("nothing is measured on %s, as %s, which its answers are compared with, cannot be run: %s\n"+
				"mend that, choose other sets by BENCH_SETS, or set BENCH_UNCHECKED=1", c.reference.store.name, c.reference.peer.name, why)
		}
	}
	return nil
}

// prepareLanes builds the peers of lanes and fills their stores.
func (b *bench) prepareLanes(ctx context.Context, lanes []lane) error {
	if err := b.build(ctx, lanes); err != nil {
		return err
	}
	return b.fill(ctx, lanes)
}

// build builds the peers of lanes. One that cannot be built is left out, loudly.
func (b *bench) build(ctx context.Context, lanes []lane) error {
	if err := buildOurs(ctx, b); err != nil {
		return err
	}
	built := map[string]bool{"ours": true}
	for _, l := range lanes {
		name := l.peer.name
		if built[name] {
			continue
		}
		built[name] = true
		if err := l.peer.build(ctx, b); err != nil {
			if ctx.Err() != nil {
				return err
			}
			b.missing[name] = err.Error()
			say("LEFT OUT: %s: %v", name, err)
		}
	}
	return nil
}

// fill makes the databases of lanes.
func (b *bench) fill(ctx context.Context, lanes []lane) error {
	if err := b.cluster.start(ctx); err != nil {
		return err
	}
	for _, l := range lanes {
		if b.missing[l.peer.name] != "" {
			continue
		}
		if err := b.prepareStore(ctx, l); err != nil {
			return err
		}
	}
	return nil
}

// up keeps PostgreSQL running with what the main peers need, and says how it is reached.
func (b *bench) up(ctx context.Context) error {
	if err := b.prepareLanes(ctx, quickSet(nil).lanes); err != nil {
		return err
	}
	fmt.Printf("DATABASE_URL=%q\n", b.cluster.url(storeShop.name))
	<-ctx.Done()
	return nil
}
