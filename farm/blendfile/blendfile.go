// Package blendfile asks a Blender on this machine what a .blend file says of
// itself: its scenes, their frames and output, and the files it needs. The file
// is opened in background, without the user's preferences and without running
// the scripts in it; nothing is written. It may come from anyone, so what comes
// back is bounded in size and time.
package blendfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"renderfarm/farm"
)

// Info is what a .blend file says of itself.
type Info struct {
	Scenes         []Scene  `json:"scenes"`   // the one that was active when the file was saved comes first
	External       []string `json:"external"` // other files it uses, as written in it, sorted; at most MaxExternal
	ExternalCount  int      `json:"external_count"`
	SavedBy        [3]int   `json:"saved_by"`        // version of the Blender that saved it
	BlenderVersion string   `json:"blender_version"` // that looked into it; "" if none did
	Unseen         string   `json:"-"`               // kinds of other files that may be missing in External; "" if none are
}

// Scene is one scene of a .blend file.
type Scene struct {
	Name        string  `json:"name"`
	Frame       int     `json:"frame"` // the current one
	FrameStart  int     `json:"frame_start"`
	FrameEnd    int     `json:"frame_end"` // included
	FrameStep   int     `json:"frame_step"`
	FPS         float64 `json:"fps"`            // frames per second, with the base taken into account
	Format      string  `json:"format"`         // Blender's name: PNG, OPEN_EXR, FFMPEG, …
	Extension   string  `json:"file_extension"` // of an image of the output, with its dot; "" if the format is a movie
	HasPreviews bool    `json:"has_previews"`   // each frame gets a JPEG beside it
	Camera      string  `json:"camera"`         // "" if the scene has none of its own
	Lacks       string  `json:"lacks"`          // what keeps Blender from rendering it: LacksCamera, LacksOutput, LacksRegion; "" if nothing does
	Sequencer   bool    `json:"sequencer"`      // its picture comes from the video editor, which needs no camera
	Sound       bool    `json:"sound"`          // its video editor has sound; false if no Blender was asked
	Width       int     `json:"width"`          // of the output, in pixels
	Height      int     `json:"height"`
	Region      bool    `json:"region"` // only a part of the image is rendered

	AdaptiveSampling bool `json:"adaptive_sampling"` // of Cycles; false for other engines
	Denoising        bool `json:"denoising"`

	// ViewSuffixes are how the names of a frame's files end, before the
	// extension, if there is one file for each view (stereo, multi-view); nil
	// if there is one file for each frame.
	ViewSuffixes []string `json:"view_suffixes"`
}

// What a scene may lack; see Scene.Lacks.
const (
	LacksCamera = "camera" // and whatever would do instead: one bound to a marker, strips, a compositor that needs no view layer
	LacksOutput = "output" // its compositor has no output node
	LacksRegion = "region" // the region to render is empty
)

// ErrBlender is in the chain of Inspect's error when not the file is to blame
// but the Blender of this computer: there is none, or it is too old, or broken.
var ErrBlender = errors.New("no Blender that can read the file")

// MaxExternal is how many names of other files Info holds at most.
const MaxExternal = 200

// Scene returns the scene with the name, or the active one if name is "".
func (i *Info) Scene(name string) (Scene, error) {
	for _, s := range i.Scenes {
		if name == "" || s.Name == name {
			return s, nil
		}
	}
	known := ""
	for n, s := range i.Scenes {
		if n > 0 {
			known += ", "
		}
		known += fmt.Sprintf("%q", s.Name)
	}
	return Scene{}, farm.Errorf(farm.NotFound, "the file has no scene %q; its scenes are %s", name, known)
}

// Frames returns the scene's frame range in the notation of jobs; of a scene
// that renders every nth frame, a list.
func (s Scene) Frames() string {
	if s.FrameStep <= 1 {
		return fmt.Sprintf("%d%s%d", s.FrameStart, rangeSign(s.FrameStart, s.FrameEnd), s.FrameEnd)
	}
	var frames []int
	for f := s.FrameStart; f <= s.FrameEnd; f += s.FrameStep {
		frames = append(frames, f)
	}
	return farm.FormatFrames(frames)
}

// rangeSign keeps the minus of a negative frame apart from that of a range.
func rangeSign(first, last int) string {
	if first < 0 || last < 0 {
		return ".."
	}
	return "-"
}

// CanRender says what keeps the scene from being rendered, if anything does.
func (s Scene) CanRender() error {
	switch {
	case s.Lacks == LacksCamera:
		return farm.Errorf(farm.Invalid, "scene %q has no camera, so there is nothing to render: add one in Blender (Add > Camera) and save, or name another scene with --scene", s.Name)
	case s.Lacks == LacksOutput:
		return farm.Errorf(farm.Invalid, "the compositor of scene %q has no output node, so Blender would save nothing: add one, or switch off Compositing in the Output properties, and save", s.Name)
	case s.Lacks == LacksRegion:
		return farm.Errorf(farm.Invalid, "the render region of scene %q is empty: draw another, or switch off Render Region in the Output properties, and save", s.Name)
	case s.FrameEnd < s.FrameStart:
		return farm.Errorf(farm.Invalid, "scene %q ends at frame %d, before its first frame %d: set the range in Blender's Output properties, or give --frames", s.Name, s.FrameEnd, s.FrameStart)
	}
	return nil
}

// extensions are the endings Blender gives its output, by format.
var extensions = map[string]string{
	"PNG": ".png", "JPEG": ".jpg", "OPEN_EXR": ".exr", "OPEN_EXR_MULTILAYER": ".exr", "TIFF": ".tif",
	"TARGA": ".tga", "TARGA_RAW": ".tga", "BMP": ".bmp", "IRIS": ".rgb", "JPEG2000": ".jp2", "HDR": ".hdr",
	"WEBP": ".webp", "AVIF": ".avif", "DPX": ".dpx", "CINEON": ".cin",
}

// commandLineFormats are the words that Blender's command line has for formats,
// where they differ from the names that Python has.
var commandLineFormats = map[string]string{"TGA": "TARGA", "RAWTGA": "TARGA_RAW", "JP2": "JPEG2000"}

// Extension returns the ending of files in the format, or "" for one that is
// not a format of single images. The words of Blender's command line will do.
func Extension(format string) string {
	format = strings.ToUpper(format)
	return extensions[cmp.Or(commandLineFormats[format], format)]
}

// IsVideo reports whether the format makes one film instead of single images,
// which a farm cannot render in parts.
func IsVideo(format string) bool {
	return format == "FFMPEG" || format == "AVI_JPEG" || format == "AVI_RAW"
}

// Inspect returns what the file says of itself, as told by the Blender at the
// path blender ("" looks for one, see programs.Blender). Errors of kind NotFound
// mean that the file, or Blender, is not there; of kind Invalid, that this file
// cannot be used with this Blender: damaged, no .blend at all, or newer than it.
// See also ErrBlender.
func Inspect(ctx context.Context, blender, file string) (*Info, error) {
	if err := Check(file); err != nil {
		return nil, err
	}
	info, err := ask(ctx, blender, file)
	if err != nil {
		return nil, err
	}
	if err := info.check(file); err != nil {
		return nil, err
	}
	return info, nil
}

// check refuses what this Blender read only in part.
func (i *Info) check(file string) error {
	if err := refuseNewer(file, [2]int{i.SavedBy[0], i.SavedBy[1]}, i.BlenderVersion); err != nil {
		return err
	}
	if len(i.Scenes) == 0 {
		return farm.Errorf(farm.Invalid, "%s has no scene: open it in Blender and add one", file)
	}
	return nil
}
