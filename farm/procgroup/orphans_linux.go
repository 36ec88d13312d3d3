package procgroup

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// EndOrphans kills what groups of the owner left behind, whose worker and keeper were
// both killed, removes their cgroups, and returns how many processes that were. Only one
// worker has the owner's name, and must not have started a group yet.
func EndOrphans(owner string) (ended int) {
	if owner == "" {
		return 0
	}
	var left []string
	if prefix := cgroupFor(owner); prefix != "" {
		left, _ = filepath.Glob(prefix + "*") // owner is a hash in it
	}
	return endLeft(mark+"="+owner+":", false, left)
}

// endGroup kills what is left of one group whose keeper is gone, and removes its cgroup.
func endGroup(entry, prefix string, keeper int) {
	var left []string
	if prefix != "" {
		left = []string{cgroupOf(prefix, keeper)}
	}
	endLeft(entry, true, left)
}

// endLeft kills what is in the cgroups and what endMarked finds, removes the cgroups
// once they are empty, and returns what endMarked does.
func endLeft(entry string, whole bool, cgroups []string) (ended int) {
	for _, path := range cgroups {
		writeTo(path, "cgroup.kill", "1")
	}
	ended = endMarked(entry, whole)
	end := time.Now().Add(killLimit)
	for _, path := range cgroups {
		waitForEvent(path, "populated 0", end)
		os.Remove(path) // one with a process that cannot end stays for the next start
	}
	return ended
}

// endMarked kills the processes of this user that have such an entry in their
// environment: this one, or, unless whole, one that begins like that. It
// returns when none of them is left, and how many there were.
func endMarked(entry string, whole bool) int {
	seen := map[int]bool{}
	clean := 0 // looks in a row: the environment of one that starts a program is empty for a moment
	for begun := time.Now(); clean < 2 && time.Since(begun) < killLimit; clean++ {
		if len(seen) > 0 {
			// No event tells that a stranger's child got the mark, and this runs
			// only after a crash.
			time.Sleep(2 * time.Millisecond)
		}
		for _, p := range processes() {
			if p.state == 'Z' || p.pid == os.Getpid() {
				continue
			}
			// One that is ending has no environment any more.
			if seen[p.pid] || marked(p.pid, entry, whole) {
				clean, seen[p.pid] = -1, true
				unix.Kill(p.pid, unix.SIGKILL)
			}
		}
	}
	return len(seen)
}

// marked reports whether a process has the entry. Those of other users cannot be read.
func marked(pid int, entry string, whole bool) bool {
	env, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	if err != nil {
		return false
	}
	for one := range bytes.SplitSeq(env, []byte{0}) {
		if bytes.HasPrefix(one, []byte(entry)) && (!whole || len(one) == len(entry)) {
			return true
		}
	}
	return false
}
