package worker

import (
	"os"
	"path/filepath"
	"testing"
)

func TestUsableMemory(t *testing.T) {
	if n := usableMemory(); n < 64<<20 || n > 1<<50 {
		t.Errorf("this computer has %d bytes of memory?", n)
	}
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if n := memInfo(write("meminfo", "MemFree:  12 kB\nMemTotal:       16318480 kB\n"), "MemTotal:"); n != 16318480<<10 {
		t.Errorf("/proc/meminfo: %d", n)
	}
	self := write("cgroup", "1:cpu:/x\n0::/user.slice/farm.service\n")
	root := filepath.Join(dir, "fs")
	if n, _ := cgroupMemory(self, root); n != 0 {
		t.Errorf("without a cgroup: %d", n)
	}
	write("fs/user.slice/farm.service/memory.max", "max\n")
	write("fs/user.slice/memory.max", "4294967296\n")
	if n, _ := cgroupMemory(self, root); n != 4<<30 {
		t.Errorf("the limit of the slice: %d", n)
	}
	write("fs/memory.max", "1073741824\n") // a container sees its own cgroup as the root
	if n, _ := cgroupMemory(self, root); n != 1<<30 {
		t.Errorf("the limit of the root: %d", n)
	}
}
