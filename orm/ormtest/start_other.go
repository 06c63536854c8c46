//go:build !unix

package ormtest

// startServer cannot start servers here; QUINTET_TEST_POSTGRES names one.
func startServer() (*server, error) { return nil, errNotInstalled }
