//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package quintet

// mayWrite leaves it to the database to find out.
func mayWrite(string) error { return nil }
