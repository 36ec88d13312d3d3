package farm

import (
	"cmp"
	"fmt"
	"maps"
	"net"
	"reflect"
	"slices"
	"strings"
)

// WorkerFacts is what a worker tells of its computer when it signs on, and again when
// that changes. A worker of the compatible system tells none of it. Zero values mean
// that it is not known.
type WorkerFacts struct {
	Arch     string          `json:"arch,omitempty"`     // GOARCH; the operating system is Worker.Platform
	CPUs     int             `json:"cpus,omitempty"`     // that its tasks may use, in threads
	Memory   int64           `json:"memory,omitempty"`   // bytes that its tasks may use in all
	Blenders []WorkerBlender `json:"blenders,omitempty"` // that it found and could start, the newest first

	Fetchable []string `json:"fetchable,omitempty"` // versions that the farm offers, and that it fetches for a job

	Wake    string `json:"wake,omitempty"`    // MAC address of its network card, by which it can be waked when it is suspended
	Storage string `json:"storage,omitempty"` // StorageMirrored; "" if it has the farm's shared storage

	Findings []Finding `json:"findings,omitempty"` // what is wrong with the computer, as of its last look, see package doctor

	Updates       bool   `json:"updates,omitempty"`        // it can replace its program by the manager's
	UpdateTrouble string `json:"update_trouble,omitempty"` // why it cannot, or what went wrong the last time, for people

	// Variables are the worker's own values of variables, by name, which go before those
	// of the farm in what it gets.
	Variables map[string]string `json:"variables,omitempty"`
}

// StorageMirrored is what a worker tells that does not have the farm's shared storage,
// but fetches and sends files.
const StorageMirrored = "mirror"

// mirrors reports whether the worker does not have the shared storage.
func (f *WorkerFacts) mirrors() bool { return f != nil && f.Storage == StorageMirrored }

// BlenderOffer is an archive of a Blender that the manager has for workers.
type BlenderOffer struct {
	Name     string `json:"name"`     // of its file
	Version  string `json:"version"`  // from that
	Platform string `json:"platform"` // GOOS
	Arch     string `json:"arch"`     // GOARCH
	Size     int64  `json:"size"`     // in bytes
	SHA256   string `json:"sha256"`   // lower-case hex
}

// WorkerBlender is a Blender on a worker's computer.
type WorkerBlender struct {
	Version string         `json:"version"`           // as it calls itself: "4.2.1 LTS"
	Path    string         `json:"path"`              // of its executable
	Devices []RenderDevice `json:"devices,omitempty"` // that Cycles can render on, as Blender lists them
	EEVEE   *bool          `json:"eevee,omitempty"`   // whether EEVEE works without a screen; nil: not tried yet
}

// RenderDevice is a device that Cycles can render on.
type RenderDevice struct {
	Type string `json:"type"`         // as Blender calls it: CPU, CUDA, OPTIX, HIP, METAL, ONEAPI
	Name string `json:"name"`         // for people
	ID   string `json:"id,omitempty"` // by which Blender knows it; "" if it has none
}

// GPU reports whether tasks of the worker can render on a graphics card. One that does
// not tell which Blenders it has counts as able. One that does has tried them soon
// after, and has no card until then; on some computers Blender lists no device at all.
func (f *WorkerFacts) GPU() bool {
	return f == nil || len(f.Blenders) == 0 || slices.ContainsFunc(f.Blenders, func(b WorkerBlender) bool {
		return slices.ContainsFunc(b.Devices, RenderDevice.GPU)
	})
}

// Untried reports whether the worker has not found out yet what one of its Blenders can
// render with.
func (f *WorkerFacts) Untried() bool {
	return f != nil && slices.ContainsFunc(f.Blenders, func(b WorkerBlender) bool { return b.EEVEE == nil })
}

// GPU reports whether the device is a graphics card.
func (d RenderDevice) GPU() bool { return d.Type != "" && d.Type != "CPU" }

// Bounds on what a worker tells of its computer: about 50 kB in all.
const (
	MaxBlenders   = 24
	MaxDevices    = 64  // of all Blenders together
	maxFactText   = 120 // bytes of a name or a version
	maxFactPath   = 500 // bytes of a path
	maxFactNumber = 1 << 60
)

