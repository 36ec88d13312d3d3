// Package exr reads and writes the OpenEXR images that parts of a still are
// kept in: one part, scan lines from top to bottom, 32 bits a value. Blender
// writes them so if it is told to.
//
// An image is read and written in blocks of some lines, so that one of any size
// takes little memory. Values keep their bits; nothing is converted.
//
// The format is described in "Technical Introduction to OpenEXR" and "OpenEXR
// File Layout", at openexr.com.
package exr

import (
	"encoding/binary"
	"fmt"

	"renderfarm/farm"
)

// A PixelType says what the 32 bits of a value are.
type PixelType int32

const (
	Uint  PixelType = 0
	Float PixelType = 2
)

// A Channel is one value that every pixel has, such as "ViewLayer.Combined.R".
type Channel struct {
	Name string
	Type PixelType
}

// A Header says what is in an image.
type Header struct {
	Width, Height int
	Channels      []Channel         // in the order of their names, as their values are
	Texts         map[string]string // attributes of type string, such as Blender's "Note"
}

// ValueSize is how many bytes a value has.
const ValueSize = 4

// Bounds on what a header may say. A hostile one could ask for any memory.
const (
	maxSide     = 1 << 16
	maxChannels = 4096
	maxText     = 1 << 16 // bytes of an attribute that is kept
	maxBlock    = 1 << 28 // bytes of a block of lines
)

const (
	magic         = 20000630
	version       = 2
	flagTiled     = 1 << 9
	flagLongNames = 1 << 10
	flagDeep      = 1 << 11
	flagParts     = 1 << 12
	shortName     = 31 // bytes that a name may have without flagLongNames
	maxName       = 255
)

// The ways of compression that can be read. Written are zip and none.
const (
	compressNone = 0
	compressZIPS = 2
	compressZIP  = 3
)

// blockRows is how many lines a block has: what ZIP compresses at once.
const blockRows = 16

// rowSize is how many bytes a line has: of each channel all values.
func (h *Header) rowSize() int { return h.Width * len(h.Channels) * ValueSize }

// check refuses what could not be held in memory a block at a time.
func (h *Header) check() error {
	switch {
	case h.Width <= 0 || h.Height <= 0 || h.Width > maxSide || h.Height > maxSide:
		return damaged("it says that it is %d by %d pixels", h.Width, h.Height)
	case len(h.Channels) == 0 || len(h.Channels) > maxChannels:
		return damaged("it says that it has %d channels", len(h.Channels))
	case h.rowSize() > maxBlock/blockRows:
		return farm.Errorf(farm.TooLarge, "%d channels of %d pixels in a line are too many", len(h.Channels), h.Width)
	}
	return nil
}

func damaged(format string, args ...any) error {
	return farm.Errorf(farm.Invalid, "the OpenEXR image is damaged: %s", fmt.Sprintf(format, args...))
}

func unsupported(format string, args ...any) error {
	return farm.Errorf(farm.Unsupported, "this kind of OpenEXR image cannot be read: %s", fmt.Sprintf(format, args...))
}

// Magic is what every OpenEXR file begins with.
const Magic = "\x76\x2f\x31\x01"

var order = binary.LittleEndian
