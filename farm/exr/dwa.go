package exr

import (
	"bytes"
	"strings"
)

// DWAA and DWAB compress each channel in one of three ways, by its name and type: as JPEG
// does, by a discrete cosine transform of blocks (see dwadct.go); as runs of bytes; or with
// deflate alone. A chunk has a stream for each of the ways, and two for the first. See
// ImfDwaCompressor.cpp of the OpenEXR library (BSD-3-Clause), which defines the format.

// A dwaWay is one of the ways.
type dwaWay byte

const (
	dwaPlain dwaWay = iota
	dwaCosine
	dwaRuns
)

// A dwaRule says which way channels go, by the end of their name and their type.
type dwaRule struct {
	suffix  string
	kind    int
	way     dwaWay
	place   int // among the channels red, green and blue that go together; -1 if it goes alone
	anyCase bool
}

// dwaOldRules are those of files before version 2, which have none of their own.
var dwaOldRules = func() (rules []dwaRule) {
	for place, names := range [][]string{{"r", "red"}, {"g", "grn", "green"}, {"b", "blu", "blue"}} {
		for _, name := range names {
			rules = append(rules, dwaRule{name, 1, dwaCosine, place, true}, dwaRule{name, 2, dwaCosine, place, true})
		}
	}
	for _, name := range []string{"y", "by", "ry"} {
		rules = append(rules, dwaRule{name, 1, dwaCosine, -1, true}, dwaRule{name, 2, dwaCosine, -1, true})
	}
	for kind := range 3 {
		rules = append(rules, dwaRule{"a", kind, dwaRuns, -1, true})
	}
	return rules
}()

// A dwaChunk is what the beginning of a chunk says, and its streams.
type dwaChunk struct {
	plain, ac, dc, runs  []byte // compressed
	plainSize            int    // bytes of what is in plain
	runsPacked, runsSize int    // bytes of what is in runs, as runs and as bytes
	acCount, dcCount     int    // words
	acDeflated           bool   // instead of Huffman's code
	rules                []dwaRule
	ways                 []dwaWay // by channel
	together             [][3]int // channels that are red, green and blue of one image
	blocks               int      // of all channels that go the way of cosines
}

const dwaNumbers = 11

// readDWA reads the beginning of a chunk of the region. Streams are not larger than what a
// region can need, so that a hostile one takes no more memory than another.
func (p *part) readDWA(r region, packed []byte) (*dwaChunk, bool) {
	if !measured(p.compression, packed) {
		return nil, false
	}
	var n [dwaNumbers]uint64
	for i := range n {
		n[i] = order.Uint64(packed[8*i:])
	}
	c := &dwaChunk{acDeflated: n[10] == 1, rules: dwaOldRules}
	rest := packed[8*dwaNumbers:]
	if n[0] >= 2 {
		size := int(order.Uint16(rest))
		if size < 2 {
			return nil, false
		}
		var ok bool
		if c.rules, ok = readDWARules(rest[2:size]); !ok {
			return nil, false
		}
		rest = rest[size:]
	}
	for i, stream := range []*[]byte{&c.plain, &c.ac, &c.dc, &c.runs} {
		size := n[2+i]
		*stream, rest = rest[:size], rest[size:] // measured has added them up
	}
	c.classify(p, r)
	raw := uint64(p.rawSize(r))
	if n[1] > raw || n[6] > 2*raw+2 || n[7] > raw || n[8] > 64*uint64(c.blocks) || n[9] != uint64(c.blocks) || n[10] > 1 {
		return nil, false
	}
	c.plainSize, c.runsPacked, c.runsSize, c.acCount, c.dcCount = int(n[1]), int(n[6]), int(n[7]), int(n[8]), int(n[9])
	return c, true
}

// readDWARules reads the rules of a chunk.
func readDWARules(b []byte) (rules []dwaRule, ok bool) {
	for len(b) > 0 {
		end := bytes.IndexByte(b, 0)
		if end < 0 || len(b) < end+3 {
			return nil, false
		}
		v := b[end+1]
		rule := dwaRule{suffix: string(b[:end]), kind: int(b[end+2]), way: dwaWay(v >> 2 & 3), place: int(v>>4) - 1, anyCase: v&1 != 0}
		if rule.way > dwaRuns || rule.place > 2 {
			return nil, false
		}
		rules = append(rules, rule)
		b = b[end+3:]
	}
	return rules, true
}

func (d dwaRule) matches(suffix string, kind int) bool {
	return d.kind == kind && (d.suffix == suffix || d.anyCase && strings.EqualFold(d.suffix, suffix))
}

