package framefile

import "renderfarm/farm/exr"

// checkEXR checks an OpenEXR image of any kind; see exr.Check.
func checkEXR(s source) (Image, error) {
	c, err := exr.Check(s, s.size)
	m := Image{Width: c.Width, Height: c.Height, Flat: c.Flat, NotFinite: c.NotFinite, Proof: Measured}
	switch {
	case c.Checksummed:
		m.Proof = Checksummed
	case c.Decoded:
		m.Proof = Decoded
	}
	return m, err
}
