//go:build !windows

package worker

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
)

// listings are what the drivers print, in the forms that their makers document.
var listings = map[string]string{
	"nvidia-smi": `GPU 0: NVIDIA GeForce RTX 3090 (UUID: GPU-5a1d2c3b-0000-1111-2222-333344445555)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-aaaaaaaa-0000-1111-2222-333344445555)
  MIG 1g.5gb      Device  0: (UUID: MIG-c7384736-a75d-5afc-978f-d2f1294409fd)
`,
	"rocminfo": `ROCk module is loaded
==========
HSA Agents
==========
*******
Agent 1
*******
  Name:                    AMD Ryzen 9 5950X 16-Core Processor
  Uuid:                    CPU-XX
  Marketing Name:          AMD Ryzen 9 5950X 16-Core Processor
  Vendor Name:             CPU
  Device Type:             CPU
*******
Agent 2
*******
  Name:                    gfx1030
  Uuid:                    GPU-XX
  Marketing Name:          AMD Radeon RX 6800 XT
  Vendor Name:             AMD
  Device Type:             GPU
  Cache Info:
    L1:                      16(0x10) KB
`,
	"sycl-ls": `[level_zero:gpu][level_zero:0] Intel(R) oneAPI Unified Runtime over Level-Zero, Intel(R) Arc(TM) A770 Graphics 12.55.8 [1.3.29735]
[opencl:cpu][opencl:0] Intel(R) OpenCL, 13th Gen Intel(R) Core(TM) i9-13900K OpenCL 3.0 (Build 0) [2024.18.6.0.02_160000]
`,
}

// fakeDrivers puts programs on the path that print the listings.
func fakeDrivers(t *testing.T, names ...string) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir+":/usr/bin:/bin")
	for _, name := range names {
		script := "#!/bin/sh\ncat <<'END'\n" + listings[name] + "END\n"
		if name == "nvidia-smi" {
			script = "#!/bin/sh\n[ \"$*\" = -L ] || exit 2\n" + strings.TrimPrefix(script, "#!/bin/sh\n")
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestListGPUs(t *testing.T) {
	fakeDrivers(t, "nvidia-smi", "rocminfo", "sycl-ls")
	all := ListGPUs(t.Context())
	want := []GPU{
		{"CUDA", 0, "GPU-5a1d2c3b-0000-1111-2222-333344445555", "NVIDIA GeForce RTX 3090"},
		{"CUDA", 1, "GPU-aaaaaaaa-0000-1111-2222-333344445555", "NVIDIA A100-SXM4-40GB"},
		{"HIP", 0, "0", "AMD Radeon RX 6800 XT"},
		{"ONEAPI", 0, "level_zero:0", "Intel(R) Arc(TM) A770 Graphics"},
	}
	if fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("%v, want %v", all, want)
	}
	var pins []string
	for i := range all {
		pins = append(pins, all[i].Pin()...)
	}
	if got := strings.Join(pins, " "); got != "CUDA_VISIBLE_DEVICES=GPU-5a1d2c3b-0000-1111-2222-333344445555 CUDA_VISIBLE_DEVICES=GPU-aaaaaaaa-0000-1111-2222-333344445555 "+
		"HIP_VISIBLE_DEVICES=0 ONEAPI_DEVICE_SELECTOR=level_zero:0" {
		t.Error(got)
	}
	for _, c := range []struct {
		wanted string
		names  int
		err    bool
	}{{"all", 4, false}, {"1", 1, false}, {"all 0", 4, false}, {"GPU-aaaa", 1, false}, {"AMD Radeon RX 6800 XT", 1, false}, {"4", 0, true}, {"GPU-", 0, true}} {
		list := strings.Fields(c.wanted)
		if strings.HasPrefix(c.wanted, "AMD") {
			list = []string{c.wanted}
		}
		chosen, err := ChooseGPUs(all, list)
		if len(chosen) != c.names || (err != nil) != c.err {
			t.Errorf("%q: %v, %v", c.wanted, chosen, err)
		}
	}
}

// Without drivers, and with one that does not work, there are no cards.
func TestNoGPUs(t *testing.T) {
	fakeDrivers(t)
	dir, _, _ := strings.Cut(os.Getenv("PATH"), ":")
	if err := os.WriteFile(filepath.Join(dir, "nvidia-smi"), []byte("#!/bin/sh\necho \"GPU 0: X (UUID: GPU-1)\"\nexit 9\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	all := ListGPUs(t.Context())
	if _, err := ChooseGPUs(all, []string{"all"}); len(all) > 0 || farm.KindOf(err) != farm.NotFound || !strings.Contains(fmt.Sprint(err), "install the driver") {
		t.Errorf("%v, %v", all, err)
	}
}

// A program of a worker with a card sees that card only.
func TestPinnedProgram(t *testing.T) {
	b := newBench(t)
	b.worker.options.GPU = &GPU{Kind: "CUDA", ID: "GPU-1"}
	if err := b.do(t.Context(), cmd("exec", "exe", "/bin/sh", "args", []any{"-c", "echo sees $CUDA_VISIBLE_DEVICES"})); err != "" || !strings.Contains(b.logged(t), "> sees GPU-1") {
		t.Error(err)
	}
}

func TestGPURules(t *testing.T) {
	for _, c := range []struct{ job, worker, want string }{
		{"auto", "", "auto"}, {"", "", ""}, {"require", "", "require"}, {"never", "prefer", "never"}, {"auto", "prefer", "prefer"}, {"", "prefer", "prefer"},
		{"prefer", "never", "never"}, {"require", "prefer", "require"},
	} {
		if got, err := gpuFor(c.job, c.worker); got != c.want || err != nil {
			t.Errorf("%q on %q: %q, %v", c.job, c.worker, got, err)
		}
	}
	if _, err := gpuFor("require", "never"); !errors.Is(err, errWrongWorker) {
		t.Error(err)
	}
	if CheckGPURule("require") == nil || CheckGPURule("never") != nil {
		t.Error("what a worker can say")
	}
}
