package picture

import (
	"bytes"
	"image"
	"io"
	"math"

	"golang.org/x/image/draw"

	"renderfarm/farm"
)

// sheetGap is how many pixels are between two images of a sheet.
const sheetGap = 4

// Sheet writes a JPEG with images side by side in as many columns as rows, each scaled
// to fit into a cell of so many pixels. What cannot be decoded is left out;
// farm.NotFound if nothing is left.
func Sheet(w io.Writer, images [][]byte, width, height int) error {
	var cells []image.Image
	for _, data := range images {
		if m, _, err := Decode(bytes.NewReader(data)); err == nil {
			cells = append(cells, Fit(m, width, height))
		}
	}
	if len(cells) == 0 {
		return farm.Errorf(farm.NotFound, "there is no image to show")
	}
	columns := int(math.Ceil(math.Sqrt(float64(len(cells)))))
	rows := (len(cells) + columns - 1) / columns
	sheet := image.NewRGBA(image.Rect(0, 0, columns*(width+sheetGap)-sheetGap, rows*(height+sheetGap)-sheetGap))
	for i, cell := range cells {
		size := cell.Bounds().Size()
		corner := image.Pt(i%columns*(width+sheetGap)+(width-size.X)/2, i/columns*(height+sheetGap)+(height-size.Y)/2)
		draw.Draw(sheet, image.Rectangle{Min: corner, Max: corner.Add(size)}, cell, cell.Bounds().Min, draw.Src)
	}
	return JPEG(w, sheet)
}
