package framefile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
)

// A box is a part of a file of the ISO base media format, on which MP4,
// QuickTime, AVIF and JPEG 2000 files are built: four bytes of length, four of
// kind, and the content. (ISO/IEC 14496-12, 4.2.)
type box struct {
	kind     string
	at, size int64 // of the content
}

// maxBoxes bounds how many parts a file may have on one level.
const maxBoxes = 1 << 16

// boxes lists the boxes between two offsets, all of which have to end there.
func boxes(s source, from, to int64) ([]box, error) {
	var list []box
	for from < to {
		h := s.head(from, 16)
		if len(h) < 8 {
			return list, cutShort(s, from+8)
		}
		size, head := int64(binary.BigEndian.Uint32(h)), int64(8)
		switch size {
		case 0: // up to the end
			size = to - from
		case 1:
			if len(h) < 16 {
				return list, cutShort(s, from+16)
			}
			size, head = int64(binary.BigEndian.Uint64(h[8:])), 16
		}
		if size < head {
			return list, errors.New("a part of it has an impossible length")
		}
		if size > to-from {
			return list, cutShort(s, from+size)
		}
		if len(list) == maxBoxes {
			return list, errors.New("it has too many parts")
		}
		list = append(list, box{string(h[4:8]), from + head, size - head})
		from += size
	}
	return list, nil
}

func find(list []box, kind string) *box {
	for i := range list {
		if list[i].kind == kind {
			return &list[i]
		}
	}
	return nil
}

func brand(brands ...string) func([]byte) bool {
	return func(head []byte) bool {
		return len(head) >= 12 && string(head[4:8]) == "ftyp" && slices.Contains(brands, string(head[8:12]))
	}
}

// isMP4 also knows QuickTime files without a brand, as old programs write them.
func isMP4(head []byte) bool {
	return len(head) >= 8 && slices.Contains([]string{"ftyp", "moov", "mdat", "wide"}, string(head[4:8]))
}

// checkMP4 checks that a movie has its data and its index, which programs write
// last: without one no player shows anything.
func checkMP4(s source) (Image, error) {
	m := Image{Proof: Measured}
	list, err := boxes(s, 0, s.size)
	if err != nil {
		return m, err
	}
	index := find(list, "moov")
	if index == nil {
		return m, errors.New("it has no index: the program that wrote it was ended")
	}
	if find(list, "mdat") == nil {
		return m, errors.New("it has no pictures")
	}
	m.Width, m.Height = mp4Size(s, *index)
	return m, nil
}

// checkAVIF checks that the parts of an image that its index names are there.
func checkAVIF(s source) (Image, error) {
	m := Image{Proof: Measured}
	list, err := boxes(s, 0, s.size)
	if err != nil {
		return m, err
	}
	meta := find(list, "meta")
	if meta == nil || find(list, "mdat") == nil && find(list, "moov") == nil {
		return m, errors.New("it has no pixel data")
	}
	inner, err := boxes(s, meta.at+4, meta.at+meta.size)
	if err != nil {
		return m, err
	}
	if iprp := find(inner, "iprp"); iprp != nil {
		m.Width, m.Height = avifSize(s, *iprp)
	}
	return m, nil
}

// avifSize returns the size of the first image, its property "ispe".
func avifSize(s source, iprp box) (width, height int) {
	outer, _ := boxes(s, iprp.at, iprp.at+iprp.size)
	ipco := find(outer, "ipco")
	if ipco == nil {
		return 0, 0
	}
	list, _ := boxes(s, ipco.at, ipco.at+ipco.size)
	ispe := find(list, "ispe")
	if ispe == nil || ispe.size < 12 {
		return 0, 0
	}
	h := s.head(ispe.at+4, 8)
	return int(binary.BigEndian.Uint32(h)), int(binary.BigEndian.Uint32(h[4:]))
}

// checkJP2 checks a JPEG 2000 file, whose pixels are in a codestream. (ISO/IEC 15444-1, annexes A and I.)
func checkJP2(s source) (Image, error) {
	list, err := boxes(s, 0, s.size)
	if err != nil {
		return Image{Proof: Measured}, err
	}
	code := find(list, "jp2c")
	if code == nil {
		return Image{Proof: Measured}, errors.New("it has no pixel data")
	}
	return codestream(s, code.at, code.at+code.size)
}

func checkCodestream(s source) (Image, error) { return codestream(s, 0, s.size) }

