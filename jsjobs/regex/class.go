package regex

import (
	"errors"
	"slices"
	"strings"
	"unicode"
)

// A set is what one character may be: ranges, each with its ends, in order and
// apart from each other. not is for what it may not be.
type set struct {
	ranges []span
	not    bool
}

type span struct{ from, to rune }

// dot is what . stands for, which depends on a flag.
type dot struct{}

func one(r rune) set { return set{ranges: []span{{r, r}}} }

var (
	digits   = []span{{'0', '9'}}
	words    = []span{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}
	spaces   = []span{{'\t', '\r'}, {' ', ' '}, {0xa0, 0xa0}, {0x1680, 0x1680}, {0x2000, 0x200a}, {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f}, {0x3000, 0x3000}, {0xfeff, 0xfeff}}
	lineEnds = []span{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}}
)

// tidy sorts ranges and joins those that touch.
func tidy(list []span) []span {
	slices.SortFunc(list, func(a, b span) int { return int(a.from - b.from) })
	var out []span
	for _, s := range list {
		if n := len(out); n > 0 && s.from <= out[n-1].to+1 {
			out[n-1].to = max(out[n-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
	return out
}

// others are the ranges between ranges that are tidy.
func others(list []span) []span {
	var out []span
	next := rune(0)
	for _, s := range list {
		if s.from > next {
			out = append(out, span{next, s.from - 1})
		}
		next = s.to + 1
	}
	if next <= unicode.MaxRune {
		out = append(out, span{next, unicode.MaxRune})
	}
	return out
}

// class reads a class in brackets.
func (p *parser) class() (node, error) {
	p.at++
	s := set{not: p.take("^")}
	for {
		if p.peek() == -1 {
			return nil, errors.New("Unterminated character class")
		}
		if p.take("]") {
			s.ranges = tidy(s.ranges)
			return s, nil
		}
		from, single, err := p.classAtom()
		if err != nil {
			return nil, err
		}
		if p.peek() != '-' || p.at+1 >= len(p.src) || p.src[p.at+1] == ']' {
			s.ranges = append(s.ranges, from...)
			continue
		}
		p.at++
		to, otherSingle, err := p.classAtom()
		switch {
		case err != nil:
			return nil, err
		case !single || !otherSingle:
			if p.unicode {
				return nil, errors.New("Invalid character class")
			}
			s.ranges = append(append(append(s.ranges, from...), span{'-', '-'}), to...)
		case from[0].from > to[0].from:
			return nil, errors.New("Range out of order in character class")
		default:
			s.ranges = append(s.ranges, span{from[0].from, to[0].from})
		}
	}
}

// classAtom reads one character of a class, or an escape for several.
func (p *parser) classAtom() (list []span, single bool, err error) {
	c := p.peek()
	if c == -1 {
		return nil, false, errors.New("Unterminated character class")
	}
	p.at++
	if c != '\\' {
		return []span{{c, c}}, true, nil
	}
	if p.take("b") {
		return []span{{'\b', '\b'}}, true, nil
	}
	if s, ok, err := p.classEscape(); ok || err != nil {
		if s.not {
			return others(s.ranges), false, err
		}
		return s.ranges, false, err
	}
	r, err := p.characterEscape(true)
	return []span{{r, r}}, true, err
}

// classEscape reads an escape that means one of several characters, if it is
// one; the backslash was passed.
func (p *parser) classEscape() (s set, ok bool, err error) {
	c := p.peek()
	switch c {
	case 'd', 'D':
		s.ranges = digits
	case 's', 'S':
		s.ranges = spaces
	case 'w', 'W':
		s.ranges = words
	case 'p', 'P':
		if !p.unicode {
			return s, false, nil
		}
		p.at++
		s.ranges, err = p.property()
		s.not = c == 'P'
		return s, true, err
	default:
		return s, false, nil
	}
	p.at++
	s.not = unicode.IsUpper(c)
	return s, true, nil
}

// property reads the name of a Unicode property.
func (p *parser) property() ([]span, error) {
	if !p.take("{") {
		return nil, errors.New("Invalid property name")
	}
	var text strings.Builder
	for c := p.peek(); c != '}'; c = p.peek() {
		if c == -1 {
			return nil, errors.New("Invalid property name")
		}
		text.WriteRune(c)
		p.at++
	}
	p.at++
	name, value, pair := strings.Cut(text.String(), "=")
	list, ok := propertyRanges(name, value, pair)
	if !ok {
		return nil, invalid("property name", text.String())
	}
	return list, nil
}

// canonical is the character that stands for those which differ in case only.
func canonical(r rune, full bool) rune {
	if full { // the smallest of those that fold to each other
		least := r
		for o := unicode.SimpleFold(r); o != r; o = unicode.SimpleFold(o) {
			least = min(least, o)
		}
		return least
	}
	if r >= 0x1f80 && r <= 0x1ffc && unicode.ToUpper(r) != r && unicode.IsTitle(unicode.ToUpper(r)) {
		return r // two letters in upper case
	}
	if up := unicode.ToUpper(r); r < 128 || up >= 128 {
		return up
	}
	return r
}

// anyCase adds to ranges what differs from something in them in case only.
func anyCase(list []span, full bool) []span {
	out := slices.Clone(list)
	for _, s := range list {
		for _, c := range cased() {
			if c < s.from || c > s.to {
				continue
			}
			for o := unicode.SimpleFold(c); o != c; o = unicode.SimpleFold(o) {
				if (full || o <= 0xffff) && canonical(o, full) == canonical(c, full) {
					out = append(out, span{o, o})
				}
			}
		}
	}
	return tidy(out)
}
