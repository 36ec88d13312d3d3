package farm

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"
)

// FrameResult is what a worker tells about one frame of a task that is saved, or was
// there already: what it cost, and what is to be said of its file. What is not known
// is 0 or "". A frame that is rendered again has a new one.
type FrameResult struct {
	Frame int `json:"frame"`

	// Wall is the time that the worker was busy with the frame, from the end of the
	// frame before it in the task, or the task's begin. It contains Load, which is
	// until the first frame begins: starting Blender and reading the file; Render;
	// and Save. All in milliseconds, as is CPU, the processor time of all cores.
	Wall   int64 `json:"wall_ms"`
	CPU    int64 `json:"cpu_ms,omitempty"`
	Load   int64 `json:"load_ms,omitempty"`
	Render int64 `json:"render_ms,omitempty"`
	Save   int64 `json:"save_ms,omitempty"`

	Memory    int64  `json:"memory_kib,omitempty"`     // peak of Blender's process, in KiB
	GPUMemory int64  `json:"gpu_memory_kib,omitempty"` // peak on the device, in KiB
	Energy    int64  `json:"energy_j,omitempty"`       // in joules
	Device    Device `json:"device,omitempty"`         // what rendered it

	Saved  time.Time `json:"saved,omitzero"`  // when its file was written, by the clock of the file system
	Source time.Time `json:"source,omitzero"` // when the .blend was changed last, by the same clock

	Flags FrameFlags `json:"flags,omitempty"`
}

// IsOlder reports whether a frame was made from a .blend of before a time: one that was
// rendered by what the .blend was then, one that was there by its file.
func (r *FrameResult) IsOlder(than time.Time) bool {
	made := r.Source
	if made.IsZero() && r.Flags&FrameWasThere != 0 {
		made = r.Saved
	}
	// The file's time is kept in whole seconds.
	return !made.IsZero() && made.Truncate(time.Second).Before(than.Truncate(time.Second))
}

// MaxFrameResults is how many frames one report can tell of.
const MaxFrameResults = 1000

// maxFrameTime bounds the times of a frame, in milliseconds: a year.
const maxFrameTime = 365 * 24 * int64(time.Hour/time.Millisecond)

// Check returns Invalid if the result says what cannot be. Results come over the network.
func (r *FrameResult) Check() error {
	if r.Frame < -MaxFrame || r.Frame > MaxFrame {
		return Errorf(Invalid, "frame %d is beyond the last that Blender has, %d", r.Frame, MaxFrame)
	}
	for _, v := range []struct {
		name        string
		value, most int64
	}{
		{"wall_ms", r.Wall, maxFrameTime}, {"cpu_ms", r.CPU, 1000 * maxFrameTime}, {"load_ms", r.Load, maxFrameTime},
		{"render_ms", r.Render, maxFrameTime}, {"save_ms", r.Save, maxFrameTime}, {"energy_j", r.Energy, math.MaxInt32},
		{"memory_kib", r.Memory, math.MaxInt32 << 6}, {"gpu_memory_kib", r.GPUMemory, math.MaxInt32 << 6},
	} {
		if v.value < 0 || v.value > v.most {
			return Errorf(Invalid, "%q of frame %d is %d: it must be between 0 and %d", v.name, r.Frame, v.value, v.most)
		}
	}
	return nil
}

// FrameFlags say what is worth knowing of a frame besides its cost.
type FrameFlags uint16

// Flags are numbers in the database: new ones are added at the end.
const (
	FrameWasThere      FrameFlags = 1 << iota // the file was there, and was not rendered
	FrameFlat                                 // it is of one colour
	FrameNotFinite                            // many of its pixels are no numbers, or infinite
	FrameRenderedAgain                        // the file was not whole at first, and was rendered once more
	FrameRenderedTwice                        // two workers rendered it, and this is the one that counts
	FrameAlone                                // it has one file, changed last at Saved, and does not depend on other frames; people are not told
)

var frameFlagNames = []string{"was-there", "flat", "not-finite", "rendered-again", "rendered-twice", "alone"}

// frameFlagMeanings are the flags for people.
var frameFlagMeanings = []string{"was there already", "one colour", "pixels that are no numbers", "rendered again, as it was not whole", "rendered twice"}

// Warns reports whether somebody should look at the frame, whatever its neighbours are;
// see FlatWarnings for those.
func (f FrameFlags) Warns() bool { return f&(FrameNotFinite|FrameRenderedAgain) != 0 }

// Names lists the flags by the names they have in the API.
func (f FrameFlags) Names() []string { return f.list(frameFlagNames) }

// Meanings lists the flags for people.
func (f FrameFlags) Meanings() []string { return f.list(frameFlagMeanings) }

func (f FrameFlags) list(texts []string) []string {
	all := []string{}
	for i, text := range texts {
		if f&(1<<i) != 0 {
			all = append(all, text)
		}
	}
	return all
}

// MarshalJSON writes a list of names.
func (f FrameFlags) MarshalJSON() ([]byte, error) { return json.Marshal(f.Names()) }

// UnmarshalJSON reads a list of names. Those that are not known are left out: a newer
// worker may have more to say.
func (f *FrameFlags) UnmarshalJSON(text []byte) error {
	var names []string
	if err := json.Unmarshal(text, &names); err != nil {
		return fmt.Errorf("flags must be a list of names: %w", err)
	}
	*f = 0
	for _, name := range names {
		if i := slices.Index(frameFlagNames, name); i >= 0 {
			*f |= 1 << i
		}
	}
	return nil
}

// A Device is what a frame was rendered with, by the name that Cycles has for it.
type Device string

// Devices are those that are kept, by their number in the database: new ones are
// added at the end. The first is for those that are not known.
var Devices = []Device{"", "CPU", "CUDA", "OPTIX", "HIP", "METAL", "ONEAPI", "OPENGL", "VULKAN"}

// Number returns the device's place in Devices, 0 if it has none.
func (d Device) Number() int { return max(0, slices.Index(Devices, d)) }

// GPU reports whether the device is a graphics card.
func (d Device) GPU() bool { return d.Number() > 1 }
