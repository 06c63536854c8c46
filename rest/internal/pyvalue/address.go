package pyvalue

import (
	"net/netip"
	"strings"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// Protocol says which IP addresses a field takes.
type Protocol string

// The protocols of an IP address field.
const (
	IPv4OrIPv6 Protocol = "both" // also for ""; an IPv4 address in IPv6 form becomes plain IPv4
	IPv4       Protocol = "ipv4"
	IPv6       Protocol = "ipv6"
)

// maxIPv6Length is the length of the longest IPv6 address without a zone.
const maxIPv6Length = 39

// Name returns the protocol for people: "IPv4 or IPv6".
func (p Protocol) Name() string {
	switch p {
	case IPv4:
		return "IPv4"
	case IPv6:
		return "IPv6"
	}
	return "IPv4 or IPv6"
}

func (p Protocol) takes(q Protocol) bool { return p != IPv4 && p != IPv6 || p == q }

// Address reads an IP address field and returns the address in its shortest form, without a zone. Blank is for text
// without characters. Valid is for what remains to be said after an address was read: it is false for text that is
// no address of the protocol, for which DRF has a message of its own that names the protocol.
func Address(v any, p Protocol, trim bool) (address string, valid bool, code Code) {
	s, isText := v.(string)
	if s == "" && isText || trim && isText && Trim(s) == "" {
		return "", false, Blank
	}
	if !isText {
		return "", false, Invalid
	}
	if strings.Contains(s, ":") && p.takes(IPv6) {
		ip, ok := ParseIPv6(s)
		if !ok {
			return "", false, Invalid
		}
		return shortest(ip, p != IPv6), true, Accepted
	}
	if trim {
		s = Trim(s)
	}
	return s, p.takes(IPv4) && ValidIPv4(s) || p.takes(IPv6) && validIPv6(s), Accepted
}

func shortest(ip netip.Addr, unpack bool) string {
	if unpack {
		ip = ip.Unmap()
	}
	return ip.String()
}

// ParseIPv6 reads an IPv6 address as Python's ipaddress does; a zone ("%eth0") is dropped.
func ParseIPv6(s string) (netip.Addr, bool) {
	if pyjson.Length(s) > maxIPv6Length {
		return netip.Addr{}, false
	}
	bare, zone, zoned := strings.Cut(s, "%")
	if zoned && (zone == "" || strings.Contains(zone, "%")) || !strings.Contains(bare, ":") {
		return netip.Addr{}, false
	}
	ip, err := netip.ParseAddr(bare)
	return ip, err == nil
}

// ValidIPv4 reports whether s is an IPv4 address: four decimal numbers without leading zeros.
func ValidIPv4(s string) bool {
	ip, err := netip.ParseAddr(s)
	return err == nil && ip.Is4()
}

func validIPv6(s string) bool {
	_, ok := ParseIPv6(s)
	return ok
}
