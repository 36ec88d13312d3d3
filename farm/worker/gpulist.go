package worker

import (
	"bytes"
	"context"
	"io"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"renderfarm/farm"
)

// A GPU is a graphics card of this computer, as its maker's driver lists it.
type GPU struct {
	Kind  string // CUDA, HIP or ONEAPI
	Index int    // among those of its kind, from 0
	ID    string // by which the driver is told to show only this one: a UUID where it has one
	Name  string // for people
}

// variables are the environment variables by which a program is shown only some of
// the cards of a kind (CUDA C Programming Guide, "CUDA Environment Variables"; ROCm,
// "GPU isolation techniques"; oneAPI DPC++, "Environment Variables").
var variables = map[string]string{"CUDA": "CUDA_VISIBLE_DEVICES", "HIP": "HIP_VISIBLE_DEVICES", "ONEAPI": "ONEAPI_DEVICE_SELECTOR"}

// Pin returns what to add to a program's environment so that it sees this card
// only; "" is none.
func (g *GPU) Pin() []string {
	if g == nil {
		return nil
	}
	return []string{variables[g.Kind] + "=" + g.ID}
}

// kinds are what Cycles calls the ways to render on the card, the best first.
func (g *GPU) kinds() []string {
	switch {
	case g == nil:
		return []string{"OPTIX", "CUDA", "HIP", "ONEAPI", "METAL"}
	case g.Kind == "CUDA":
		return []string{"OPTIX", "CUDA"}
	}
	return []string{g.Kind}
}

// A driver is a program that lists the cards of one maker.
type driver struct {
	program string
	args    []string
	read    func(text string) []GPU
}

var drivers = []driver{
	{"nvidia-smi", []string{"-L"}, readNvidia},
	{"rocminfo", nil, readROCm},
	{"sycl-ls", nil, readSYCL},
}

const (
	driverLimit = 20 * time.Second // what a driver may take: the first call loads it
	maxListing  = 1 << 20          // bytes of what it prints
	maxGPUs     = 64
)

// ListGPUs asks the drivers of this computer for its cards. One that is not
// installed, or does not answer, has none.
func ListGPUs(ctx context.Context) (all []GPU) {
	for _, d := range drivers {
		if path, err := exec.LookPath(d.program); err == nil {
			all = append(all, d.list(ctx, path)...)
		}
	}
	return all[:min(len(all), maxGPUs)]
}

func (d driver) list(ctx context.Context, path string) []GPU {
	text, err := runDriver(ctx, path, d.args)
	if err != nil {
		return nil // as nvidia-smi without its driver, which says so on its standard output
	}
	return d.read(text)
}

// runDriver returns what a program of a driver prints.
func runDriver(ctx context.Context, path string, args []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, driverLimit)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.WaitDelay = time.Second
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", err
	}
	if err := cmd.Start(); err != nil {
		return "", err
	}
	var text bytes.Buffer
	_, _ = io.Copy(&text, io.LimitReader(out, maxListing))
	return text.String(), cmd.Wait()
}

// nvidiaLine is a card in "nvidia-smi -L". Parts of a card (MIG) are indented, and
// left out: Blender does not render on one by its number.
var nvidiaLine = regexp.MustCompile(`(?m)^GPU \d+: (.+) \(UUID: (GPU-[0-9a-fA-F-]+)\)\s*$`)

func readNvidia(text string) (list []GPU) {
	for i, m := range nvidiaLine.FindAllStringSubmatch(text, -1) {
		list = append(list, GPU{"CUDA", i, m[2], m[1]})
	}
	return list
}

var (
	rocmAgent = regexp.MustCompile(`(?m)^Agent \d+\s*$`)
	rocmField = regexp.MustCompile(`(?m)^  (Marketing Name|Device Type):\s*(.*?)\s*$`)
)

// readROCm reads what rocminfo says of each agent. Processors are among them. Cards
// are told by their number, as HIP_VISIBLE_DEVICES counts: not all have a UUID.
func readROCm(text string) (list []GPU) {
	for _, agent := range rocmAgent.Split(text, -1)[1:] {
		fields := map[string]string{}
		for _, m := range rocmField.FindAllStringSubmatch(agent, -1) {
			if fields[m[1]] == "" {
				fields[m[1]] = m[2]
			}
		}
		if fields["Device Type"] == "GPU" {
			list = append(list, GPU{"HIP", len(list), strconv.Itoa(len(list)), fields["Marketing Name"]})
		}
	}
	return list
}

// syclLine is a card in "sycl-ls", in the form of 2024 and in the older one.
var syclLine = regexp.MustCompile(`(?m)^\[(?:level_zero:gpu\]\[level_zero:(\d+)|ext_oneapi_level_zero:gpu:(\d+))\] [^,]*, (.*?)(?: \d[\d.]*)? \[`)

func readSYCL(text string) (list []GPU) {
	for _, m := range syclLine.FindAllStringSubmatch(text, -1) {
		list = append(list, GPU{"ONEAPI", len(list), "level_zero:" + m[1] + m[2], m[3]})
	}
	return list
}

// ChooseGPUs returns those of the cards that a configuration names, in its order and
// each once: "all", a UUID or its beginning, a number from 0 in the list, or a name.
func ChooseGPUs(all []GPU, wanted []string) (chosen []GPU, err error) {
	for _, want := range wanted {
		var found []GPU
		for i, g := range all {
			if want == "all" || want == strconv.Itoa(i) || g.Name == want || len(want) > 4 && strings.HasPrefix(g.ID, want) {
				found = append(found, g)
			}
		}
		if len(found) == 0 {
			return nil, farm.Errorf(farm.NotFound, "gpus: this computer has no graphics card %q. It has %s", want, listed(all))
		}
		for _, g := range found {
			if !slices.Contains(chosen, g) {
				chosen = append(chosen, g)
			}
		}
	}
	return chosen, nil
}

func listed(all []GPU) string {
	if len(all) == 0 {
		return "none that nvidia-smi, rocminfo or sycl-ls lists: install the driver"
	}
	var texts []string
	for i, g := range all {
		texts = append(texts, strconv.Itoa(i)+": "+g.Name+" ("+g.ID+")")
	}
	return strings.Join(texts, ", ")
}
