package manager

import (
	"slices"

	"renderfarm/farm"
	"renderfarm/store"
)

// warnOf says of the frames of a job which of them somebody should look at.
func warnOf(v *store.View, id farm.JobID, frames []Frame) error {
	var flat []int
	for i := range frames {
		if r := frames[i].Result; r != nil {
			frames[i].Warns = r.Flags.Warns()
			if r.Flags&farm.FrameFlat != 0 {
				flat = append(flat, r.Frame)
			}
		}
	}
	if len(flat) == 0 {
		return nil
	}
	slices.Sort(flat)
	warned, err := flatWarnings(v, id, slices.Compact(flat))
	for i := range frames {
		if r := frames[i].Result; r != nil && r.Flags&farm.FrameFlat != 0 && slices.Contains(warned, r.Frame) {
			frames[i].Warns = true
		}
	}
	return err
}

// flatWarnings returns those of the flat frames whose neighbours are not. A job whose
// settings do not tell its frames is taken to render each.
func flatWarnings(v *store.View, id farm.JobID, flat []int) ([]int, error) {
	detail, err := v.JobDetail(id)
	if err != nil {
		return nil, err
	}
	text, _ := detail.Settings["frames"].(string)
	frames, err := farm.ParseFrames(text)
	if err != nil {
		frames = farm.FlatSurroundings(flat)
	}
	near := farm.FlatNeighbours(frames, flat)
	found, err := v.Frames(id, near)
	if err != nil {
		return nil, err
	}
	// A frame of several parts is of one colour if all of them are.
	is := map[int]bool{}
	for i := range found {
		part := found[i].Flags&farm.FrameFlat != 0
		before, known := is[found[i].Frame]
		is[found[i].Frame] = part && (before || !known)
	}
	return farm.FlatWarnings(frames, flat, func(frame int) (flat, known bool) {
		flat, known = is[frame]
		return flat, known
	}), nil
}
