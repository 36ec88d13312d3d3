package files

import (
	"bytes"

	"renderfarm/farm/picture"
)

// Sheet returns a JPEG with images side by side, each scaled to fit into a cell of so
// many pixels. What is no image is left out; an error if nothing is left.
func Sheet(images [][]byte, width, height int) ([]byte, error) {
	var b bytes.Buffer
	if err := picture.Sheet(&b, images, width, height); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}