// classify finds out which way each channel goes, and which go together.
func (c *dwaChunk) classify(p *part, r region) {
	c.ways = make([]dwaWay, len(p.channels))
	layers := map[string]*[3]int{}
	var names []string // of layers, in the order of their first channels
	for i, ch := range p.channels {
		dot := strings.LastIndexByte(ch.name, '.')
		layer, suffix := ch.name[:max(dot, 0)], ch.name[dot+1:]
		if layers[layer] == nil {
			layers[layer] = &[3]int{-1, -1, -1}
			names = append(names, layer)
		}
		for _, rule := range c.rules {
			if rule.matches(suffix, ch.kind) {
				c.ways[i] = rule.way
				if rule.place >= 0 {
					layers[layer][rule.place] = i
				}
			}
		}
		if c.ways[i] == dwaCosine {
			w, h := p.samplesOf(ch, r)
			c.blocks += blocksOf(w) * blocksOf(h)
		}
	}
	for _, name := range names {
		if set := *layers[name]; c.fits(p, r, set) {
			c.together = append(c.together, set)
		}
	}
}

// fits reports whether three channels are there, of the same size, and go the way of cosines.
func (c *dwaChunk) fits(p *part, r region, set [3]int) bool {
	for _, i := range set {
		if i < 0 || c.ways[i] != dwaCosine {
			return false
		}
		w, h := p.samplesOf(p.channels[i], r)
		if w0, h0 := p.samplesOf(p.channels[set[0]], r); w != w0 || h != h0 {
			return false
		}
	}
	return true
}

// dwaStreams are the streams of a chunk, decompressed.
type dwaStreams struct {
	plain, runs []byte
	ac, dc      []uint16
}

// unpackStreams decompresses all streams of a chunk.
func (c *dwaChunk) unpackStreams() (s dwaStreams, ok bool) {
	s.plain, s.runs = make([]byte, c.plainSize), make([]byte, c.runsSize)
	s.ac, s.dc = make([]uint16, c.acCount), make([]uint16, c.dcCount)
	if len(c.plain) > 0 && !inflate(s.plain, c.plain) {
		return s, false
	}
	if len(c.runs) > 0 {
		runs := make([]byte, c.runsPacked)
		if !inflate(runs, c.runs) || !expandRuns(s.runs, runs) {
			return s, false
		}
	}
	if len(c.dc) > 0 {
		b := make([]byte, 2*c.dcCount)
		if !unpack(b, c.dc) {
			return s, false
		}
		toWords(s.dc, b)
	}
	switch {
	case len(c.ac) == 0:
		return s, c.acCount == 0
	case c.acDeflated:
		b := make([]byte, 2*c.acCount)
		ok = inflate(b, c.ac)
		toWords(s.ac, b)
		return s, ok
	}
	return s, unpackHuffman(s.ac, c.ac)
}

func toWords(to []uint16, b []byte) {
	for i := range to {
		to[i] = order.Uint16(b[2*i:])
	}
}

// streamsDWA reports whether all streams of a chunk can be decompressed, most of which have
// a checksum. The transform, which takes most of the time, finds no damage.
func (p *part) streamsDWA(r region, packed []byte) bool {
	c, ok := p.readDWA(r, packed)
	if ok {
		_, ok = c.unpackStreams()
	}
	return ok
}

// unpackDWA decompresses a chunk.
func (p *part) unpackDWA(r region, to, packed []byte) bool {
	c, ok := p.readDWA(r, packed)
	if !ok {
		return false
	}
	s, ok := c.unpackStreams()
	if !ok {
		return false
	}
	channels, done := borrow(len(to))
	defer done()
	planes := make([][]byte, len(p.channels))
	at := 0
	for i, ch := range p.channels {
		w, h := p.samplesOf(ch, r)
		planes[i] = channels[at : at+w*h*ch.size()]
		at += w * h * ch.size()
	}
	if !c.cosines(p, r, planes, &s) || !c.others(p, planes, &s) {
		return false
	}
	p.byRows(r, func(at, n int, row []byte) { copy(row, channels[at:at+n]) }, to)
	return true
}

// others takes the channels that do not go the way of cosines from their streams. Runs are
// of the first bytes of all values of a channel, then of the second ones, and so on.
func (c *dwaChunk) others(p *part, planes [][]byte, s *dwaStreams) bool {
	plain, runs := s.plain, s.runs
	for i, plane := range planes {
		n := len(plane)
		switch c.ways[i] {
		case dwaPlain:
			if n > len(plain) {
				return false
			}
			copy(plane, plain)
			plain = plain[n:]
		case dwaRuns:
			if n > len(runs) {
				return false
			}
			size := p.channels[i].size()
			for k := range plane {
				plane[k] = runs[k%size*(n/size)+k/size]
			}
			runs = runs[n:]
		}
	}
	return true
}
