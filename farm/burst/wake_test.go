package burst

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"testing"
	"time"

	"renderfarm/farm"
)

// TestWake has a listener of the network see what wakes computers.
func TestWake(t *testing.T) {
	listener, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	sleepers := []Sleeper{
		{Name: "a", MAC: "00:1a:2b:3c:4d:01", Present: true},
		{Name: "b", MAC: "00:1a:2b:3c:4d:02", Absent: true},
		{Name: "c", MAC: "00-1A-2B-3C-4D-03", Absent: true},
		{Name: "told to sleep", MAC: "00:1a:2b:3c:4d:04"},
	}
	w := &Wake{Addresses: []string{listener.LocalAddr().String()}, Sleepers: func(context.Context) ([]Sleeper, error) { return slices.Clone(sleepers), nil }}
	list := func() string {
		members, err := w.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(members)
	}
	waked := func(n int, cards ...byte) {
		t.Helper()
		if err := w.Start(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		for _, card := range cards {
			want := bytes.Repeat([]byte{0xff}, 6)
			for range 16 {
				want = append(want, 0x00, 0x1a, 0x2b, 0x3c, 0x4d, card)
			}
			for range 3 {
				got := make([]byte, 1000)
				listener.SetReadDeadline(time.Now().Add(time.Minute))
				n, _, err := listener.ReadFrom(got)
				if err != nil || !bytes.Equal(got[:n], want) {
					t.Fatalf("%v: % x, want % x", err, got[:n], want)
				}
			}
		}
	}
	if got := list(); got != "[{a false}]" {
		t.Error(got)
	}
	waked(1, 2)
	if got := list(); got != "[{a false} {b true}]" {
		t.Error(got)
	}
	waked(5, 3) // b was waked just now
	w.asked["b"] = time.Now().Add(-wakesWithin - time.Second)
	if got := list(); got != "[{a false} {c true}]" {
		t.Errorf("b did not wake up: %s", got)
	}
	waked(5, 2)
	sleepers[1].Present, sleepers[1].Absent = true, false
	if got := list(); got != "[{a false} {b false} {c true}]" {
		t.Error(got)
	}
	waked(5) // there is nobody left
	if _, err := MagicPacket("00:1a"); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
}
