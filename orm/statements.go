package orm

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
)

// StatementCount counts the SQL statements that ran with one context. See [CountStatements].
type StatementCount struct {
	parent       *StatementCount
	statements   atomic.Int64
	transactions atomic.Int64

	mu    sync.Mutex
	texts []string
}

type statementCountKey struct{}

// counted tells that statements of some context are counted, as they are in tests: until then no context is asked.
var counted atomic.Bool

// CountStatements gives a context whose SQL statements are counted, whether they run through GORM, database/sql or the pgx
// pool. Counters nest: an outer one also counts what an inner one does.
func CountStatements(ctx context.Context) (context.Context, *StatementCount) {
	n := &StatementCount{parent: countOf(ctx)}
	counted.Store(true)
	return context.WithValue(ctx, statementCountKey{}, n), n
}

func countOf(ctx context.Context) *StatementCount {
	if !counted.Load() {
		return nil
	}
	n, _ := ctx.Value(statementCountKey{}).(*StatementCount)
	return n
}

// Load is how many statements ran so far, those of [StatementCount.Transactions] left out.
func (n *StatementCount) Load() int64 { return n.statements.Load() }

// Transactions is how many statements only began, ended or divided a transaction: BEGIN, COMMIT, ROLLBACK, SAVEPOINT, RELEASE.
func (n *StatementCount) Transactions() int64 { return n.transactions.Load() }

// Texts are the counted statements without their arguments, the first thousand at most.
func (n *StatementCount) Texts() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]string(nil), n.texts...)
}

// countStatement tells the context's counters of a statement.
func countStatement(ctx context.Context, query string) {
	countOf(ctx).each(query)
}

// each tells n and the counters around it of a statement.
func (n *StatementCount) each(query string) {
	for ; n != nil; n = n.parent {
		n.add(query)
	}
}

func (n *StatementCount) add(query string) {
	const mostTexts = 1000
	if endsTransaction(query) {
		n.transactions.Add(1)
		return
	}
	n.statements.Add(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.texts) < mostTexts {
		n.texts = append(n.texts, query)
	}
}

// endsTransaction tells whether a statement is about transactions only.
func endsTransaction(query string) bool {
	word, _, _ := strings.Cut(strings.TrimLeft(query, " \t\r\n"), " ")
	switch strings.ToLower(strings.TrimRight(word, ";")) {
	case "begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release":
		return true
	}
	return false
}
