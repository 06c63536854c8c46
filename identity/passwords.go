package identity

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
)

// Passwords hashes and checks passwords, a bounded number at a time. The zero value has Django's defaults.
// Its fields may be changed until the first method call; its methods are safe for concurrent use.
type Passwords struct {
	// Hashers are the accepted algorithms. The first makes the new hashes. Empty means [DefaultHashers].
	Hashers []Hasher
	// Parallel is how many passwords are worked on at once; further ones wait. 0 means one for every processor.
	// It bounds the memory too: argon2 takes 100 MB for each.
	Parallel int

	start sync.Once
	slots chan struct{}
}

// unusablePrefix begins the password of accounts that cannot log in by password.
const unusablePrefix = "!"

const unusableLength = 40

// Unusable is a stored value that no password fits.
func (p *Passwords) Unusable() string { return unusablePrefix + RandomText(unusableLength) }

// Hash hashes a new password with the preferred algorithm. While all slots are taken it waits; it gives up with the
// context's error when ctx ends first.
func (p *Passwords) Hash(ctx context.Context, password string) (string, error) {
	if err := p.acquire(ctx); err != nil {
		return "", err
	}
	defer p.release()
	encoded, err := p.preferred().Hash(password)
	if err != nil {
		return "", fmt.Errorf("identity: hashing with %s: %w", p.preferred().Algorithm(), err)
	}
	return encoded, nil
}

// Verify tells whether password belongs to the hash encoded, and whether it should be hashed anew because encoded is of
// another algorithm or cost than the preferred one. An unusable or unreadable hash belongs to no password and takes as
// long to refuse as a good one. The error is the context's.
func (p *Passwords) Verify(ctx context.Context, password, encoded string) (ok, outdated bool, err error) {
	if err := p.acquire(ctx); err != nil {
		return false, false, err
	}
	defer p.release()
	hasher, preferred := p.identify(encoded), p.preferred()
	if hasher == nil {
		_, _ = preferred.Hash(password) // for the time it takes
		return false, false, nil
	}
	changed := hasher.Algorithm() != preferred.Algorithm()
	outdated = changed || preferred.Outdated(encoded)
	ok = hasher.Verify(password, encoded)
	if !ok && !changed && outdated {
		hasher.Harden(password, encoded)
	}
	return ok, outdated, nil
}

func (p *Passwords) init() {
	if len(p.Hashers) == 0 {
		p.Hashers = DefaultHashers()
	}
	if p.Parallel <= 0 {
		p.Parallel = runtime.GOMAXPROCS(0)
	}
	p.slots = make(chan struct{}, p.Parallel)
}

func (p *Passwords) preferred() Hasher { return p.Hashers[0] }

// identify finds the hasher that made encoded, nil for none.
func (p *Passwords) identify(encoded string) Hasher {
	algorithm, _, _ := strings.Cut(encoded, "$")
	for _, h := range p.Hashers {
		if h.Algorithm() == algorithm {
			return h
		}
	}
	return nil
}

func (p *Passwords) acquire(ctx context.Context) error {
	p.start.Do(p.init)
	if ctx.Err() != nil {
		return waitError(ctx)
	}
	select {
	case p.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return waitError(ctx)
	}
}

func waitError(ctx context.Context) error {
	return fmt.Errorf("identity: waiting for a free slot to hash a password: %w", ctx.Err())
}

func (p *Passwords) release() { <-p.slots }
