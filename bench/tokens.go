package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

const (
	// secretKey signs the tokens of all peers but PocketBase.
	secretKey = "bench-secret-key-bench-secret-key-0123456789"
	users     = 1000
)

// mintTokens makes an access token of simplejwt for every user.
func mintTokens(now time.Time) ([]string, error) {
	tokens := make([]string, users)
	for i := range tokens {
		id := strconv.Itoa(i + 1)
		token := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{
			"token_type": "access", "exp": now.AddDate(1, 0, 0).Unix(), "iat": now.Unix(), "jti": "bench" + id, "user_id": id,
		})
		text, err := token.SignedString([]byte(secretKey))
		if err != nil {
			return nil, err
		}
		tokens[i] = text
	}
	return tokens, nil
}

// tokensFor are those that a peer understands.
func (b *bench) tokensFor(p *peer) ([]string, error) {
	if _, ok := p.addresses.(pocketAddresses); !ok {
		return mintTokens(b.started)
	}
	f, err := os.Open(b.pocketTokens())
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var tokens []string
	for s := bufio.NewScanner(f); s.Scan(); {
		tokens = append(tokens, s.Text())
	}
	return tokens, nil
}

// newRequest is a request to a server; an empty token means none.
func newRequest(ctx context.Context, base string, r request, token string) (*http.Request, error) {
	var body io.Reader
	if r.body != "" {
		body = strings.NewReader(r.body)
	}
	req, err := http.NewRequestWithContext(ctx, r.method, base+r.path, body)
	if err != nil {
		return nil, err
	}
	req.Host = host
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, nil
}
