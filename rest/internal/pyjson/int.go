package pyjson

import (
	"math/big"
	"strconv"
)

// Int is a Python integer: of any size, stored in a machine word when it fits. The zero value is 0.
// Two Ints are compared with Cmp, not with ==.
type Int struct {
	small int64
	big   *big.Int // nil when the number fits into small
}

// NewInt returns v as an Int.
func NewInt(v int64) Int { return Int{small: v} }

// NewBig returns v as an Int; v is not copied and must not change afterwards.
func NewBig(v *big.Int) Int {
	if v.IsInt64() {
		return Int{small: v.Int64()}
	}
	return Int{big: v}
}

// Int64 returns the number and true, or false when it needs more than 64 bits.
func (n Int) Int64() (int64, bool) { return n.small, n.big == nil }

// Big returns the number as a new big integer.
func (n Int) Big() *big.Int {
	if n.big != nil {
		return new(big.Int).Set(n.big)
	}
	return big.NewInt(n.small)
}

// Sign returns -1, 0 or 1.
func (n Int) Sign() int {
	switch {
	case n.big != nil:
		return n.big.Sign()
	case n.small < 0:
		return -1
	case n.small > 0:
		return 1
	}
	return 0
}

// Cmp returns -1, 0 or 1 when n is less than, equal to or greater than m.
func (n Int) Cmp(m Int) int {
	if n.big == nil && m.big == nil {
		switch {
		case n.small < m.small:
			return -1
		case n.small > m.small:
			return 1
		}
		return 0
	}
	return n.Big().Cmp(m.Big())
}

// Float returns the nearest float64; ok is false when the number is too large for one (Python's OverflowError).
func (n Int) Float() (f float64, ok bool) {
	if n.big == nil {
		return float64(n.small), true
	}
	f, _ = new(big.Float).SetInt(n.big).Float64()
	return f, f-f == 0
}

// String returns the decimal digits with a leading minus for negative numbers.
func (n Int) String() string {
	if n.big != nil {
		return n.big.String()
	}
	return strconv.FormatInt(n.small, 10)
}

// AppendInt appends the digits of n. It does not allocate for numbers of up to 64 bits.
func AppendInt(dst []byte, n Int) []byte {
	if n.big != nil {
		return n.big.Append(dst, 10)
	}
	return strconv.AppendInt(dst, n.small, 10)
}
