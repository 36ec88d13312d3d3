// Package framefile reads back the image and movie files that a renderer saved
// and tells whether they are whole.
//
// A renderer reports success after it wrote to a full disk, over a connection
// that broke, or was killed while it saved. What can be noticed depends on the
// format. Three degrees are told apart (see Proof):
//
//   - Checksummed formats (PNG, OpenEXR and TIFF with ZIP compression) show every
//     lost or changed byte of the pixels.
//   - Formats without checksums are decoded as far as that finds something: the
//     data has to give exactly the pixels that the header promises, and nothing
//     may be left. A block that the disk lost is noticed in most cases (JPEG,
//     RLE, LZW), but not always.
//   - Of the rest (uncompressed pixels, JPEG 2000, AVIF, lossy WebP, movies) the
//     lengths and the structure have to agree, which finds what is cut short.
//
// Checking needs memory for a few rows, whatever the size of the image, except
// for WebP and progressive JPEG, which are decoded whole up to maxDecoded pixels.
package framefile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/exr"
)

// An Image is what checking a file found out about it.
type Image struct {
	Format        string  // in lower case, such as "png" or "matroska"; "" if it is not known
	Width, Height int     // in pixels; 0 if the check does not learn them
	Flat          bool    // every pixel has the same value; false if that was not looked at
	NotFinite     float64 // share of the values that are infinite or not a number, 0 to 1; floats only
	Proof         Proof
}

// Proof says how far a check goes.
type Proof uint8

const (
	// Present: the format is not known; there is a file, and it is not empty.
	Present Proof = iota
	// Measured: the structure is right and nothing is cut short, but changed bytes within it would not be noticed.
	Measured
	// Decoded: the data gives exactly the pixels that the header promises. Most damage is noticed.
	Decoded
	// Checksummed: a checksum agrees for all of the pixels.
	Checksummed
)

// maxDecoded bounds the images that are decoded as a whole, in pixels. Of larger
// ones the structure is checked only. It is 8192 by 8192.
const maxDecoded = 1 << 26

// A source is a file that is checked.
type source struct {
	io.ReaderAt
	size int64
}

// from returns a buffered reader of everything behind the offset.
func (s source) from(offset int64) *bufio.Reader {
	return bufio.NewReaderSize(io.NewSectionReader(s, offset, max(0, s.size-offset)), 64<<10)
}

// head returns n bytes at the offset; fewer are there at the end of the file.
func (s source) head(offset int64, n int) []byte {
	b := make([]byte, n)
	n, _ = s.ReadAt(b, offset)
	return b[:n]
}

// A format is a kind of file that can be checked. A check returns errors of
// reading as they are, and what is wrong with the file as an error of kind
// farm.Invalid, see damaged.
type format struct {
	name  string
	exts  []string // how the names of its files end
	is    func(head []byte) bool
	check func(source) (Image, error)
}

// formats are tried in order. Targa has no signature and is recognised by its name alone.
var formats = []format{
	{"png", []string{".png"}, begins("\x89PNG\r\n\x1a\n"), checkPNG},
	{"jpeg", []string{".jpg", ".jpeg"}, begins("\xff\xd8\xff"), checkJPEG},
	{"tiff", []string{".tif", ".tiff"}, begins("II*\x00", "MM\x00*"), checkTIFF},
	{"openexr", []string{".exr"}, begins(exr.Magic), checkEXR},
	{"webp", []string{".webp"}, riff("WEBP"), checkWebP},
	{"bmp", []string{".bmp"}, begins("BM"), checkBMP},
	{"hdr", []string{".hdr"}, begins("#?RADIANCE", "#?RGBE"), checkHDR},
	{"iris", []string{".rgb", ".sgi", ".bw"}, begins("\x01\xda"), checkIris},
	{"jpeg 2000", []string{".jp2"}, begins("\x00\x00\x00\x0cjP  \r\n\x87\n"), checkJP2},
	{"jpeg 2000", []string{".j2c", ".j2k"}, begins("\xff\x4f\xff\x51"), checkCodestream},
	{"dpx", []string{".dpx"}, begins("SDPX", "XPDS"), checkDPX},
	{"cineon", []string{".cin"}, begins("\x80\x2a\x5f\xd7", "\xd7\x5f\x2a\x80"), checkCineon},
	{"avif", []string{".avif"}, brand("avif", "avis"), checkAVIF},
	{"mp4", []string{".mp4", ".mov", ".m4v"}, isMP4, checkMP4},
	{"avi", []string{".avi"}, riff("AVI "), checkAVI},
	{"matroska", []string{".mkv", ".webm"}, begins("\x1a\x45\xdf\xa3"), checkMatroska},
	{"ogg", []string{".ogg", ".ogv"}, begins("OggS"), checkOgg},
	{"targa", []string{".tga"}, nil, checkTarga},
}

