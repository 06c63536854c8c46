// Package replay sends recorded scenarios to a server over TCP and compares what comes back with what was recorded.
//
// A [Scenario] is a list of requests on one server: cookies and captured values go from step to step. Each answer is compared
// in its status, its client-visible headers, its cookies and its body, byte for byte after masking: what differs from run to
// run (times, identifiers, tokens) is named by [Mask], must have the form the mask says, and is replaced by "<kind>" on both
// sides. Requests are written byte by byte, because scenarios hold what a well-behaved HTTP client would not send: methods
// in lower case, foreign hosts, raw quotes in paths, broken bodies.
//
//	scenarios, err := replay.Load(corpus)
//	…
//	report := replay.Run(ctx, scenarios, targets, replay.Options{Credentials: credentials, SigningKey: key})
//	report.WriteTable(os.Stdout)
package replay
