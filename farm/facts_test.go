package farm

import (
	"fmt"
	"strings"
	"testing"
)

func TestCleanFacts(t *testing.T) {
	if CleanFacts(nil) != nil {
		t.Error("a worker that tells nothing has facts")
	}
	long := strings.Repeat("ü", 1000)
	told := &WorkerFacts{Arch: "amd64\n" + long, CPUs: -3, Memory: 1 << 62, Blenders: []WorkerBlender{
		{Version: "", Path: "/a"}, {Version: "3.4.1", Path: ""}, {Version: "3.4.1", Path: "/old" + long}, {Version: "nightly", Path: "/n"}, {Version: "5.2.0 Alpha", Path: "/new\x1b[2J"}}}
	for i := range 100 {
		told.Blenders = append(told.Blenders, WorkerBlender{Version: "4.2." + fmt.Sprint(i), Path: "/b",
			Devices: []RenderDevice{{Type: "CUDA", Name: long}, {Type: "CPU"}, {Type: "OPTIX", Name: "A\tB", ID: "x"}, {}}})
	}
	got := CleanFacts(told)
	if strings.Contains(got.Arch, "\n") || got.CPUs != 0 || got.Memory != 0 {
		t.Errorf("arch %q, %d CPUs, %d bytes", got.Arch, got.CPUs, got.Memory)
	}
	if len(got.Blenders) > MaxBlenders || got.Blenders[0].Version != "5.2.0 Alpha" || got.Blenders[0].Path != "/new [2J" {
		t.Errorf("%d Blenders, the first %+v", len(got.Blenders), got.Blenders[0])
	}
	if last := got.Blenders[len(got.Blenders)-1]; last.Version != "nightly" {
		t.Errorf("the last is %q: one whose version cannot be read is the oldest", last.Version)
	}
	devices := 0
	for _, b := range got.Blenders {
		devices += len(b.Devices)
		for _, text := range []string{b.Version, b.Path} {
			if len(text) > maxFactPath {
				t.Errorf("a text of %d bytes was kept", len(text))
			}
		}
	}
	if devices != MaxDevices {
		t.Errorf("%d devices, want %d", devices, MaxDevices)
	}
	if told.Blenders[0].Path != "/a" || len(told.Blenders) != 105 {
		t.Error("what was told has been changed")
	}
}

func TestSetFacts(t *testing.T) {
	var w Worker
	for _, step := range []struct {
		told    *WorkerFacts
		changed bool
	}{{nil, false}, {&WorkerFacts{CPUs: 4}, true}, {&WorkerFacts{CPUs: 4}, false}, {&WorkerFacts{CPUs: 4, Blenders: []WorkerBlender{{Version: "4.2"}}}, true},
		{&WorkerFacts{CPUs: 4, Blenders: []WorkerBlender{{Version: "4.2", EEVEE: new(bool)}}}, true}, {nil, true}} {
		before := w.Facts
		if changed := w.SetFacts(step.told); changed != step.changed || !changed && w.Facts != before || !w.Facts.Equal(step.told) {
			t.Errorf("%+v: changed %v", step.told, changed)
		}
	}
}

func TestBlenderVersion(t *testing.T) {
	for text, want := range map[string]string{
		"4.2.1 LTS": "4.2", "2.93.18": "2.93", "5.2.0 Alpha": "5.2", "3.4": "3.4", "10.0": "10.0",
		"": "", "4": "", "4.": "", "x4.2": "", "-4.2": "", "0.0": "", "4.-2": "", "99999999999999999999.1": "", "4.1000": "",
	} {
		if v, ok := ParseBlenderVersion(text); v.String() != want || ok != (want != "") {
			t.Errorf("%q: %q, %v; want %q", text, v, ok, want)
		}
	}
	old, _ := ParseBlenderVersion("2.93")
	mid, _ := ParseBlenderVersion("3.4")
	young, _ := ParseBlenderVersion("3.10")
	if old.Compare(mid) >= 0 || mid.Compare(young) >= 0 || young.Compare(young) != 0 {
		t.Error("versions are not in order")
	}
}