// codestream walks the parts of the tiles, whose lengths have to lead to the end marker.
func codestream(s source, at, end int64) (Image, error) {
	m := Image{Proof: Measured}
	at += 2
	for tiles := 0; ; {
		h := s.head(at, 12)
		if len(h) >= 2 && h[0] == 0xff && h[1] == 0xd9 {
			if tiles == 0 {
				return m, errors.New("it has no pixel data")
			}
			return m, nil
		}
		if len(h) < 12 || at+12 > end {
			return m, cutShort(s, at+12)
		}
		if h[0] != 0xff {
			return m, errors.New("there is data where a marker should be")
		}
		size := 2 + int64(binary.BigEndian.Uint16(h[2:]))
		switch h[1] {
		case 0x51: // size of the image
			b := s.head(at+6, 16)
			if len(b) < 16 {
				return m, cutShort(s, at+22)
			}
			be := binary.BigEndian
			m.Width, m.Height = int(be.Uint32(b)-be.Uint32(b[8:])), int(be.Uint32(b[4:])-be.Uint32(b[12:]))
			if err := checkSides(int64(m.Width), int64(m.Height)); err != nil {
				return m, err
			}
		case 0x90: // a part of a tile
			tiles++
			if size = int64(binary.BigEndian.Uint32(h[6:])); size == 0 { // up to the end marker
				return m, endsAt(s, end)
			}
			if size < 14 {
				return m, errors.New("a part of it has an impossible length")
			}
		}
		if at += size; at > end {
			return m, cutShort(s, at)
		}
	}
}

func endsAt(s source, end int64) error {
	if !bytes.Equal(s.head(end-2, 2), []byte{0xff, 0xd9}) {
		return cutShort(s, end+1)
	}
	return nil
}

// checkAVI checks that a movie has its pictures, and the index that is written last.
func checkAVI(s source) (Image, error) {
	m := Image{Proof: Measured}
	movie, index := false, false
	err := checkRIFF(s, func(kind string, at, size int64) error {
		switch {
		case kind != "LIST":
		case string(s.head(at, 4)) == "movi":
			movie = true
		case m.Width == 0:
			m.Width, m.Height = aviSize(s, at)
		}
		index = index || kind == "idx1"
		return nil
	})
	switch {
	case err != nil:
		return m, err
	case !movie:
		return m, errors.New("it has no pictures")
	case !index:
		return m, errors.New("it has no index: the program that wrote it was ended")
	}
	return m, nil
}

// checkMatroska checks that the length of a movie was filled in, which programs
// do last, and that it is there. (RFC 8794, RFC 9559.)
func checkMatroska(s source) (Image, error) {
	m := Image{Proof: Measured}
	movie := false
	for at := int64(0); at < s.size; {
		h := s.head(at, 16)
		movie = movie || bytes.HasPrefix(h, []byte("\x18\x53\x80\x67"))
		idLen := vintLen(h)
		if idLen == 0 || idLen >= len(h) {
			return m, errors.New("there is data where a part should begin")
		}
		size, n := vint(h[idLen:])
		if n == 0 {
			return m, errors.New("a part of it has no length")
		}
		if size < 0 {
			return m, errors.New("its length was not filled in: the program that wrote it was ended")
		}
		if size > s.size-at {
			return m, cutShort(s, at+size)
		}
		if at += int64(idLen+n) + size; at > s.size {
			return m, cutShort(s, at)
		}
	}
	if !movie {
		return m, errors.New("it has no pictures")
	}
	m.Width, m.Height = matroskaSize(s)
	return m, nil
}

// vintLen returns how many bytes a number of EBML has, 0 if it has none.
func vintLen(b []byte) int {
	for n := range 8 {
		if len(b) > n && b[0]>>(7-n) == 1 {
			return n + 1
		}
	}
	return 0
}

// vint reads a number and says how many bytes it has; -1 stands for "not known".
func vint(b []byte) (v int64, n int) {
	n = vintLen(b)
	if n == 0 || n > len(b) {
		return 0, 0
	}
	v = int64(b[0]) & (1<<(8-n) - 1)
	unknown := v == 1<<(8-n)-1
	for _, c := range b[1:n] {
		v = v<<8 | int64(c)
		unknown = unknown && c == 0xff
	}
	if unknown {
		return -1, n
	}
	return v, n
}

// checkOgg checks that a movie ends with a page that says so. (RFC 3533.)
func checkOgg(s source) (Image, error) {
	m := Image{Proof: Measured}
	last := byte(0)
	for at := int64(0); at < s.size; {
		h := s.head(at, 27)
		if len(h) < 27 {
			return m, cutShort(s, at+27)
		}
		if string(h[:4]) != "OggS" {
			return m, fmt.Errorf("there is data at byte %d where a page should begin", at)
		}
		size := int64(27 + int(h[26]))
		for _, n := range s.head(at+27, int(h[26])) {
			size += int64(n)
		}
		if at += size; at > s.size {
			return m, cutShort(s, at)
		}
		last = h[5]
	}
	if last&4 == 0 {
		return m, errors.New("it does not end as one: the program that wrote it was ended")
	}
	m.Width, m.Height = oggSize(s)
	return m, nil
}
