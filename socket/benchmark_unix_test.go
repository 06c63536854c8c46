//go:build unix

package socket_test

import (
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/quintet-go/quintet/socket"
)

// processorTime is how long this process has computed, with the system's work for it.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var usage unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkServer answers small requests of other processes, with which it shares the machine, as package net and directly.
// cpu-µs/op is what the server alone takes.
func BenchmarkServer(b *testing.B) {
	for _, c := range []struct {
		name string
		wrap func(socket.Stream) net.Conn
	}{
		{"net", func(s socket.Stream) net.Conn { return s }},
		{"direct", func(s socket.Stream) net.Conn { return socket.New(s) }},
	} {
		b.Run(c.name, func(b *testing.B) { answer(b, c.wrap) })
	}
}

const processes, connections, requestSize, answerSize = 3, 18, 100, 4000

// answer starts the clients and answers b.N requests.
func answer(b *testing.B, wrap func(socket.Stream) net.Conn) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	for range processes {
		clients := exec.CommandContext(b.Context(), os.Args[0], "-test.run=^TestBenchmarkClients$")
		clients.Env = append(os.Environ(), clientsOf+"="+ln.Addr().String())
		if err := clients.Start(); err != nil {
			b.Fatal(err)
		}
		defer func() {
			_ = clients.Process.Kill()
			_ = clients.Wait()
		}()
	}
	var all sync.WaitGroup
	b.ReportAllocs()
	before := processorTime(b)
	for i := range connections {
		conn, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		all.Go(func() { serve(b, wrap(conn.(socket.Stream)), (b.N+i)/connections) })
	}
	all.Wait()
	b.ReportMetric(float64((processorTime(b)-before).Nanoseconds())/1000/float64(b.N), "cpu-µs/op")
}

func serve(b *testing.B, conn net.Conn, requests int) {
	request, answer := make([]byte, requestSize), make([]byte, answerSize)
	for range requests {
		if _, err := io.ReadFull(conn, request); err != nil {
			b.Error(err)
			return
		}
		if _, err := conn.Write(answer); err != nil {
			b.Error(err)
			return
		}
	}
}

// clientsOf names the address that the clients of a benchmark ask.
const clientsOf = "SOCKET_BENCHMARK"

// TestBenchmarkClients is the other process of BenchmarkServer, and nothing in a run of the tests.
func TestBenchmarkClients(t *testing.T) {
	address := os.Getenv(clientsOf)
	if address == "" {
		return
	}
	var all sync.WaitGroup
	for range connections / processes {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			request, answer := make([]byte, requestSize), make([]byte, answerSize)
			for {
				if _, err := conn.Write(request); err != nil {
					return
				}
				if _, err := io.ReadFull(conn, answer); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
}
