package cmd

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

// How much garbage the manager lets pile up before it is swept. Little is alive most
// of the time, and much is made for each request: then it may be four times what is
// alive, which with 300 workers on 2 cores is a quarter more tasks a second. With a
// hundred thousand open jobs, or a hundred clients that send all they may, four times
// would be a gigabyte, so it is so many bytes at most, and with what is alive no more
// than the heap may have; but no less than a share of what is alive, or the manager
// would do nothing but sweep.
const (
	garbageBytes = 96 << 20
	heapBytes    = 224 << 20
	garbageMost  = 400 // percent of what is alive
	garbageLeast = 30  // likewise
)

// garbagePercent returns what to let pile up, in percent of the bytes that are alive.
func garbagePercent(alive uint64) int {
	garbage := min(garbageBytes, heapBytes-min(alive, heapBytes))
	return int(max(garbageLeast, min(garbageMost, garbage*100/max(alive, 1))))
}

// tuneHeap sets how much garbage may pile up, now and after each sweep. What the
// environment says is left as it is.
func tuneHeap() {
	if os.Getenv("GOGC") != "" {
		return
	}
	debug.SetGCPercent(garbageMost)
	afterSweep(func() { debug.SetGCPercent(garbagePercent(aliveBytes())) })
}

// aliveBytes returns what the last sweep found to be alive.
func aliveBytes() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// afterSweep calls f after every collection of garbage, for as long as the program runs.
func afterSweep(f func()) {
	// What nobody refers to is found by the next collection, which then calls the
	// function, which makes the next such thing.
	nobodys := new(*int)
	runtime.AddCleanup(nobodys, func(struct{}) {
		f()
		afterSweep(f)
	}, struct{}{})
}
