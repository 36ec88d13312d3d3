package worker

import (
	"os"
	"strings"
)

// noStorage are kinds of file systems that nobody keeps a storage on.
var noStorage = []string{"proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "securityfs", "debugfs", "tracefs", "bpf", "pstore", "configfs", "fusectl", "autofs", "squashfs"}

// mountPoints returns where file systems are mounted.
func mountPoints() (list []string) {
	text, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
lines:
	for line := range strings.Lines(string(text)) {
		fields, kind, _ := strings.Cut(line, " - ")
		parts := strings.Fields(fields)
		if len(parts) < 5 {
			continue
		}
		for _, no := range noStorage {
			if strings.HasPrefix(kind, no+" ") {
				continue lines
			}
		}
		list = append(list, unescape.Replace(parts[4]))
	}
	return list
}
