package worker

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"

	"renderfarm/farm/framefile"
)

// imagesScript defines farm_images for the Python of a Blender.
//
//go:embed images.py
var imagesScript string

const imagesTold = "Farm: images are "

// tellImages has a Blender say, whenever it begins to render, what the images
// will be like. The handler is the last, so that others have changed what they
// want to change. What cannot be told does not keep it from rendering.
var tellImages = imagesScript + `
def farm_tell(scene, *_):
    try:
        print("` + imagesTold + `" + farm_images(scene), flush=True)
    except Exception as e:
        print("Farm cannot tell the size of the images: %s" % e, flush=True)
import bpy
bpy.app.handlers.render_init.append(farm_tell)
`

// An imageFacts is what Blender told of the images that it will save.
type imageFacts struct {
	Width  int      `json:"width"`
	Height int      `json:"height"`
	Slack  int      `json:"slack"`  // pixels that a side may differ by
	Views  []string `json:"views"`  // what the names of their files end in; empty if each frame has one file
	Movies []string `json:"movies"` // where the frames go if they make movies
	Layers []string `json:"layers"` // where the compositor saves files with layers, to which the number comes
}

// parseImages reads what farm_images says; nil if it says nothing of use.
func parseImages(text string) *imageFacts {
	var f imageFacts
	if json.Unmarshal([]byte(text), &f) != nil || f.Width <= 0 || f.Height <= 0 || f.Slack < 0 || f.Slack > 1 {
		return nil
	}
	return &f
}

// misfit says how an image is not what was told, "" if it is, or if its size is not known.
func (f *imageFacts) misfit(m framefile.Image) string {
	differ := func(a, b int) bool { return max(a-b, b-a) > f.Slack }
	if m.Width == 0 || !differ(m.Width, f.Width) && !differ(m.Height, f.Height) {
		return ""
	}
	return fmt.Sprintf("it has %d by %d pixels, and the scene's have %d by %d", m.Width, m.Height, f.Width, f.Height)
}

// ofMovies returns what movies have to be like: encoders may want even sides.
func (f *imageFacts) ofMovies() *imageFacts {
	if f == nil {
		return nil
	}
	m := *f
	m.Slack = 1
	return &m
}

// hasView reports whether a file of that view is one of the frame's own images.
func (f *imageFacts) hasView(view string) bool {
	return view == "" || slices.Contains(f.Views, view)
}

// telling returns the arguments with what makes Blender tell of its images. The
// arguments of a job type that says itself what it saves are left as they are.
func (l *blenderLine) telling() []string {
	if len(l.requests) == 0 || l.requests[0].told {
		return l.args
	}
	// In front of the first that renders, and of the Python that goes with it.
	at := l.requests[0].at
	for at >= 2 && l.args[at-2] == "--python-expr" && slices.Contains([]string{countFromZero, tellRange}, l.args[at-1]) {
		at -= 2
	}
	return slices.Insert(slices.Clone(l.args), at, "--python-expr", tellImages)
}
