//go:build linux || windows

package worker

// A cpuMeter measures how busy the processors are. It is not for several goroutines.
type cpuMeter struct{ busy, all uint64 }

// percent returns how busy they were since the last call; ok is false for the first one,
// and if that cannot be found out.
func (m *cpuMeter) percent() (percent int, ok bool) {
	busy, all, ok := cpuTicks()
	if !ok {
		return 0, false
	}
	before := *m
	m.busy, m.all = busy, all
	if before.all == 0 || all <= before.all || busy < before.busy {
		return 0, false
	}
	return int(100*float64(busy-before.busy)/float64(all-before.all) + 0.5), true
}
