// Package picture reads, scales and writes the images that renderers save, for
// previews. It reads PNG, JPEG, TIFF and, reduced, OpenEXR, recognises them by content and not by
// name, and bounds what a hostile file can make it allocate.
package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/draw"
	"golang.org/x/image/tiff"

	"renderfarm/farm"
	"renderfarm/farm/exr"
)

const (
	// MaxPixels bounds the images that Decode accepts, in pixels: 8192 by 8192.
	// A file of a few kilobytes can declare any size, and decoding allocates it.
	MaxPixels = 1 << 26
	// MaxMemory bounds what Decode takes for an image, in bytes: 8192 by 8192 pixels
	// of 16-bit RGBA.
	MaxMemory = 8 * MaxPixels
	// maxBytes bounds what Decode reads: 16-bit RGBA of MaxPixels, uncompressed.
	maxBytes = 8*MaxPixels + 1<<20
	// quality is that of every JPEG written, 1 to 100: previews are for looking
	// at, and half the size is worth more than the last detail.
	quality = 85
)

// A format is a kind of image file that can be read.
type format struct {
	name   string   // as returned by Decode
	magics []string // what its files begin with
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

var formats = []format{
	{"png", []string{"\x89PNG\r\n\x1a\n"}, png.DecodeConfig, png.Decode},
	{"jpeg", []string{"\xff\xd8\xff"}, jpeg.DecodeConfig, jpeg.Decode},
	{"tiff", []string{"II*\x00", "MM\x00*"}, tiff.DecodeConfig, tiff.Decode},
}

// formatOf returns the format whose files begin like head, or nil.
func formatOf(head []byte) *format {
	for i := range formats {
		for _, magic := range formats[i].magics {
			if bytes.HasPrefix(head, []byte(magic)) {
				return &formats[i]
			}
		}
	}
	return nil
}

// Decode reads a PNG, JPEG or TIFF image and returns it with the name of its
// format in lower case. Errors are of kind farm.Unsupported (another format, or
// a variant of it that cannot be read), farm.TooLarge (more than MaxPixels) and
// farm.Invalid (damaged).
func Decode(r io.Reader) (image.Image, string, error) { return DecodeUpTo(r, MaxMemory) }

// DecodeUpTo is Decode for an image that takes at most so many bytes of memory; it
// is farm.TooLarge otherwise.
func DecodeUpTo(r io.Reader, memory int) (image.Image, string, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, "", fmt.Errorf("read image: %w", err)
	}
	if len(data) > maxBytes {
		return nil, "", farm.Errorf(farm.TooLarge, "the image file is larger than %d MiB: save it in a smaller size", maxBytes>>20)
	}
	f := formatOf(data)
	if f == nil {
		return nil, "", farm.Errorf(farm.Unsupported, "not a PNG, JPEG or TIFF image: no other formats can be shown")
	}
	if err := f.fits(data, memory); err != nil {
		return nil, f.name, err
	}
	m, err := f.read(bytes.NewReader(data), MaxPixels)
	return m, f.name, err
}

// maxFile bounds the image files that are scaled, in bytes: they are read whole, but for
// OpenEXR, of which there may be maxLayers.
const maxFile, maxLayers = 256 << 20, 1 << 30

// Reduced reads an image of a file of so many bytes, scaled down to fit into w by h pixels.
// It takes at most so many bytes of memory for decoding, and for OpenEXR those of the
// result and of a few lines; that is shown as exr.Picture says. Errors are as those of
// Decode.
func Reduced(file io.ReaderAt, size int64, w, h, memory int) (image.Image, error) {
	head := make([]byte, len(exr.Magic))
	if _, err := file.ReadAt(head, 0); err == nil && string(head) == exr.Magic {
		if size > maxLayers {
			return nil, farm.Errorf(farm.TooLarge, "the image file is larger than %d MiB, and is not shown", maxLayers>>20)
		}
		return exr.Picture(file, size, w, h)
	}
	if size > maxFile {
		return nil, farm.Errorf(farm.TooLarge, "the image file is larger than %d MiB, and is not shown", maxFile>>20)
	}
	m, _, err := DecodeUpTo(io.NewSectionReader(file, 0, size), memory)
	if err != nil {
		return nil, err
	}
	return Fit(m, w, h), nil
}

// fits says whether decoding an image takes no more memory than that. What is wrong
// with it read tells.
func (f *format) fits(data []byte, memory int) error {
	c, err := f.config(bytes.NewReader(data))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return nil
	}
	each := 4
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		each = 8
	}
	if f.name == "jpeg" && bytes.Contains(data, []byte("\xff\xc2")) {
		each = 16 // a progressive one: its coefficients come first, three of four bytes for a pixel
	}
	if c.Width > memory/each/c.Height {
		return farm.Errorf(farm.TooLarge, "the image is %d by %d pixels, and decoding it would take more than %d MiB", c.Width, c.Height, memory>>20)
	}
	return nil
}

// read decodes an image of at most most pixels. A decoder that panics on
// damaged data gives an error: files come from anywhere.
func (f *format) read(r io.ReadSeeker, most int) (m image.Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			m, err = nil, farm.Errorf(farm.Invalid, "the %s image is damaged: %v", f.name, p)
		}
	}()
	c, err := f.config(r)
	if err != nil {
		return nil, f.explain(err)
	}
	if c.Width <= 0 || c.Height <= 0 {
		return nil, farm.Errorf(farm.Invalid, "the %s image is damaged: it is %d by %d pixels", f.name, c.Width, c.Height)
	}
	if c.Width > most/c.Height {
		return nil, farm.Errorf(farm.TooLarge, "the image is %d by %d pixels: at most %d in all can be read", c.Width, c.Height, most)
	}
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("rewind image: %w", err)
	}
	if m, err = f.decode(r); err != nil {
		return nil, f.explain(err)
	}
	return m, nil
}

// explain turns a decoder's error into one of this package's.
func (f *format) explain(err error) error {
	switch err.(type) {
	case jpeg.UnsupportedError, png.UnsupportedError, tiff.UnsupportedError:
		return farm.Errorf(farm.Unsupported, "this kind of %s image cannot be read: %w", f.name, err)
	}
	return farm.Errorf(farm.Invalid, "the %s image is damaged or cut short: %w", f.name, err)
}

// JPEG writes the image as a JPEG of quality 85. Transparent parts become black.
func JPEG(w io.Writer, m image.Image) error {
	if err := jpeg.Encode(w, m, &jpeg.Options{Quality: quality}); err != nil {
		return fmt.Errorf("write JPEG: %w", err)
	}
	return nil
}

// Fit returns the image scaled down to fit into w by h pixels, its aspect kept
// and no side below one pixel. An image that fits already is returned as it is.
func Fit(m image.Image, w, h int) image.Image {
	size := m.Bounds().Size()
	if size.X <= w && size.Y <= h || size.X <= 0 || size.Y <= 0 || w <= 0 || h <= 0 {
		return m
	}
	// Compare the aspects without dividing; round to the nearest pixel.
	if size.X*h > size.Y*w {
		h = max(1, (size.Y*w+size.X/2)/size.X)
	} else {
		w = max(1, (size.X*h+size.Y/2)/size.Y)
	}
	scaled := image.NewRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(scaled, scaled.Bounds(), m, m.Bounds(), draw.Src, nil)
	return scaled
}