// headLen is how many bytes of a file tell its format.
const headLen = 16

func begins(magics ...string) func([]byte) bool {
	return func(head []byte) bool {
		for _, magic := range magics {
			if bytes.HasPrefix(head, []byte(magic)) {
				return true
			}
		}
		return false
	}
}

func riff(kind string) func([]byte) bool {
	return func(head []byte) bool {
		return bytes.HasPrefix(head, []byte("RIFF")) && len(head) >= 12 && string(head[8:12]) == kind
	}
}

// formatOf returns the format of a file by its content, or of one without a
// signature by its name, and nil if neither tells.
func formatOf(head []byte, path string) *format {
	for i := range formats {
		if f := &formats[i]; f.is != nil && f.is(head) {
			return f
		}
	}
	if f := formatNamed(path); f != nil && f.is == nil {
		return f
	}
	return nil
}

// formatNamed returns the format that the file's name promises, or nil.
func formatNamed(path string) *format {
	ext := strings.ToLower(filepath.Ext(path))
	for i := range formats {
		for _, e := range formats[i].exts {
			if e == ext {
				return &formats[i]
			}
		}
	}
	return nil
}

// Check reads a file back and says what it is. The error is nil if the file is
// whole, as far as Image.Proof says; else it names in one sentence what is wrong.
// Of a format that is not known the file must not be empty, and must not have a
// name that promises another one. A file that is not there gives an error that
// matches fs.ErrNotExist.
func Check(path string) (Image, error) {
	info, err := os.Stat(path) // before opening: that of a named pipe could wait for ever
	switch {
	case err != nil:
		return Image{}, err
	case !info.Mode().IsRegular():
		return Image{}, farm.Errorf(farm.Invalid, "%s is not a file", path)
	case info.Size() == 0:
		return Image{}, farm.Errorf(farm.Invalid, "the file is empty: is the disk full?")
	}
	file, err := os.Open(path)
	if err != nil {
		return Image{}, err
	}
	defer file.Close()
	s := source{file, info.Size()}
	head := make([]byte, headLen)
	n, err := file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return Image{}, err
	}
	f := formatOf(head[:n], path)
	if f == nil {
		// The content is of no known format, yet the name may promise one:
		// then the beginning is missing, as when the disk lost a block.
		if want := formatNamed(path); want != nil {
			return Image{}, farm.Errorf(farm.Invalid, "the file is not a valid %s file: its beginning is missing or damaged", want.name)
		}
		return Image{}, nil
	}
	return f.run(s)
}

// run checks the file. A decoder that panics on damaged data gives an error:
// files come from anywhere.
func (f *format) run(s source) (m Image, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("%v", p)
		}
		m.Format = f.name
		err = f.explain(err)
	}()
	return f.check(s)
}

// explain makes one sentence of an error, unless it is one already.
func (f *format) explain(err error) error {
	var path *fs.PathError
	switch {
	case err == nil || farm.KindOf(err) != farm.Internal:
		return err
	case errors.As(err, &path): // the file could not be read
		return err
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return farm.Errorf(farm.Invalid, "the %s file is cut short", f.name)
	}
	return farm.Errorf(farm.Invalid, "the %s file is damaged: %w", f.name, err)
}

// cutShort is the error of a file that refers to bytes behind its end.
func cutShort(s source, end int64) error {
	return fmt.Errorf("%w: it has %d bytes and needs %d", io.ErrUnexpectedEOF, s.size, end)
}

// Whole is Check for those who need to know no more than whether a file is whole.
func Whole(path string) error {
	_, err := Check(path)
	return err
}
