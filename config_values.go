package quintet

import (
	"fmt"
	"log/slog"
	"math"
	"net/netip"
	"strconv"
	"strings"
)

// Secret is a text that must not be shown: printing, logging and encoding give asterisks. Convert it to string to use it.
type Secret string

// String hides the value.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "******"
}

// GoString hides the value from %#v.
func (s Secret) GoString() string { return strconv.Quote(s.String()) }

// MarshalText hides the value from encoders.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the value from slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Bytes is a number of bytes that can be written with a unit.
type Bytes int64

// units are the suffixes that Bytes knows, larger ones first.
var units = [...]struct {
	name  string
	bytes float64
}{
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"KB", 1e3}, {"B", 1},
}

// UnmarshalText reads "1048576", "500KiB", "2.5MiB", "1GiB" or, in powers of ten, "2MB".
func (b *Bytes) UnmarshalText(text []byte) error {
	number, factor := strings.TrimSpace(string(text)), 1.0
	for _, u := range units {
		if rest, ok := strings.CutSuffix(number, u.name); ok {
			number, factor = strings.TrimSpace(rest), u.bytes
			break
		}
	}
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || math.IsNaN(n) || n < 0 || n*factor >= math.MaxInt64 {
		return fmt.Errorf("%q is not a size", text)
	}
	*b = Bytes(n * factor)
	return nil
}

// String is the number with the largest unit that leaves it whole.
func (b Bytes) String() string {
	for _, u := range units[:3] {
		if size := int64(u.bytes); b != 0 && int64(b)%size == 0 {
			return strconv.FormatInt(int64(b)/size, 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// Network is an IP network, or one address as a network of itself.
type Network struct{ netip.Prefix }

// UnmarshalText reads "10.0.0.5", "10.0.0.0/8", "::1" or "fd00::/8".
func (n *Network) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	if prefix, err := netip.ParsePrefix(s); err == nil {
		n.Prefix = prefix.Masked()
		return nil
	}
	addr, err := netip.ParseAddr(s)
	if err != nil {
		return fmt.Errorf("%q is neither an IP address nor a network", s)
	}
	n.Prefix = netip.PrefixFrom(addr.Unmap().WithZone(""), addr.Unmap().BitLen())
	return nil
}
