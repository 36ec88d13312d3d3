package exr

// The ways of compression beside those of exr.go.
const (
	compressRLE   = 1
	compressPIZ   = 4
	compressPXR24 = 5
	compressB44   = 6
	compressB44A  = 7
	compressDWAA  = 8
	compressDWAB  = 9
)

// unpack decompresses a chunk of the region, whatever its part is compressed with. It
// reports false if the chunk is damaged. What a hostile one makes it allocate is a few
// times the size of the region.
func (p *part) unpack(r region, to, packed []byte) bool {
	switch p.compression {
	case compressRLE:
		return unpackRuns(to, packed)
	case compressZIPS, compressZIP:
		return unpack(to, packed)
	case compressPIZ:
		return p.unpackPIZ(r, to, packed)
	case compressPXR24:
		return p.unpackPXR24(r, to, packed)
	case compressB44, compressB44A:
		return p.unpackB44(r, to, packed)
	case compressDWAA, compressDWAB:
		return p.unpackDWA(r, to, packed)
	}
	return false // what is not compressed is as long as its region
}
