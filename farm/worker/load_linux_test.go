package worker

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// This computer's processors are counted: those who are busy count, and idle ones do not.
func TestProcessorsOfThisComputer(t *testing.T) {
	if busy, all, ok := readTicks([]byte("cpu  10 20 30 400 50 6 7 8 9 9")); !ok || busy != 81 || all != 531 {
		t.Errorf("%d of %d, %v", busy, all, ok)
	}
	for _, bad := range []string{"", "cpu0 1 2 3 4 5", "cpu 1 2 3", "cpu 1 2 x 4 5"} {
		if _, _, ok := readTicks([]byte(bad)); ok {
			t.Errorf("%q was read", bad)
		}
	}
	m := &cpuMeter{}
	m.percent()
	for began := time.Now(); time.Since(began) < 300*time.Millisecond; { // one of them is busy
	}
	if percent, ok := m.percent(); !ok || percent < 1 || percent > 100 {
		t.Errorf("while this test counts: %d %%, %v", percent, ok)
	}
	if free, all := freeMemory(), usableMemory(); free <= 0 || free > all {
		t.Errorf("%d of %d bytes are free", free, all)
	}
}

// A limit of a cgroup leaves what it does not use; files in memory can be dropped.
func TestFreeMemoryOfACgroup(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"memory.current": "3000\n", "memory.stat": "anon 500\ninactive_file 1000\nactive_file 7\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for limit, want := range map[int64]int64{10_000: 8000, 2000: 1} {
		if got := cgroupFree(dir, limit); got != want {
			t.Errorf("of %d: %d, want %d", limit, got, want)
		}
	}
	if got := cgroupFree(t.TempDir(), 10_000); got != 0 {
		t.Errorf("a cgroup that tells nothing: %d", got)
	}
}
