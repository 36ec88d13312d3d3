package files

import (
	"bytes"
	"fmt"
	"image"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"renderfarm/farm"
	"renderfarm/farm/picture"
)

// A previewSize is one of the sizes a job's last rendered image is kept in.
type previewSize struct {
	name          string
	width, height int // the image fits inside, keeps its shape and is never enlarged
}

var previewSizes = [...]previewSize{
	{"last-rendered.jpg", 1920, 1080},
	{"last-rendered-small.jpg", 600, 338},
	{"last-rendered-tiny.jpg", 200, 112},
}

// previewMemory is how much memory decoding a preview may take, in bytes: enough for
// 16 bits at 4K, whatever a file of a few kilobytes says of itself.
const previewMemory = 80 << 20

// PreviewNames returns the names of a job's preview files, largest first.
func PreviewNames() []string {
	names := make([]string, len(previewSizes))
	for i, size := range previewSizes {
		names[i] = size.name
	}
	return names
}

// SavePreview decodes an image and keeps it as the job's last rendered one, in
// three sizes, each written beside its place and then renamed into it. An image
// it cannot decode is an Invalid error and changes nothing.
func (f *Files) SavePreview(job farm.JobID, data []byte) error {
	img, _, err := picture.DecodeUpTo(bytes.NewReader(data), previewMemory)
	if err != nil {
		return farm.Errorf(farm.Invalid, "the preview is not an image that can be shown: %w", err)
	}
	if err := f.root.MkdirAll(filepath.FromSlash(Dir(job)), 0o755); err != nil {
		return fmt.Errorf("save the preview of job %s: %w", job, err)
	}
	for _, size := range previewSizes {
		img = picture.Fit(img, size.width, size.height) // each from the one before: less to scale
		if err := f.writePreview(Dir(job)+"/"+size.name, img); err != nil {
			return fmt.Errorf("save the preview of job %s: %w", job, err)
		}
	}
	return nil
}

// Scale writes the image of a file of so many bytes as a JPEG that fits into width by
// height pixels. Unsupported or Invalid: it is no image that can be shown, or too large.
func Scale(w io.Writer, file io.ReaderAt, size int64, width, height int) error {
	img, err := picture.Reduced(file, size, width, height, previewMemory)
	if err != nil {
		return err
	}
	return picture.JPEG(w, img)
}

func (f *Files) writePreview(path string, img image.Image) error {
	path = filepath.FromSlash(path)
	err := f.writeFile(path+".tmp", func(w io.Writer) error { return picture.JPEG(w, img) })
	if err == nil {
		err = f.root.Rename(path+".tmp", path)
	}
	if err != nil {
		f.root.Remove(path + ".tmp") // may not exist; the first error is the one to tell
	}
	return err
}

func (f *Files) writeFile(path string, write func(io.Writer) error) error {
	file, err := f.root.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.Close()
		return err
	}
	return file.Close()
}

// HasPreview reports whether the job has a last rendered image.
func (f *Files) HasPreview(job farm.JobID) bool {
	// The smallest is written last, so it stands for all three.
	info, err := fs.Stat(f.root.FS(), Dir(job)+"/"+previewSizes[len(previewSizes)-1].name)
	return err == nil && info.Mode().IsRegular()
}