// CleanFacts returns what a worker tells in a form that can be kept and shown: texts
// on one line, numbers that make sense. Blenders without a version or a path are
// dropped, and all beyond the bounds is cut off. nil stays nil.
func CleanFacts(told *WorkerFacts) *WorkerFacts {
	if told == nil {
		return nil
	}
	facts := *told
	if facts.Storage != StorageMirrored {
		facts.Storage = ""
	}
	facts.Wake, _ = CleanMAC(facts.Wake)
	facts.Arch = oneLine(facts.Arch, maxFactText)
	facts.CPUs = int(factNumber(int64(facts.CPUs)))
	facts.Memory = factNumber(facts.Memory)
	facts.UpdateTrouble = oneLine(facts.UpdateTrouble, maxFactPath)
	facts.Blenders = nil
	devices := MaxDevices
	for _, b := range told.Blenders[:min(len(told.Blenders), MaxBlenders)] {
		b.Version, b.Path = oneLine(b.Version, maxFactText), oneLine(b.Path, maxFactPath)
		if b.Version == "" || b.Path == "" {
			continue
		}
		listed := b.Devices[:min(len(b.Devices), devices)]
		devices -= len(listed)
		b.Devices = nil
		for _, d := range listed {
			b.Devices = append(b.Devices, RenderDevice{oneLine(d.Type, maxFactText), oneLine(d.Name, maxFactText), oneLine(d.ID, maxFactText)})
		}
		facts.Blenders = append(facts.Blenders, b)
	}
	facts.Findings = CleanFindings(told.Findings)
	facts.Fetchable = nil
	for _, v := range told.Fetchable[:min(len(told.Fetchable), MaxBlenders)] {
		facts.Fetchable = append(facts.Fetchable, oneLine(v, maxFactText))
	}
	facts.Variables = cleanVariables(told.Variables)
	slices.SortStableFunc(facts.Blenders, func(a, b WorkerBlender) int {
		va, _ := ParseBlenderVersion(a.Version)
		vb, _ := ParseBlenderVersion(b.Version)
		return vb.Compare(va)
	})
	return &facts
}

// CleanMAC returns a MAC address as it is usually written: 00:1a:2b:3c:4d:5e. ok is false
// if it is none.
func CleanMAC(text string) (clean string, ok bool) {
	mac, err := net.ParseMAC(strings.TrimSpace(text))
	if err != nil || len(mac) != 6 {
		return "", false
	}
	return mac.String(), true
}

// cleanVariables drops what cannot be a variable of a worker, and what are too many.
func cleanVariables(told map[string]string) map[string]string {
	var kept map[string]string
	for _, name := range slices.Sorted(maps.Keys(told)) {
		value := told[name]
		if CheckOwnVariable(name, value) != nil || len(kept) == maxOwnVariables {
			continue
		}
		if kept == nil {
			kept = map[string]string{}
		}
		kept[name] = value
	}
	return kept
}

// maxOwnVariables bounds for how many variables a worker has values of its own.
const maxOwnVariables = 50

// CheckOwnVariable says why a worker cannot have a value of its own for a variable.
func CheckOwnVariable(name, value string) error {
	switch {
	case name == "" || len(name) > maxFactText || strings.ContainsAny(name, "{}") || oneLine(name, maxFactText) != name:
		return Errorf(Invalid, "%q cannot be the name of a variable: write NAME=VALUE, and no braces", CutText(name, maxFactText))
	case name == VarJobs:
		return Errorf(Invalid, "the variable jobs has the same value everywhere: give a two-way variable for the shared storage another one instead")
	case value == "" || oneLine(value, maxFactPath) != value:
		return Errorf(Invalid, "the value of the variable %s is empty, has more than one line, or is longer than %d bytes", name, maxFactPath)
	}
	return nil
}

func factNumber(n int64) int64 {
	if n < 0 || n > maxFactNumber {
		return 0
	}
	return n
}

// Equal reports whether two workers tell the same, or both nothing.
func (f *WorkerFacts) Equal(o *WorkerFacts) bool { return f == o || reflect.DeepEqual(f, o) }

// SetFacts replaces what the worker tells of its computer, and reports whether that is
// a change.
func (w *Worker) SetFacts(told *WorkerFacts) (changed bool) {
	if w.Facts.Equal(told) {
		return false
	}
	w.Facts = told
	return true
}

// BlenderVersion is what decides whether a Blender opens a file: its version without
// the number of the correction. The zero value stands for one that is not known.
type BlenderVersion struct{ Major, Minor int }

// ParseBlenderVersion reads the beginning of a version as Blender tells it: "4.2.1 LTS".
func ParseBlenderVersion(text string) (v BlenderVersion, ok bool) {
	n, _ := fmt.Sscanf(text, "%d.%d", &v.Major, &v.Minor)
	if n != 2 || v.Major < 1 || v.Minor < 0 || v.Major > maxVersionPart || v.Minor > maxVersionPart {
		return BlenderVersion{}, false
	}
	return v, true
}

// maxVersionPart bounds both numbers of a version: 2.93 was the largest minor one yet.
const maxVersionPart = 999

// IsZero reports whether the version is not known.
func (v BlenderVersion) IsZero() bool { return v == BlenderVersion{} }

// Compare orders versions, the oldest first.
func (v BlenderVersion) Compare(o BlenderVersion) int {
	return cmp.Or(cmp.Compare(v.Major, o.Major), cmp.Compare(v.Minor, o.Minor))
}

// String returns the version as people write it: "4.2"; "" if it is not known.
func (v BlenderVersion) String() string {
	if v.IsZero() {
		return ""
	}
	return fmt.Sprintf("%d.%d", v.Major, v.Minor)
}
