package cmd

import (
	"context"
	"net"
	"testing"
	"time"
)

// Every address that is told at the start reaches this computer.
func TestOwnAddresses(t *testing.T) {
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	all := ownAddresses(port)
	if len(all) > maxAddresses {
		t.Errorf("%d addresses", len(all))
	}
	for _, address := range all {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			t.Fatal(err)
		}
		if ip := net.ParseIP(host); ip == nil {
			continue // a name, which the network may not know
		} else if ip.IsLoopback() {
			t.Errorf("%s is for this computer only", address)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		cancel()
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		c.Close()
	}
}
