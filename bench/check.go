package main

import "context"

// check is replaced below.
func (b *bench) check(context.Context) error { return nil }
