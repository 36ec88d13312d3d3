package worker

import (
	"encoding/binary"
	"math"
	"strings"

	"renderfarm/farm/exr"
)

// A merger makes a line of a still of the lines of its parts.
type merger struct {
	still *still
	parts []stillPart // of the tiles in this row, by tile, then by samples
	lines [][]byte    // of the parts
	out   []byte
	rules []rule // of the channels; made when first needed
}

// A rule says how the values of several parts become one.
type rule struct {
	what  ruleKind
	color int // of a quotient: the channel with what it was divided by
}

type ruleKind uint8

const (
	ruleMean     ruleKind = iota // the mean, each part counting as much as it has samples
	ruleFirst                    // Cycles writes it with the first sample: the others have nothing
	ruleQuotient                 // divided by the mean of another pass: so are the sums
)

// firstSample are the passes that ruleFirst is for. Blender 5.0 gave passes
// other names; files of both have to be read.
var firstSample = []string{"Depth", "Position", "IndexOB", "IndexMA", "Object Index", "Material Index"}

// divided are the passes of light that Cycles divides by the pass of the
// surface's colour, once all samples are there.
var divided = map[string]string{
	"DiffDir": "DiffCol", "DiffInd": "DiffCol", "GlossDir": "GlossCol", "GlossInd": "GlossCol", "TransDir": "TransCol", "TransInd": "TransCol",
	"Diffuse Direct": "Diffuse Color", "Diffuse Indirect": "Diffuse Color",
	"Glossy Direct": "Glossy Color", "Glossy Indirect": "Glossy Color",
	"Transmission Direct": "Transmission Color", "Transmission Indirect": "Transmission Color",
}

// rulesOf returns the rule of each channel.
func rulesOf(channels []exr.Channel) []rule {
	index := map[string]int{}
	for i, c := range channels {
		index[c.Name] = i
	}
	rules := make([]rule, len(channels))
	for i, c := range channels {
		layer, pass, channel := splitName(c.Name)
		for _, name := range firstSample {
			if pass == name {
				rules[i].what = ruleFirst
			}
		}
		if c.Type == exr.Uint { // a number of something, and no measure
			rules[i].what = ruleFirst
		}
		if color, ok := index[layer+"."+divided[pass]+"."+channel]; ok {
			rules[i] = rule{ruleQuotient, color}
		}
	}
	return rules
}

// splitName splits "ViewLayer.Combined.R". A layer's name may have dots itself.
func splitName(name string) (layer, pass, channel string) {
	cut := func(s string) (string, string) {
		i := strings.LastIndexByte(s, '.')
		return s[:max(i, 0)], s[i+1:]
	}
	rest, channel := cut(name)
	layer, pass = cut(rest)
	return layer, pass, channel
}

// merge fills out with a line made of lines.
func (m *merger) merge() {
	if m.rules == nil {
		m.rules = rulesOf(m.still.Channels)
	}
	for i := 0; i < len(m.parts); {
		end := i + 1
		for end < len(m.parts) && m.parts[end].tile == m.parts[i].tile {
			end++
		}
		left, right := share(m.still.Width, m.parts[i].tile.X, m.still.grid.X)
		for c := range m.rules {
			m.mergeChannel(c, left, right, i, end)
		}
		i = end
	}
}

// mergeChannel makes the values of one channel from left to right of parts i to end.
func (m *merger) mergeChannel(c, left, right, i, end int) {
	from, to := m.at(c, left), m.at(c, right)
	if end == i+1 || m.rules[c].what == ruleFirst {
		copy(m.out[from:to], m.lines[i][from:to]) // every bit as it is
		return
	}
	divisor := m.at(m.rules[c].color, left) - from
	for at := from; at < to; at += exr.ValueSize {
		sum, by := 0.0, 0.0
		for k := i; k < end; k++ {
			v, weight := value(m.lines[k], at), float64(m.parts[k].count)
			if m.rules[c].what == ruleQuotient {
				weight *= value(m.lines[k], at+divisor)
			}
			sum += v * weight
			by += weight
		}
		if by != 0 {
			sum /= by
		}
		binary.LittleEndian.PutUint32(m.out[at:], math.Float32bits(float32(sum)))
	}
}

// at is where a line has the value of pixel x of channel c.
func (m *merger) at(c, x int) int { return (c*m.still.Width + x) * exr.ValueSize }

func value(line []byte, at int) float64 {
	return float64(math.Float32frombits(binary.LittleEndian.Uint32(line[at:])))
}
