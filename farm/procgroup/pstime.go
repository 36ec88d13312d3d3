package procgroup

import (
	"strconv"
	"strings"
	"time"
)

// psTime adds up the processor time of a process group in what ps(1) of macOS and the
// BSDs says to "-o pgid=,time=": 501 0:03.05, with minutes that may be many, or with
// hours and days in front. known is false if no process of the group is there.
func psTime(text string, group int) (total time.Duration, known bool) {
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		if len(fields) != 2 || fields[0] != strconv.Itoa(group) {
			continue
		}
		days, clock, found := strings.Cut(fields[1], "-")
		if !found {
			days, clock = "0", fields[1]
		}
		seconds, err := strconv.ParseFloat(days, 64)
		units := []float64{24, 60, 60}
		parts := strings.Split(clock, ":")
		if err != nil || len(parts) > len(units) {
			continue
		}
		for i, unit := range units {
			seconds *= unit
			if at := i - (len(units) - len(parts)); at >= 0 {
				n, bad := strconv.ParseFloat(parts[at], 64)
				if bad != nil {
					err = bad
				}
				seconds += n
			}
		}
		if err == nil {
			total, known = total+time.Duration(seconds*float64(time.Second)), true
		}
	}
	return total, known
}
