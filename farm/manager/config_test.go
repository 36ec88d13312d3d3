package manager

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"renderfarm/farm"
)

// A worker_timeout that workers of the compatible system cannot keep is warned of.
func TestWarnsOfShortTimeout(t *testing.T) {
	for timeout, warned := range map[time.Duration]bool{0: false, time.Second: true, 20 * time.Second: true, time.Minute: false} {
		var log bytes.Buffer
		m := &Manager{log: slog.New(slog.NewTextHandler(&log, nil)), home: t.TempDir()}
		c := farm.DefaultConfig()
		c.WorkerTimeout = farm.Duration(timeout)
		m.configure(c)
		m.configure(c) // not again
		if n := strings.Count(log.String(), "worker_timeout is shorter"); n != map[bool]int{true: 1}[warned] {
			t.Errorf("%s: warned %d times: %s", timeout, n, &log)
		}
	}
}
