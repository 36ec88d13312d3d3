package worker

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"io/fs"
	"slices"

	"renderfarm/farm"
	"renderfarm/farm/exr"
)

// A still is one image that was rendered in parts: in tiles beside each other,
// and each tile in several passes over its pixels, with other samples each.
// All parts have the size of the whole image.
type still struct {
	exr.Header
	grid  image.Point // tiles beside and below each other
	total int         // samples that each pixel gets
	parts []stillPart // by tile from the top left, then by samples
}

// A stillPart is one of the images.
type stillPart struct {
	path  string
	tile  image.Point // counted from the top left
	first int         // the first of its samples
	count int         // how many it has
}

// wrong names the part in an error.
func (p *stillPart) wrong(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return farm.Errorf(farm.NotFound, "merge-image: part %s is missing. Requeue the task that renders it", p.path)
	}
	return farm.Errorf(farm.Invalid, "merge-image: part %s: %w. Requeue the task that renders it", p.path, err)
}

// noteForm is what a part has in its attribute Note, which Blender writes from
// the setting of that name.
const noteForm = "farm part: tile %d,%d of %d,%d; samples %d+%d of %d"

// parseNote reads which part an image is. Limits are those of what can be meant.
func (p *stillPart) parseNote(note string) (grid image.Point, total int, err error) {
	const most = 1 << 24
	n, _ := fmt.Sscanf(note, noteForm, &p.tile.X, &p.tile.Y, &grid.X, &grid.Y, &p.first, &p.count, &total)
	switch {
	case n != 7:
		return grid, 0, errors.New("it does not say which part of an image it is")
	case grid.X < 1 || grid.Y < 1 || max(grid.X, grid.Y) > 1024 || !p.tile.In(image.Rectangle{Max: grid}):
		return grid, 0, fmt.Errorf("it says that it is tile %v of %v", p.tile, grid)
	case p.first < 0 || p.count < 1 || total > most || p.count > total || p.first > total-p.count:
		return grid, 0, fmt.Errorf("it says that it has samples %d+%d of %d", p.first, p.count, total)
	}
	return grid, total, nil
}

// lookAt opens every part once, and finds out whether they are a whole image.
func lookAt(paths []string) (*still, error) {
	s := &still{}
	for i, path := range paths {
		p := stillPart{path: path}
		if err := s.add(&p, i == 0); err != nil {
			return nil, p.wrong(err)
		}
		s.parts = append(s.parts, p)
	}
	slices.SortFunc(s.parts, func(a, b stillPart) int {
		return cmp.Or(cmp.Compare(a.tile.Y, b.tile.Y), cmp.Compare(a.tile.X, b.tile.X), cmp.Compare(a.first, b.first))
	})
	return s, s.complete()
}

// add reads the header of a part, which has to agree with those before.
func (s *still) add(p *stillPart, first bool) error {
	r, err := exr.Open(p.path)
	if err != nil {
		return err
	}
	defer r.Close()
	grid, total, err := p.parseNote(r.Texts["Note"])
	if err != nil {
		return err
	}
	if first {
		s.Header, s.grid, s.total = r.Header, grid, total
	}
	switch {
	case r.Width != s.Width || r.Height != s.Height:
		return fmt.Errorf("it is %d by %d pixels, and the others are %d by %d", r.Width, r.Height, s.Width, s.Height)
	case !slices.Equal(r.Channels, s.Channels):
		return errors.New("it has other layers or passes than the others")
	case grid != s.grid || total != s.total:
		return fmt.Errorf("it is a tile of %v with %d samples in all, and the others are of %v with %d", grid, total, s.grid, s.total)
	}
	return nil
}

// complete reports what is missing or there twice. The parts are in order.
func (s *still) complete() error {
	i := 0
	for y := range s.grid.Y {
		for x := range s.grid.X {
			tile := image.Pt(x, y)
			for sample := 0; sample < s.total; {
				if i == len(s.parts) || s.parts[i].tile != tile || s.parts[i].first > sample {
					return farm.Errorf(farm.Invalid, "merge-image: no part has tile %v from sample %d on", tile, sample)
				}
				p := &s.parts[i]
				if p.first < sample {
					return p.wrong(errors.New("another part has the same samples of the same tile"))
				}
				sample += p.count
				i++
			}
		}
	}
	if i < len(s.parts) {
		return s.parts[i].wrong(errors.New("another part has the same samples of the same tile"))
	}
	return nil
}

// row returns the parts of the tiles in row y.
func (s *still) row(y int) []stillPart {
	from, _ := slices.BinarySearchFunc(s.parts, y, func(p stillPart, y int) int { return cmp.Compare(p.tile.Y, y) })
	to, _ := slices.BinarySearchFunc(s.parts, y+1, func(p stillPart, y int) int { return cmp.Compare(p.tile.Y, y) })
	return s.parts[from:to]
}

// rowSize is how many bytes a line has.
func (s *still) rowSize() int { return s.Width * len(s.Channels) * exr.ValueSize }

// share returns which of size pixels tile i of n has, the end excluded. The
// job type's script in Blender renders at least these.
func share(size, i, n int) (from, to int) { return i * size / n, (i + 1) * size / n }
