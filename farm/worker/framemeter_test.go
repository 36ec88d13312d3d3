package worker

import (
	"reflect"
	"testing"
	"time"

	"renderfarm/farm"
)

// meterRun feeds lines of output, each after a pause in milliseconds, to a meter.
func meterRun(t *testing.T, asked []int, lines []meterLine) (results []farm.FrameResult) {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	var cpu time.Duration
	m := &frameMeter{tell: func(r farm.FrameResult) { results = append(results, r) }, now: func() time.Time { return now }, watts: 500,
		use: func() processUse { return processUse{cpu, 1000} }}
	w := &blenderWatch{meter: m, preflight: &preflight{}, asked: newAskedFrames([]request{{output: "/o/######", frames: asked}}, func() {}, m.saved)}
	m.begin()
	for _, l := range lines {
		now, cpu = now.Add(time.Duration(l.after)*time.Millisecond), cpu+2*time.Duration(l.after)*time.Millisecond
		if w.hearPreflight(l.text) {
			continue
		}
		e := parseBlender(l.text)
		if w.hear(t.Context(), e); e.what == blenderSkipped {
			m.close(e)
		}
	}
	w.asked.end()
	m.close(blenderEvent{})
	for i := range results {
		results[i].Saved = time.Time{}
	}
	return results
}

type meterLine struct {
	after int // milliseconds
	text  string
}

// What Blender prints, in its old and its new form, gives times, memory and flags.
func TestFrameMeter(t *testing.T) {
	for _, test := range []struct {
		name  string
		asked []int
		lines []meterLine
		want  []farm.FrameResult
	}{
		{"3.4", []int{1, 2}, []meterLine{
			{500, "Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13 | Mem:0.00M, Peak:9.00M | Scene"},
			{1000, "Saved: '/o/000001.png'"},
			{10, " Time: 00:01.01 (Saving: 00:00.20)"},
			{100, "Fra:2 Mem:2048.00M (Peak 4096.00M) | Time:00:00.13"},
			{1900, "Saved: '/o/000002.png'"},
			{0, " Time: 00:01.90 (Saving: 00:00.30)"},
		}, []farm.FrameResult{
			{Frame: 1, Wall: 1510, CPU: 3020, Load: 500, Render: 810, Save: 200, Memory: 15155, Energy: 755},
			{Frame: 2, Wall: 2000, CPU: 4000, Render: 1600, Save: 300, Memory: 4 << 20, Energy: 1000},
		}},
		{"on the processor", []int{1}, []meterLine{
			{500, "Read blend: /a.blendPreflight device: Cycles renders on the processor"},
			{500, "Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13 | Mem:0.00M, Peak:9.00M | Scene"},
			{1000, "Saved: '/o/000001.png'"},
			{10, " Time: 00:01.01 (Saving: 00:00.20)"},
		}, []farm.FrameResult{{Frame: 1, Wall: 2010, CPU: 4020, Load: 1000, Render: 810, Save: 200, Memory: 15155, Energy: 1005, Device: "CPU"}}},
		{"on a card, with its memory", []int{1, 2}, []meterLine{
			{500, "Preflight device: Cycles renders on NVIDIA GeForce RTX 3060 (12 GB), NVIDIA A2000 (OPTIX)\r"},
			{500, "Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13 | Mem:120.00M, Peak:900.00M | Scene"},
			{1000, "Saved: '/o/000001.png'"},
			{10, " Time: 00:01.01 (Saving: 00:00.20)"},
			{10, "Fra:2 Mem:14.37M (Peak 14.80M) | Time:00:00.13 | Mem:100.00M, Peak:100.00M | Scene"},
			{1000, "Saved: '/o/000002.png'"},
			{10, " Time: 00:01.01 (Saving: 00:00.20)"},
		}, []farm.FrameResult{
			{Frame: 1, Wall: 2010, CPU: 4020, Load: 1000, Render: 810, Save: 200, Memory: 15155, GPUMemory: 900 << 10, Energy: 1005, Device: "OPTIX"},
			{Frame: 2, Wall: 1020, CPU: 2040, Render: 810, Save: 200, Memory: 15155, GPUMemory: 100 << 10, Energy: 510, Device: "OPTIX"},
		}},
		{"another engine", []int{1}, []meterLine{
			{500, "Preflight device: BLENDER_EEVEE, as Blender chooses"},
			{1000, "Saved: '/o/000001.png'"},
		}, []farm.FrameResult{{Frame: 1, Wall: 1500, CPU: 3000, Render: 1500, Memory: 1000, Energy: 750}}},
		{"5.2, over an hour, the end of the first is not told", []int{7, 8}, []meterLine{
			{250, "00:00.110  render           | Rendering frame 7"},
			{3000, "00:03.110  render           | Saved: '/o/000007.png'"},
			{100, "00:03.210  render           | Fra: 8 | Remaining: 03:01.76 | Mem: 1699M | Sample 4/128"},
			{3_700_000, "01:01:43.210  render           | Saved: '/o/000008.png'"},
			{0, "01:01:43.210  render           | Time: 01:01:40.00 (Saving: 00:00.00)"},
		}, []farm.FrameResult{
			{Frame: 7, Wall: 3350, CPU: 6700, Load: 250, Render: 3100, Memory: 1000, Energy: 1675},
			{Frame: 8, Wall: 3_700_000, CPU: 7_400_000, Render: 3_700_000, Memory: 1699 << 10, Energy: 1_850_000},
		}},
		{"several views are one frame", []int{1}, []meterLine{
			{100, "Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13"},
			{100, "Saved: '/o/000001_L.png'"},
			{100, "Fra:1 Mem:14.37M (Peak 14.80M) | Time:00:00.13"},
			{100, "Saved: '/o/000001_R.png'"},
			{0, " Time: 00:00.30 (Saving: 00:00.10)"},
		}, []farm.FrameResult{{Frame: 1, Wall: 400, CPU: 800, Load: 100, Render: 200, Save: 100, Memory: 15155, Energy: 200}}},
		{"was there", []int{1, 2}, []meterLine{
			{900, `skipping existing frame "/o/000001.png"`},
			{100, "Fra:2 Mem:1.00M (Peak 2.00M) | Time:00:00.13"},
			{100, "Saved: '/o/000002.png'"},
		}, []farm.FrameResult{
			{Frame: 1, Wall: 900, CPU: 1800, Flags: farm.FrameWasThere},
			{Frame: 2, Wall: 200, CPU: 400, Load: 100, Render: 100, Memory: 2048, Energy: 100},
		}},
	} {
		if got := meterRun(t, test.asked, test.lines); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", test.name, got, test.want)
		}
	}
}

// The last words of a Blender may be read when it has ended, and nothing is known of its process any more.
func TestFrameMeterOfAnEndedBlender(t *testing.T) {
	var memory []int64
	use := processUse{peak: 100}
	m := &frameMeter{tell: func(r farm.FrameResult) { memory = append(memory, r.Memory) }, now: time.Now, use: func() processUse { return use }}
	m.begin()
	use.peak = 90_000
	m.saved(1, 0)
	m.close(blenderEvent{})
	use.peak = 0
	m.saved(2, 0)
	m.close(blenderEvent{})
	if !reflect.DeepEqual(memory, []int64{90_000, 90_000}) {
		t.Errorf("the frames took %v KiB", memory)
	}
}
