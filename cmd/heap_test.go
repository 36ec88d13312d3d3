package cmd

import (
	"runtime"
	"testing"
)

func TestGarbagePercent(t *testing.T) {
	for alive, want := range map[uint64]int{0: 400, 1 << 20: 400, 24 << 20: 400, 48 << 20: 200, 96 << 20: 100, 128 << 20: 75, 160 << 20: 40, 200 << 20: 30, 10 << 30: 30} {
		if got := garbagePercent(alive); got != want {
			t.Errorf("with %d MiB alive: %d %%, want %d", alive>>20, got, want)
		}
	}
	if aliveBytes() == 0 {
		runtime.GC()
		if aliveBytes() == 0 {
			t.Error("it is not known how much is alive")
		}
	}
}

// TestAfterSweep collects garbage until it was called three times.
func TestAfterSweep(t *testing.T) {
	called, stop := make(chan struct{}), make(chan struct{})
	afterSweep(func() {
		select {
		case called <- struct{}{}:
		case <-stop:
		}
	})
	for n := 0; n < 3; {
		runtime.GC()
		select {
		case <-called:
			n++
		default:
			runtime.Gosched()
		}
	}
	close(stop)
}
