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
	return b.prepareSets(ctx, b.chosenSets())
}

// prepareSets prepares the lanes of sets. A peer that cannot be built is left out, loudly.
func (b *bench) prepareSets(ctx context.Context, sets []set) error {
	if err := b.cluster.start(ctx); err != nil {
		return err
	}
	if err := buildOurs(ctx, b); err != nil {
		return err
	}
	built := map[string]bool{"ours": true}
	for _, s := range sets {
		for _, l := range s.lanes {
			if name := l.peer.name; !built[name] {
				built[name] = true
				if err := l.peer.build(ctx, b); err != nil {
					if ctx.Err() != nil {
						return err
					}
					b.missing[name] = err.Error()
					say("LEFT OUT: %s: %v", name, err)
				}
			}
		}
	}
	for _, s := range sets {
		for _, l := range b.chosen(s).lanes {
			if err := b.prepareStore(ctx, l); err != nil {
				return err
			}
		}
	}
	return nil
}

// up keeps PostgreSQL running with what the main peers need, and says how it is reached.
func (b *bench) up(ctx context.Context) error {
	if err := b.prepareSets(ctx, []set{quickSet(nil)}); err != nil {
		return err
	}
	fmt.Printf("DATABASE_URL=%q\n", b.cluster.url(storeShop.name))
	<-ctx.Done()
	return nil
}
