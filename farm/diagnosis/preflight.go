package diagnosis

import (
	"regexp"
	"strings"

	"renderfarm/farm"
)

// Preflight is how the classes begin of what a worker found before the first frame.
const Preflight = "preflight"

// maxFindings bounds how many of them are listed.
const maxFindings = 50

// finding is what a worker's preflight prints of each, see package worker.
var finding = regexp.MustCompile(`Preflight ([a-z]+: .+)`)

// Findings lists what a preflight found, as the log of its task has it.
func Findings(log []byte) (list []string) {
	for line := range strings.Lines(string(log[max(0, len(log)-MaxTail):])) {
		m := finding.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		if m == nil || strings.HasPrefix(m[1], "done: ") || strings.HasPrefix(m[1], "device: ") || strings.HasPrefix(line, string(commandIndent)) {
			continue
		}
		if list = append(list, clip(m[1], farm.MaxCauseText)); len(list) == maxFindings {
			break
		}
	}
	return list
}
