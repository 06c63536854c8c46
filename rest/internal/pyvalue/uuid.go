package pyvalue

import (
	"encoding/hex"
	"math/big"
	"strings"

	"github.com/google/uuid"

	"github.com/quintet-go/quintet/rest/internal/pyjson"
)

// UUID reads a UUID field: an integer of up to 128 bits (true is 1), or text of 32 hexadecimal digits as Python's
// uuid.UUID takes it, with "urn:", "uuid:", braces around it and hyphens anywhere.
func UUID(v any) (uuid.UUID, Code) {
	switch v := v.(type) {
	case string:
		return uuidText(v)
	case pyjson.Int:
		return uuidInt(v.Big())
	case bool:
		var id uuid.UUID
		if v {
			id[15] = 1
		}
		return id, Accepted
	}
	return uuid.UUID{}, Invalid
}

func uuidText(s string) (id uuid.UUID, code Code) {
	s = strings.ReplaceAll(strings.ReplaceAll(s, "urn:", ""), "uuid:", "")
	s = strings.ReplaceAll(strings.Trim(s, "{}"), "-", "")
	if pyjson.Length(s) != 32 {
		return id, Invalid
	}
	if _, err := hex.Decode(id[:], []byte(s)); err == nil && len(s) == 32 {
		return id, Accepted
	}
	return uuidOdd(s)
}

// uuidOdd reads the 32 characters that Python's int(s, 16) takes besides plain digits: white space, a sign, "0x",
// underscores, digits of other scripts.
func uuidOdd(s string) (uuid.UUID, Code) {
	s = asciiDigits(trimNumber(s))
	negative := strings.HasPrefix(s, "-")
	s = s[skipSign(s):]
	if len(s) > 1 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = strings.TrimPrefix(s[2:], "_")
	}
	s, ok := dropHexUnderscores(s)
	if !ok || s == "" || strings.Trim(s, "0123456789abcdefABCDEF") != "" {
		return uuid.UUID{}, Invalid
	}
	n, _ := new(big.Int).SetString(s, 16)
	if negative {
		n.Neg(n)
	}
	return uuidInt(n)
}

func dropHexUnderscores(s string) (string, bool) {
	if strings.HasPrefix(s, "_") || strings.HasSuffix(s, "_") || strings.Contains(s, "__") {
		return "", false
	}
	return strings.ReplaceAll(s, "_", ""), true
}

func uuidInt(n *big.Int) (id uuid.UUID, code Code) {
	if n.Sign() < 0 || n.BitLen() > 128 {
		return id, Invalid
	}
	n.FillBytes(id[:])
	return id, Accepted
}

// UUIDFormat is a way of writing a UUID, one of those that DRF's UUIDField knows.
type UUIDFormat string

// The formats of a UUID field.
const (
	UUIDHexVerbose UUIDFormat = "hex_verbose" // 6f1c2e52-57c1-4bbb-8c0f-7a4a1d3b9a10; also for ""
	UUIDHex        UUIDFormat = "hex"         // without hyphens
	UUIDInt        UUIDFormat = "int"         // a JSON number
	UUIDURN        UUIDFormat = "urn"         // urn:uuid:6f1c2e52-…
)

// AppendUUID appends id as a JSON value. It does not allocate, except for UUIDInt.
func AppendUUID(dst []byte, id uuid.UUID, format UUIDFormat) []byte {
	switch format {
	case UUIDInt:
		return new(big.Int).SetBytes(id[:]).Append(dst, 10)
	case UUIDHex:
		dst = hex.AppendEncode(append(dst, '"'), id[:])
	case UUIDURN:
		dst = appendHyphened(append(dst, `"urn:uuid:`...), id)
	default:
		dst = appendHyphened(append(dst, '"'), id)
	}
	return append(dst, '"')
}

func appendHyphened(dst []byte, id uuid.UUID) []byte {
	start := 0
	for _, end := range [...]int{4, 6, 8, 10, 16} {
		if start > 0 {
			dst = append(dst, '-')
		}
		dst = hex.AppendEncode(dst, id[start:end])
		start = end
	}
	return dst
}
