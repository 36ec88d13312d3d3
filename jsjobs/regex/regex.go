// Package regex compiles and runs regular expressions as ECMAScript 2023
// defines them, with what browsers allow besides (Annex B of the standard).
//
// A pattern is parsed by the standard's grammar (parse.go, class.go), and
// written anew for the backtracking engine of regexp2 (emit.go) in such a way
// that nothing is left to that engine's dialect: classes are lists of ranges,
// anchors are lookarounds, and case is in the classes. So look-ahead and
// look-behind, back-references and named groups work as in browsers.
//
// Differences known: a repetition ends with a round that matched nothing, where
// the standard tries that round in another way; letters that have two small
// forms, as σ and ς, are not the same for back-references with the flag i; the
// flag v and the properties of emoji are refused.
//
// Backtracking can take for ever. A match that takes longer than a limit, or
// more memory, is ended with an error.
package regex

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dlclark/regexp2/v2"

	"renderfarm/jsjobs/codeunit"
)

const (
	// maxTime is what one match may take. The patterns of scripts take
	// microseconds; one that backtracks without end would take for ever.
	maxTime = 2 * time.Second

	maxStack   = 4 << 20  // slots of 8 bytes that backtracking may take
	maxPattern = 64 << 10 // bytes; the parser recurses over groups
	maxGroups  = 1000     // within each other
)

// A Regexp is a compiled pattern. It may be used by several goroutines.
type Regexp struct {
	Source string // as it was written, inside (package codeunit)
	Flags  string // sorted, as the property flags has them
	Groups int    // that capture
	Names  []Name // in the order in which they are written

	search, here *regexp2.Regexp
	unicode      bool
}

// A Name is one of a group, or of several of which only one can match.
type Name struct {
	Text    string
	Numbers []int
}

// Has reports whether a flag is set.
func (r *Regexp) Has(flag byte) bool { return strings.IndexByte(r.Flags, flag) >= 0 }

// Compile compiles a pattern, which is a text inside. Errors are SyntaxErrors.
func Compile(pattern, flags string) (*Regexp, error) {
	r := &Regexp{Source: pattern}
	if err := r.setFlags(flags); err != nil {
		return nil, err
	}
	fail := func(err error) (*Regexp, error) {
		return nil, fmt.Errorf("Invalid regular expression: /%s/: %w", codeunit.Decode(pattern), err)
	}
	if len(pattern) > maxPattern {
		return fail(fmt.Errorf("it is longer than %d KiB", maxPattern>>10))
	}
	p := newParser(pattern, r.unicode)
	tree, err := p.pattern()
	if err != nil {
		return fail(err)
	}
	r.Groups, r.Names = p.groups, p.names
	e := &emitter{flags: r, groups: p.groups, references: p.references > 0}
	text := e.emit(tree)
	options := regexp2.OptionMaxBacktrackingStackSize(maxStack)
	if r.search, err = regexp2.Compile(text, options); err != nil {
		return fail(err)
	}
	r.search.MatchTimeout = maxTime
	if r.here, err = regexp2.Compile(`\G(?:`+text+`)`, options); err != nil {
		return fail(err)
	}
	r.here.MatchTimeout = maxTime
	return r, nil
}

// setFlags takes flags over. Each may be there once.
func (r *Regexp) setFlags(flags string) error {
	for i := range len(flags) {
		if !strings.Contains("dgimsuy", flags[i:i+1]) || strings.Contains(flags[:i], flags[i:i+1]) {
			return fmt.Errorf("Invalid flags supplied to RegExp constructor '%s'", codeunit.Decode(flags))
		}
	}
	for _, f := range "dgimsuy" {
		if strings.ContainsRune(flags, f) {
			r.Flags += string(f)
		}
	}
	r.unicode = r.Has('u')
	return nil
}

// A Text is one that patterns are matched with, prepared for that once. Halves
// of pairs stay the characters that they are inside: surrogates, which are in
// no valid text, get lost in the engine.
type Text struct {
	Inside string
	units  []rune
	points []rune
	starts []int // the unit at which each point begins, and the end
}

// NewText prepares a text inside.
func NewText(inside string) *Text { return &Text{Inside: inside} }

// Len is the number of code units.
func (t *Text) Len() int { return len(t.unitRunes()) }

func (t *Text) unitRunes() []rune {
	if t.units == nil {
		t.units = []rune(t.Inside)
	}
	return t.units
}

func (t *Text) pointRunes() []rune {
	if t.points == nil {
		t.points = codeunit.Points(t.Inside)
		at := 0
		for i, p := range t.points {
			t.starts = append(t.starts, at)
			at++
			if p > 0xffff {
				at++
			} else {
				t.points[i] = codeunit.Rune(uint16(p))
			}
		}
		t.starts = append(t.starts, at)
	}
	return t.points
}

// point is the index of the character that the code unit belongs to.
func (t *Text) point(unit int) int {
	low, high := 0, len(t.starts)-1
	for low < high { // the last one that begins at unit or before
		middle := (low + high + 1) / 2
		if t.starts[middle] <= unit {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return low
}

// Slice is a part of the text, in code units.
func (t *Text) Slice(from, to int) string {
	if len(t.Inside) == len(t.unitRunes()) {
		return t.Inside[from:to]
	}
	return string(t.units[from:to])
}

// Match looks for the pattern from a code unit on, or only there. It returns
// where the match and its groups begin and end, with -1 for groups that have
// nothing, or nil.
func (r *Regexp) Match(t *Text, start int, onlyThere bool) ([]int, error) {
	runes := t.unitRunes()
	if start > len(runes) {
		return nil, nil
	}
	if r.unicode {
		runes = t.pointRunes()
		start = t.point(start)
	}
	re := r.search
	if onlyThere {
		re = r.here
	}
	m, err := re.FindRunesMatchStartingAt(runes, start)
	switch {
	case errors.Is(err, regexp2.ErrBacktrackingStackLimit):
		return nil, r.endless(t, "more memory than it may have")
	case err != nil:
		return nil, r.endless(t, "longer than "+maxTime.String())
	case m == nil:
		return nil, nil
	}
	return r.places(t, m), nil
}

// endless is the error for a match that was ended.
func (r *Regexp) endless(t *Text, took string) error {
	return fmt.Errorf("the regular expression /%s/ took %s over a text of %d characters: look for repetitions within repetitions, such as (a+)+",
		codeunit.Decode(r.Source), took, t.Len())
}

// places lists where a match and its groups are.
func (r *Regexp) places(t *Text, m *regexp2.Match) []int {
	list := make([]int, 0, 2*r.Groups+2)
	add := func(from, length int) {
		to := from + length
		if r.unicode {
			from, to = t.starts[from], t.starts[to]
		}
		list = append(list, from, to)
	}
	add(m.RuneIndex, m.RuneLength)
	for i := range r.Groups {
		g := m.GroupByNumber(i + 1)
		if g == nil || len(g.Captures) == 0 {
			list = append(list, -1, -1)
			continue
		}
		c := g.Captures[len(g.Captures)-1]
		add(c.RuneIndex, c.RuneLength)
	}
	return list
}
