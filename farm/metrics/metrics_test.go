package metrics

import (
	"strings"
	"testing"
	"time"
)

// TestPage compares a page with one written by hand after the description of the format.
func TestPage(t *testing.T) {
	var p Page
	p.Value("farm_tasks", Gauge, "Tasks \\ of\nall jobs.", 12)
	p.Family("farm_http_requests_total", Counter, "Requests.")
	p.Sample(1e9, "method", "GET", "route", `/a"b\c`+"\n")
	var d Durations
	d.Observe(500 * time.Microsecond) // a bound belongs to its bucket
	d.Observe(2 * time.Second)
	d.Observe(time.Hour)
	p.Family("farm_wait_seconds", Histogram, "Waits.")
	p.Durations(&d, "of", "x")
	const want = `# HELP farm_tasks Tasks \\ of\nall jobs.
# TYPE farm_tasks gauge
farm_tasks 12
# HELP farm_http_requests_total Requests.
# TYPE farm_http_requests_total counter
farm_http_requests_total{method="GET",route="/a\"b\\c\n"} 1e+09
# HELP farm_wait_seconds Waits.
# TYPE farm_wait_seconds histogram
farm_wait_seconds_bucket{of="x",le="0.0005"} 1
farm_wait_seconds_bucket{of="x",le="0.001"} 1
farm_wait_seconds_bucket{of="x",le="0.0025"} 1
farm_wait_seconds_bucket{of="x",le="0.005"} 1
farm_wait_seconds_bucket{of="x",le="0.01"} 1
farm_wait_seconds_bucket{of="x",le="0.025"} 1
farm_wait_seconds_bucket{of="x",le="0.05"} 1
farm_wait_seconds_bucket{of="x",le="0.1"} 1
farm_wait_seconds_bucket{of="x",le="0.25"} 1
farm_wait_seconds_bucket{of="x",le="0.5"} 1
farm_wait_seconds_bucket{of="x",le="1"} 1
farm_wait_seconds_bucket{of="x",le="2.5"} 2
farm_wait_seconds_bucket{of="x",le="5"} 2
farm_wait_seconds_bucket{of="x",le="10"} 2
farm_wait_seconds_bucket{of="x",le="+Inf"} 3
farm_wait_seconds_sum{of="x"} 3602.0005
farm_wait_seconds_count{of="x"} 3
`
	if got := string(p.Bytes()); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// TestProcess looks for figures that every platform has, and that Go still knows
// all that are asked for.
func TestProcess(t *testing.T) {
	var p Page
	p.Process()
	for _, f := range runtimeFigures {
		if !strings.Contains(string(p.Bytes()), "\n"+f.name+" ") {
			t.Errorf("Go has no figure %s", f.from)
		}
	}
	if !strings.Contains(string(p.Bytes()), "\nprocess_start_time_seconds ") {
		t.Error("it is not said when the process was started")
	}
}
