package framefile

import "encoding/binary"

// The sizes of movies are for comparing only. Each function returns those of the
// first video, zeros if it finds none: a movie of a kind that is not read here is
// no less whole. Where a container has a size for display beside that of the pixels,
// as for pixels that are not square, it is the latter.

// mp4Size returns the size in the description of a video track's samples.
// (ISO/IEC 14496-12, 8.4.3, 8.5.2 and 12.1.3.)
func mp4Size(s source, moov box) (width, height int) {
	inside := func(b *box, kind string) *box {
		if b == nil {
			return nil
		}
		list, _ := boxes(s, b.at, b.at+b.size)
		return find(list, kind)
	}
	tracks, _ := boxes(s, moov.at, moov.at+moov.size)
	for _, track := range tracks {
		if track.kind != "trak" {
			continue
		}
		media := inside(&track, "mdia")
		handler := inside(media, "hdlr")
		samples := inside(inside(inside(media, "minf"), "stbl"), "stsd")
		if handler == nil || samples == nil || string(s.head(handler.at+8, 4)) != "vide" {
			continue
		}
		if size := s.head(samples.at+40, 4); len(size) == 4 {
			return int(binary.BigEndian.Uint16(size)), int(binary.BigEndian.Uint16(size[2:]))
		}
	}
	return 0, 0
}

// aviSize returns the size in the header at the beginning of the list at an offset,
// if it is the list of headers. (Microsoft, "AVI RIFF File Reference".)
func aviSize(s source, at int64) (width, height int) {
	h := s.head(at, 12+40)
	if len(h) < 12+40 || string(h[:8]) != "hdrlavih" {
		return 0, 0
	}
	return int(binary.LittleEndian.Uint32(h[12+32:])), int(binary.LittleEndian.Uint32(h[12+36:]))
}

// Elements of Matroska. (RFC 9559, section 5.1.)
const (
	mkvSegment = 0x18538067
	mkvTracks  = 0x1654ae6b
	mkvTrack   = 0xae
	mkvVideo   = 0xe0
	mkvWidth   = 0xb0
	mkvHeight  = 0xba
)

// An element is a part of a Matroska file.
type element struct {
	id       uint64
	at, size int64 // of the content
}

// nextElement reads the head of the element at an offset.
func nextElement(s source, at int64) (e element, ok bool) {
	h := s.head(at, 16)
	idLen := vintLen(h)
	if idLen == 0 || idLen >= len(h) {
		return e, false
	}
	for _, b := range h[:idLen] {
		e.id = e.id<<8 | uint64(b)
	}
	size, n := vint(h[idLen:])
	if n == 0 || size < 0 || size > s.size-at {
		return e, false
	}
	e.at, e.size = at+int64(idLen+n), size
	return e, true
}

// inElement returns the first element of that kind inside another.
func inElement(s source, of element, id uint64) (element, bool) {
	at := of.at
	for range maxBoxes {
		e, ok := nextElement(s, at)
		if at >= of.at+of.size || !ok {
			break
		}
		if e.id == id {
			return e, true
		}
		at = e.at + e.size
	}
	return element{}, false
}

// matroskaSize returns the size of the first track that has one.
func matroskaSize(s source) (width, height int) {
	segment, ok := inElement(s, element{size: s.size}, mkvSegment)
	if !ok {
		return 0, 0
	}
	tracks, ok := inElement(s, segment, mkvTracks)
	for ok {
		var track element
		if track, ok = inElement(s, tracks, mkvTrack); !ok {
			break
		}
		if video, found := inElement(s, track, mkvVideo); found {
			return int(mkvNumber(s, video, mkvWidth)), int(mkvNumber(s, video, mkvHeight))
		}
		end := tracks.at + tracks.size
		tracks.at = track.at + track.size
		tracks.size = end - tracks.at
	}
	return 0, 0
}

// mkvNumber returns an unsigned number of an element, 0 if it is not there.
func mkvNumber(s source, of element, id uint64) (v uint32) {
	e, ok := inElement(s, of, id)
	if !ok || e.size > 4 {
		return 0
	}
	for _, b := range s.head(e.at, int(e.size)) {
		v = v<<8 | uint32(b)
	}
	return v
}

// oggSize returns the size of the picture if the first stream is Theora, whose
// header is the first page. (Xiph.Org, "Theora Specification", section 6.2.)
func oggSize(s source) (width, height int) {
	page := s.head(0, 27)
	if len(page) < 27 {
		return 0, 0
	}
	h := s.head(27+int64(page[26]), 20)
	if len(h) < 20 || string(h[:7]) != "\x80theora" {
		return 0, 0
	}
	number := func(b []byte) int { return int(b[0])<<16 | int(b[1])<<8 | int(b[2]) }
	return number(h[14:]), number(h[17:])
}
