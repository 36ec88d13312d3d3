package regex

import (
	"fmt"
	"strings"
	"unicode"
)

// An emitter writes a tree for regexp2.
type emitter struct {
	b          strings.Builder
	flags      *Regexp
	groups     int
	references bool
}

func (e *emitter) emit(n node) string {
	e.node(n)
	return e.b.String()
}

func (e *emitter) write(format string, args ...any) { fmt.Fprintf(&e.b, format, args...) }

func (e *emitter) node(n node) {
	switch n := n.(type) {
	case alt:
		for i, a := range n {
			if i > 0 {
				e.write("|")
			}
			e.node(a)
		}
	case sequence:
		for _, t := range n {
			if _, nested := t.(alt); nested {
				e.write("(?:")
				e.node(t)
				e.write(")")
				continue
			}
			e.node(t)
		}
	case group:
		if n.n > 0 {
			e.write("(?<%d>", n.n)
		} else {
			e.write("(?:")
		}
		e.node(n.body)
		e.write(")")
	case look:
		e.write("%s", map[[2]bool]string{{false, false}: "(?=", {false, true}: "(?!", {true, false}: "(?<=", {true, true}: "(?<!"}[[2]bool{n.behind, n.not}])
		e.node(n.body)
		e.write(")")
	case repeat:
		e.repeat(n)
	case reference:
		e.reference(n)
	case assertion:
		e.assertion(n)
	case set:
		e.set(n)
	case dot:
		if e.flags.Has('s') {
			e.set(set{not: true})
		} else {
			e.set(set{ranges: lineEnds, not: true})
		}
	}
}

// repeat writes a repetition. Each time round, the groups in it have nothing
// at first; regexp2 would keep what they had, so that is taken from those
// which may be left out.
func (e *emitter) repeat(n repeat) {
	_, isSet := n.body.(set)
	_, isDot := n.body.(dot)
	if isSet || isDot {
		e.node(n.body)
	} else {
		e.write("(?:")
		if n.max < 0 || n.max > 1 {
			always := map[int]bool{}
			if !e.references {
				sure(n.body, always)
			}
			for i := n.groups[0]; i < n.groups[1]; i++ {
				if !always[i] {
					e.write("(?(%d)(?<-%d>)|)", i, i)
				}
			}
		}
		e.node(n.body)
		e.write(")")
	}
	switch {
	case n.min == 0 && n.max < 0:
		e.write("*")
	case n.min == 1 && n.max < 0:
		e.write("+")
	case n.min == 0 && n.max == 1:
		e.write("?")
	case n.max < 0:
		e.write("{%d,}", n.min)
	default:
		e.write("{%d,%d}", n.min, n.max)
	}
	if n.lazy {
		e.write("?")
	}
}

// sure adds the groups that have something whenever n matched.
func sure(n node, found map[int]bool) {
	switch n := n.(type) {
	case sequence:
		for _, t := range n {
			sure(t, found)
		}
	case group:
		if n.n > 0 {
			found[n.n] = true
		}
		sure(n.body, found)
	case repeat:
		if n.min > 0 {
			sure(n.body, found)
		}
	case look:
		if !n.not {
			sure(n.body, found)
		}
	}
}

// reference writes a back-reference. To a group that has nothing it matches
// nothing.
func (e *emitter) reference(n reference) {
	numbers := []int{n.n}
	for _, name := range e.flags.Names {
		if n.n == 0 && name.Text == n.name {
			numbers = name.Numbers
		}
	}
	for _, i := range numbers {
		if e.flags.Has('i') {
			e.write(`(?(%d)(?i:\k<%d>)|`, i, i)
		} else {
			e.write(`(?(%d)\k<%d>|`, i, i)
		}
	}
	e.write("%s", strings.Repeat(")", len(numbers)))
}

func (e *emitter) assertion(n assertion) {
	switch {
	case n == '^' && e.flags.Has('m'):
		e.write(`(?<=\A|[\n\r\u2028\u2029])`)
	case n == '^':
		e.write(`\A`)
	case n == '$' && e.flags.Has('m'):
		e.write(`(?=\z|[\n\r\u2028\u2029])`)
	case n == '$':
		e.write(`\z`)
	default:
		w := &emitter{flags: e.flags}
		word := w.emit(set{ranges: words})
		if n == 'b' {
			e.write(`(?:(?<=%s)(?!%s)|(?<!%s)(?=%s))`, word, word, word, word)
		} else {
			e.write(`(?:(?<=%s)(?=%s)|(?<!%s)(?!%s))`, word, word, word, word)
		}
	}
}

// set writes a class.
func (e *emitter) set(s set) {
	list := s.ranges
	if e.flags.Has('i') {
		list = anyCase(list, e.flags.unicode)
	}
	if s.not {
		list = others(list)
	}
	list = inside(list, e.flags.unicode)
	switch {
	case len(list) == 0:
		e.write("(?!)")
		return
	case len(list) == 1 && list[0].from == list[0].to:
		e.rune(list[0].from)
		return
	}
	e.write("[")
	for _, r := range list {
		e.rune(r.from)
		if r.to > r.from {
			e.write("-")
			e.rune(r.to)
		}
	}
	e.write("]")
}

// inside are the ranges as texts are inside: halves of pairs at E000, what is at
// home there at 10F000 if it is one character, U+FFFD at FFFE.
//
// regexp2 goes wrong over x|[^a], in which it looks for what is neither. So no
// class may be all but one character: the last of Unicode, which is no
// character, is in none, and without the flag u nothing beyond FFFF is.
func inside(list []span, full bool) (out []span) {
	for _, place := range []struct {
		from, to, by rune
		full         bool
	}{
		{0, 0xd7ff, 0, false}, {0xd800, 0xdfff, 0x800, false}, {0xe000, 0xe7ff, 0x10f000 - 0xe000, true}, {0xe800, 0xfffc, 0, false},
		{0xfffd, 0xfffd, 1, false}, {0xffff, 0xffff, 0, false}, {0x10000, unicode.MaxRune - 1, 0, true},
	} {
		for _, s := range list {
			from, to := max(s.from, place.from), min(s.to, place.to)
			if from <= to && (full || !place.full) {
				out = append(out, span{from + place.by, to + place.by})
			}
		}
	}
	return tidy(out)
}

// rune writes a character so that it means nothing but itself.
func (e *emitter) rune(r rune) {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r > 0xffff:
		e.b.WriteRune(r)
	default:
		e.write(`\u%04x`, r)
	}
}
