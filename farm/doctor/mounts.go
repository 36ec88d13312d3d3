package doctor

import (
	"bufio"
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"renderfarm/farm"
)

// A mount is a line of the system's list (proc(5), /proc/PID/mountinfo).
type mount struct {
	at, kind string
	options  []string // of the file system
}

// mounts looks at how the storage is mounted, on Linux.
func (c *Computer) mounts(dir string) []farm.Finding {
	m, ok := mountOf(cmp.Or(c.Mounts, "/proc/self/mountinfo"), dir)
	if !ok || m.kind != "cifs" && m.kind != "smb3" {
		return nil
	}
	if slices.Contains(m.options, "mfsymlinks") || slices.Contains(m.options, "unix") || slices.Contains(m.options, "posixpaths") {
		return nil
	}
	return []farm.Finding{warning("storage-mfsymlinks", fmt.Sprintf("the shared storage is an SMB share, mounted at %s without mfsymlinks", m.at),
		"this computer cannot follow the links of which the files of jobs are made, and does not find them",
		"add mfsymlinks to the options of the mount, such as in /etc/fstab, and mount it again")}
}

// mountOf returns the mount that a folder is in.
func mountOf(list, dir string) (m mount, ok bool) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	f, err := os.Open(list)
	if err != nil {
		return m, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		before, after, both := strings.Cut(lines.Text(), " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !both || len(left) < 5 || len(right) < 3 {
			continue
		}
		at := unescape.Replace(left[4])
		inside := dir == at || strings.HasPrefix(dir, strings.TrimSuffix(at, "/")+"/")
		if inside && len(at) >= len(m.at) { // the last one of a place covers the others
			m, ok = mount{at, right[0], strings.Split(right[2], ",")}, true
		}
	}
	return m, ok
}

// unescape undoes what the list does to blanks in names.
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
