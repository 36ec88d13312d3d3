package burst

import (
	"context"
	"errors"
	"net"
	"slices"
	"time"

	"renderfarm/farm"
)

// Wake is an Engine of computers that are suspended, and waked over the network. They
// suspend themselves.
type Wake struct {
	// Sleepers returns the workers that can be waked.
	Sleepers func(ctx context.Context) ([]Sleeper, error)
	// Addresses are where magic packets are sent to, such as 255.255.255.255:9.
	Addresses []string

	asked map[string]time.Time // when each was waked last
}

// A Sleeper is a worker on a computer that can be waked.
type Sleeper struct {
	Name    string
	MAC     string
	Present bool // it is awake
	Absent  bool // it signed off, or was lost. One that is neither was told to take no tasks
}

// wakesWithin is how long a computer has to wake up. Then others are waked, and it once
// more when all were.
const wakesWithin = 3 * time.Minute

// List returns those that are awake, and as pending those that were waked.
func (w *Wake) List(ctx context.Context) (members []Member, err error) {
	sleepers, err := w.Sleepers(ctx)
	if err != nil {
		return nil, err
	}
	for _, s := range sleepers {
		at, asked := w.asked[s.Name]
		switch {
		case s.Present:
			delete(w.asked, s.Name)
			members = append(members, Member{ID: s.Name})
		case asked && s.Absent && time.Since(at) < wakesWithin:
			members = append(members, Member{ID: s.Name, Pending: true})
		}
	}
	return members, nil
}

// Start wakes so many: those first that were not waked for the longest time.
func (w *Wake) Start(ctx context.Context, n int) error {
	sleepers, err := w.Sleepers(ctx)
	if err != nil {
		return err
	}
	sleepers = slices.DeleteFunc(sleepers, func(s Sleeper) bool { return !s.Absent || time.Since(w.asked[s.Name]) < wakesWithin })
	slices.SortStableFunc(sleepers, func(a, b Sleeper) int { return w.asked[a.Name].Compare(w.asked[b.Name]) })
	if w.asked == nil {
		w.asked = map[string]time.Time{}
	}
	for _, s := range sleepers[:min(n, len(sleepers))] {
		if err := w.send(s.MAC); err != nil {
			return err
		}
		w.asked[s.Name] = time.Now()
	}
	return nil
}

// Cancel does nothing: a computer that wakes up finds out by itself that it is not needed.
func (w *Wake) Cancel(context.Context, []string) error { return nil }

// send sends a magic packet to all addresses. Each packet may be lost, so it is sent
// three times.
func (w *Wake) send(mac string) error {
	packet, err := MagicPacket(mac)
	if err != nil {
		return err
	}
	var all error
	for _, address := range w.Addresses {
		c, err := net.Dial("udp", address)
		if err != nil {
			all = errors.Join(all, farm.Errorf(farm.Unavailable, "nothing can be sent to %s: %w. Name the network's broadcast address with --broadcast", address, err))
			continue
		}
		for range 3 {
			if _, err := c.Write(packet); err != nil {
				all = errors.Join(all, farm.Errorf(farm.Unavailable, "nothing can be sent to %s: %w. Name the network's broadcast address with --broadcast", address, err))
				break
			}
		}
		c.Close()
	}
	return all
}

// MagicPacket is what wakes the computer whose network card has the address: six bytes of
// ones, and the address sixteen times (AMD, Magic Packet Technology, 1995).
func MagicPacket(mac string) ([]byte, error) {
	clean, ok := farm.CleanMAC(mac)
	if !ok {
		return nil, farm.Errorf(farm.Invalid, "%.50q is no MAC address: it has to be like 00:1a:2b:3c:4d:5e", mac)
	}
	address, err := net.ParseMAC(clean)
	if err != nil {
		return nil, err
	}
	packet := []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
	for range 16 {
		packet = append(packet, address...)
	}
	return packet, nil
}
