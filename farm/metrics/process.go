package metrics

import (
	"runtime"
	"runtime/metrics"
	"time"
)

// started is about when the process was: packages are initialized before main begins.
var started = time.Now()

// runtimeFigures are what Go tells of itself without stopping anything. The names are
// those that Prometheus' own libraries use, so that common dashboards show them.
var runtimeFigures = []struct{ from, name, kind, help string }{
	{"/sched/goroutines:goroutines", "go_goroutines", Gauge, "Number of goroutines that currently exist."},
	{"/memory/classes/heap/objects:bytes", "go_memstats_heap_alloc_bytes", Gauge, "Bytes of the heap that are in use, or not swept yet."},
	{"/memory/classes/heap/free:bytes", "go_memstats_heap_free_bytes", Gauge, "Bytes of the heap that are free and not returned to the system."},
	{"/memory/classes/heap/released:bytes", "go_memstats_heap_released_bytes", Gauge, "Bytes of the heap that were returned to the system."},
	{"/memory/classes/total:bytes", "go_memory_mapped_bytes", Gauge, "Bytes of memory that the Go runtime has mapped, those returned to the system included."},
	{"/gc/heap/goal:bytes", "go_gc_heap_goal_bytes", Gauge, "Size of the heap at which the next collection ends."},
	{"/gc/heap/allocs:bytes", "go_memstats_alloc_bytes_total", Counter, "Bytes that were allocated on the heap in all."},
	{"/gc/cycles/total:gc-cycles", "go_gc_cycles_total", Counter, "Number of completed garbage collections."},
}

// Process adds what Go and the system tell of the process.
func (p *Page) Process() {
	p.Family("go_info", Gauge, "Version of Go that the program was built with.")
	p.Sample(1, "version", runtime.Version())
	samples := make([]metrics.Sample, len(runtimeFigures))
	for i, f := range runtimeFigures {
		samples[i].Name = f.from
	}
	metrics.Read(samples)
	for i, f := range runtimeFigures {
		if v := samples[i].Value; v.Kind() == metrics.KindUint64 {
			p.Value(f.name, f.kind, f.help, float64(v.Uint64()))
		}
	}
	p.Value("process_start_time_seconds", Gauge, "Time at which the process was started, in seconds since 1970.", float64(started.UnixMilli())/1e3)
	p.system()
}
