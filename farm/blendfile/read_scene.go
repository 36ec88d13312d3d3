package blendfile

import (
	"slices"
	"strconv"
)

// Bits of a scene's flags (RenderData.scemode and mode, ImageFormatData.flag,
// SceneRenderView.viewflag), and numbers of others.
const (
	useSequencer   = 1 << 0
	useCompositing = 1 << 6
	useMultiview   = 1 << 21
	useRegion      = 1 << 9
	usePreview     = 1 << 1
	viewOff        = 1 << 0

	viewsStereo     = 0 // RenderData.views_format
	viewsIndividual = 0 // ImageFormatData.views_format

	stripSound = 4      // Sequence.type
	stripMuted = 1 << 5 // Sequence.flag
)

// formats are the numbers of output formats (ImageFormatData.imtype).
var formats = map[int]string{
	0: "TARGA", 1: "IRIS", 4: "JPEG", 7: "IRIS", 14: "TARGA_RAW", 15: "AVI_RAW", 16: "AVI_JPEG", 17: "PNG", 20: "BMP", 21: "HDR", 22: "TIFF", 23: "OPEN_EXR",
	24: "FFMPEG", 26: "CINEON", 27: "DPX", 28: "OPEN_EXR_MULTILAYER", 30: "JPEG2000", 31: "FFMPEG", 32: "FFMPEG", 33: "FFMPEG", 35: "WEBP", 36: "FFMPEG", 37: "AVIF",
}

// scene reads a scene. own is what belongs to scenes, by address.
func (c *contents) scene(k kept, cameras map[uint64]string, own map[uint64]kept) Scene {
	r := c.record(k)
	number := func(path string) int { return int(r.number(path)) }
	s := Scene{
		Name: c.name(k), Frame: number("r.cfra"), FrameStart: number("r.sfra"), FrameEnd: number("r.efra"), FrameStep: max(1, number("r.frame_step")),
		FPS: fps(r), Format: formats[number("r.im_format.imtype")], HasPreviews: number("r.im_format.flag")&usePreview != 0,
		Camera:    cameras[r.address("camera")],
		Sequencer: number("r.scemode")&useSequencer != 0 && c.hasPictures(own[r.address("ed")], own),
		Region:    number("r.mode")&useRegion != 0,
		Width:     number("r.xsch") * number("r.size") / 100, Height: number("r.ysch") * number("r.size") / 100,
		ViewSuffixes: c.viewSuffixes(r, own),
	}
	s.Extension = Extension(s.Format)
	switch {
	case s.Region && r.number("r.border.xmax") <= r.number("r.border.xmin"), s.Region && r.number("r.border.ymax") <= r.number("r.border.ymin"):
		s.Lacks = LacksRegion
	case s.Sequencer || s.Camera != "" || c.mayComposite(r):
	case !c.hasMarkerCamera(r, own, cameras):
		s.Lacks = LacksCamera
	}
	return s
}

// fps returns the frame rate. The base is 32 bits long: 1.001 is meant where
// 1.00100004673 is stored.
func fps(r record) float64 {
	base, err := strconv.ParseFloat(strconv.FormatFloat(r.number("r.frs_sec_base"), 'g', 7, 64), 64)
	if err != nil || base <= 0 {
		return 0
	}
	return r.number("r.frs_sec") / base
}

// mayComposite reports whether the scene's picture may come of a compositor,
// which may need a camera, or another scene's, or none: its nodes are not read.
func (c *contents) mayComposite(r record) bool {
	if int(r.number("r.scemode"))&useCompositing == 0 {
		return false
	}
	return r.address("compositing_node_group") != 0 || r.number("use_nodes") != 0 && r.address("nodetree") != 0
}

// ofScenes returns the blocks that belong to scenes, by address.
func (c *contents) ofScenes() map[uint64]kept {
	own := make(map[uint64]kept, len(c.blocks[sceneData]))
	for _, k := range c.blocks[sceneData] {
		if k.old != 0 {
			own[k.old] = k
		}
	}
	return own
}

// list calls each with every item of a list that begins at an address, until it
// returns false. A damaged file may lead in circles.
func (c *contents) list(first uint64, own map[uint64]kept, each func(record) bool) {
	at := first
	for range len(own) {
		k, ok := own[at]
		if !ok {
			return
		}
		r := c.record(k)
		if !each(r) {
			return
		}
		at = r.address("next")
	}
}

// hasPictures reports whether a sequence editor has strips that make a picture.
// Since 5.0 those that are muted do not count.
func (c *contents) hasPictures(editor kept, own map[uint64]kept) (found bool) {
	if editor.old == 0 {
		return false
	}
	c.list(c.record(editor).address("seqbase.first"), own, func(strip record) bool {
		muted := int(strip.number("flag"))&stripMuted != 0 && c.header.version[0] >= 5
		found = int(strip.number("type")) != stripSound && !muted
		return !found
	})
	return found
}

// hasMarkerCamera reports whether a camera that is in the file is bound to one
// of the scene's markers, which may outlive their cameras.
func (c *contents) hasMarkerCamera(scene record, own map[uint64]kept, cameras map[uint64]string) (found bool) {
	c.list(scene.address("markers.first"), own, func(marker record) bool {
		_, found = cameras[marker.address("camera")]
		return !found
	})
	return found
}

// viewSuffixes returns how the names of a frame's files end; see Scene.
func (c *contents) viewSuffixes(scene record, own map[uint64]kept) []string {
	if int(scene.number("r.im_format.views_format")) != viewsIndividual {
		return nil
	}
	return c.views(scene, own)
}

// allViews returns how the names of files end that any of the scenes looks for.
func (c *contents) allViews() (suffixes []string) {
	own := c.ofScenes()
	for _, k := range c.blocks["SC"] {
		for _, suffix := range c.views(c.record(k), own) {
			if !slices.Contains(suffixes, suffix) {
				suffixes = append(suffixes, suffix)
			}
		}
	}
	return suffixes
}

// views returns the suffixes of the views that a scene renders, none if it has only one.
func (c *contents) views(scene record, own map[uint64]kept) (suffixes []string) {
	if int(scene.number("r.scemode"))&useMultiview == 0 {
		return nil
	}
	stereo := int(scene.number("r.views_format")) == viewsStereo
	c.list(scene.address("r.views.first"), own, func(view record) bool {
		name := view.text("name")
		if int(view.number("viewflag"))&viewOff == 0 && (!stereo || name == "left" || name == "right") {
			suffixes = append(suffixes, view.text("suffix"))
		}
		return true
	})
	return suffixes
}
