package blendfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"
	"strings"
)

// dna says what the structures in a file look like: each .blend brings the
// description of its own.
type dna struct {
	pointer int
	order   binary.ByteOrder
	structs []dnaStruct
	byName  map[string]int
}

// A dnaStruct is one structure.
type dnaStruct struct {
	name   string
	fields map[string]dnaField
}

// A dnaField is where one field is in its structure.
type dnaField struct {
	offset, size int
	kind         string // the type's name, without * and []
	pointer      bool
}

var errDNA = errors.New("the description of its structures cannot be read")

// maxDNA bounds the block DNA1, in bytes: real ones have a tenth of a megabyte.
const maxDNA = 2 << 20

// A dnaReader takes the description apart. After a mistake everything it
// returns is empty, and failed is true.
type dnaReader struct {
	left   []byte
	whole  []byte
	order  binary.ByteOrder
	failed bool
}

// take returns the next n bytes.
func (r *dnaReader) take(n int) []byte {
	if r.failed || n < 0 || n > len(r.left) {
		r.failed = true
		return make([]byte, 4)
	}
	part := r.left[:n]
	r.left = r.left[n:]
	return part
}

// expect reads a word of four letters, which begins at a multiple of four.
func (r *dnaReader) expect(word string) {
	for (len(r.whole)-len(r.left))%4 != 0 && len(r.left) > 0 {
		r.left = r.left[1:]
	}
	if string(r.take(4)) != word {
		r.failed = true
	}
}

// count reads the number of things that follow, each of at least so many bytes.
func (r *dnaReader) count(size int) int {
	n := int(r.order.Uint32(r.take(4)))
	if n < 0 || n > len(r.left)/size {
		r.failed = true
		return 0
	}
	return n
}

// short reads a number of two bytes.
func (r *dnaReader) short() int { return int(r.order.Uint16(r.take(2))) }

// names reads a list of texts that end with a zero.
func (r *dnaReader) names() []string {
	list := make([]string, r.count(1))
	for i := range list {
		text, rest, ok := bytes.Cut(r.left, []byte{0})
		if !ok {
			r.failed = true
			return nil
		}
		list[i], r.left = string(text), rest
	}
	return list
}

// parseDNA reads the block DNA1.
func parseDNA(text []byte, h blendHeader) (*dna, error) {
	r := &dnaReader{left: text, whole: text, order: h.order}
	r.expect("SDNA")
	r.expect("NAME")
	names := r.names()
	r.expect("TYPE")
	types := r.names()
	r.expect("TLEN")
	sizes := make([]int, len(types))
	for i := range sizes {
		sizes[i] = r.short()
	}
	r.expect("STRC")
	d := &dna{pointer: h.pointer, order: h.order, byName: map[string]int{}}
	for range r.count(4) {
		s := dnaStruct{fields: map[string]dnaField{}}
		kind, fields, offset := r.short(), r.short(), 0
		for range fields {
			of, named := r.short(), r.short()
			if r.failed || kind >= len(types) || of >= len(types) || named >= len(names) {
				return nil, errDNA
			}
			f := dnaField{offset: offset, kind: types[of]}
			var name string
			name, f.size, f.pointer = fieldOf(names[named], sizes[of], h.pointer)
			s.fields[name] = f
			if offset += f.size; offset > math.MaxInt32 || f.size < 0 {
				return nil, errDNA
			}
		}
		if r.failed || kind >= len(types) {
			return nil, errDNA
		}
		s.name = types[kind]
		d.byName[s.name] = len(d.structs)
		d.structs = append(d.structs, s)
	}
	if r.failed {
		return nil, errDNA
	}
	return d, nil
}

// fieldOf reads a field's name as C declares it: *next, name[66], (*func)(),
// and returns its name, its size, and whether it is a pointer.
func fieldOf(text string, size, pointer int) (string, int, bool) {
	name, dimensions, _ := strings.Cut(text, "[")
	isPointer := strings.HasPrefix(name, "*") || strings.HasPrefix(name, "(")
	if isPointer {
		size = pointer
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(dimensions, "]"), "][") {
		if n, err := strconv.Atoi(part); err == nil && n >= 0 && n < 1<<24 && size < 1<<24 {
			size *= n
		}
	}
	return strings.Trim(name, "*()"), size, isPointer
}

// A record is one structure of the file.
type record struct {
	dna  *dna
	kind int
	data []byte
}

// at returns the field that a path of names leads to, and how to read it. The
// alternatives at each step, between bars, are names of different versions.
func (r record) at(path string) (dnaField, []byte, bool) {
	kind, data := r.kind, r.data
	var f dnaField
	for step := range strings.SplitSeq(path, ".") {
		if kind < 0 || kind >= len(r.dna.structs) {
			return f, nil, false
		}
		found := false
		for name := range strings.SplitSeq(step, "|") {
			if f, found = r.dna.structs[kind].fields[name]; found {
				break
			}
		}
		if !found || f.offset+f.size > len(data) {
			return f, nil, false
		}
		data = data[f.offset : f.offset+f.size]
		kind = -1
		if n, ok := r.dna.byName[f.kind]; ok && !f.pointer {
			kind = n
		}
	}
	return f, data, true
}

// text returns a field of characters.
func (r record) text(path string) string {
	f, data, ok := r.at(path)
	if !ok || f.kind != "char" || f.pointer {
		return ""
	}
	text, _, _ := bytes.Cut(data, []byte{0})
	return strings.ToValidUTF8(string(text), "?")
}

// number returns a field that is one number, 0 if there is none.
func (r record) number(path string) float64 {
	f, data, ok := r.at(path)
	if !ok || f.pointer {
		return 0
	}
	o := r.dna.order
	switch {
	case f.kind == "float" && len(data) == 4:
		return float64(math.Float32frombits(o.Uint32(data)))
	case f.kind == "double" && len(data) == 8:
		return math.Float64frombits(o.Uint64(data))
	case len(data) == 1:
		return float64(int8(data[0]))
	case len(data) == 2:
		return float64(int16(o.Uint16(data)))
	case len(data) == 4:
		return float64(int32(o.Uint32(data)))
	}
	return 0
}

// address returns a field that is a pointer, 0 if it points nowhere.
func (r record) address(path string) uint64 {
	f, data, ok := r.at(path)
	if !ok || !f.pointer {
		return 0
	}
	if len(data) == 8 {
		return r.dna.order.Uint64(data)
	}
	if len(data) == 4 {
		return uint64(r.dna.order.Uint32(data))
	}
	return 0
}
