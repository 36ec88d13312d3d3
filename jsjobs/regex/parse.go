package regex

import (
	"errors"
	"math"
	"slices"
	"unicode"

	"renderfarm/jsjobs/codeunit"
)

// The tree of a pattern.
type (
	node     interface{}
	alt      []node // one of them
	sequence []node // one after the other
	group    struct {
		n    int // 0: does not capture
		body node
	}
	look struct {
		behind, not bool
		body        node
	}
	repeat struct {
		min, max int // max < 0: any number
		lazy     bool
		body     node
		groups   [2]int // the groups in it: from the first up to below the second
	}
	reference struct {
		n    int
		name string // of the group, instead of n
	}
	assertion byte // ^ $ b B
)

// A parser reads a pattern by the grammar of the standard, which is stricter
// with the flag u. It works on characters with that flag, and on code units
// without.
type parser struct {
	src     []rune
	at      int
	unicode bool
	named   bool // \k is a reference
	total   int  // groups of the whole pattern
	depth   int

	groups     int
	names      []Name
	inUse      map[string]bool // names in the alternative so far
	references int
	wanted     []string // names that references want
}

func newParser(pattern string, unicode bool) *parser {
	p := &parser{unicode: unicode, inUse: map[string]bool{}}
	if unicode {
		p.src = codeunit.Points(pattern)
	} else {
		for _, r := range pattern {
			p.src = append(p.src, rune(codeunit.Unit(r)))
		}
	}
	p.count()
	return p
}

// count looks ahead for groups: references may come before them.
func (p *parser) count() {
	class := false
	for i := 0; i < len(p.src); i++ {
		switch p.src[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '(':
			if class {
				continue
			}
			rest := p.src[i+1:]
			switch {
			case len(rest) == 0 || rest[0] != '?':
				p.total++
			case len(rest) > 2 && rest[1] == '<' && rest[2] != '=' && rest[2] != '!':
				p.total++
				p.named = true
			}
		}
	}
}

// peek is the next character, or -1.
func (p *parser) peek() rune {
	if p.at < len(p.src) {
		return p.src[p.at]
	}
	return -1
}

// take passes over a text if that is what comes.
func (p *parser) take(s string) bool {
	for i, r := range s { // which is ASCII
		if p.at+i >= len(p.src) || p.src[p.at+i] != r {
			return false
		}
	}
	p.at += len(s)
	return true
}

// pattern reads the whole.
func (p *parser) pattern() (node, error) {
	n, err := p.alternatives()
	if err != nil {
		return nil, err
	}
	if p.at < len(p.src) {
		return nil, errors.New("Unmatched ')'")
	}
	for _, name := range p.wanted {
		if !slices.ContainsFunc(p.names, func(n Name) bool { return n.Text == name }) {
			return nil, errors.New("Invalid named capture referenced")
		}
	}
	return n, nil
}

func (p *parser) alternatives() (node, error) {
	if p.depth++; p.depth > maxGroups {
		return nil, errors.New("too many groups within each other")
	}
	defer func() { p.depth-- }()
	var list alt
	before := p.inUse
	after := map[string]bool{}
	for {
		p.inUse = map[string]bool{}
		for name := range before {
			p.inUse[name] = true
		}
		var terms sequence
		for p.at < len(p.src) && p.peek() != '|' && p.peek() != ')' {
			t, err := p.term()
			if err != nil {
				return nil, err
			}
			terms = append(terms, t)
		}
		list = append(list, terms)
		for name := range p.inUse {
			after[name] = true
		}
		if !p.take("|") {
			break
		}
	}
	p.inUse = after
	if len(list) == 1 {
		return list[0], nil
	}
	return list, nil
}

// term reads an assertion, or an atom with its quantifier.
func (p *parser) term() (node, error) {
	first := p.groups + 1
	c := p.peek()
	switch {
	case c == '^' || c == '$':
		p.at++
		return assertion(c), nil
	case p.take(`\b`):
		return assertion('b'), nil
	case p.take(`\B`):
		return assertion('B'), nil
	case c == '(':
		n, fixed, err := p.group()
		if err != nil || fixed {
			return n, err
		}
		return p.quantified(n, first)
	case c == '*' || c == '+' || c == '?':
		return nil, errors.New("Nothing to repeat")
	case c == '{':
		if _, _, ok := p.braces(); ok || p.unicode {
			return nil, errors.New("Nothing to repeat")
		}
		p.at++
		return p.quantified(one(c), first)
	case (c == ']' || c == '}') && p.unicode:
		return nil, errors.New("Lone quantifier brackets")
	case c == '[':
		s, err := p.class()
		if err != nil {
			return nil, err
		}
		return p.quantified(s, first)
	case c == '.':
		p.at++
		return p.quantified(dot{}, first)
	case c == '\\':
		n, err := p.escape()
		if err != nil {
			return nil, err
		}
		return p.quantified(n, first)
	}
	p.at++
	return p.quantified(one(c), first)
}

// group reads what is in brackets. fixed: no quantifier may follow.
func (p *parser) group() (n node, fixed bool, err error) {
	g := group{}
	l := look{}
	isLook := true
	switch {
	case p.take("(?="):
	case p.take("(?!"):
		l.not = true
	case p.take("(?<="):
		l.behind = true
	case p.take("(?<!"):
		l.behind, l.not = true, true
	case p.take("(?:"):
		isLook = false
	case p.take("(?<"):
		isLook = false
		g.n = p.open()
		err = p.nameGroup(g.n)
	case p.take("(?"):
		err = errors.New("Invalid group")
	default:
		p.at++
		isLook = false
		g.n = p.open()
	}
	if err != nil {
		return nil, false, err
	}
	body, err := p.alternatives()
	if err != nil {
		return nil, false, err
	}
	if !p.take(")") {
		return nil, false, errors.New("Unterminated group")
	}
	if isLook {
		l.body = body
		return l, l.behind || p.unicode, nil
	}
	g.body = body
	return g, false, nil
}

// open begins a group that captures.
func (p *parser) open() int {
	p.groups++
	return p.groups
}

// nameGroup reads the name of a group. Two may have one only in different
// alternatives.
func (p *parser) nameGroup(n int) error {
	name, err := p.name()
	if err != nil {
		return err
	}
	if p.inUse[name] {
		return errors.New("Duplicate capture group name")
	}
	p.inUse[name] = true
	for i := range p.names {
		if p.names[i].Text == name {
			p.names[i].Numbers = append(p.names[i].Numbers, n)
			return nil
		}
	}
	p.names = append(p.names, Name{name, []int{n}})
	return nil
}

// name reads up to the >, and returns the name as a text inside.
func (p *parser) name() (string, error) {
	var name []rune
	for {
		c := p.peek()
		p.at++
		switch {
		case c == '>' && len(name) > 0:
			return codeunit.FromPoints(name), nil
		case c == '\\':
			if !p.take("u") {
				return "", errors.New("Invalid capture group name")
			}
			var ok bool
			if c, ok = p.unicodeEscape(true); !ok {
				return "", errors.New("Invalid capture group name")
			}
		case c >= 0xd800 && c < 0xdc00 && p.peek() >= 0xdc00 && p.peek() < 0xe000:
			c = (c-0xd800)<<10 + (p.peek() - 0xdc00) + 0x10000
			p.at++
		}
		starts := c == '$' || c == '_' || unicode.IsLetter(c) || unicode.Is(unicode.Nl, c) || unicode.Is(unicode.Other_ID_Start, c)
		goesOn := starts || unicode.In(c, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue) || c == 0x200c || c == 0x200d
		if c < 0 || len(name) == 0 && !starts || !goesOn {
			return "", errors.New("Invalid capture group name")
		}
		name = append(name, c)
	}
}

// quantified reads the quantifier behind an atom, if there is one.
func (p *parser) quantified(n node, first int) (node, error) {
	q := repeat{body: n, groups: [2]int{first, p.groups + 1}}
	c := p.peek()
	switch c {
	case '*':
		q.max = -1
	case '+':
		q.min, q.max = 1, -1
	case '?':
		q.max = 1
	case '{':
		least, most, ok := p.braces()
		if !ok && p.unicode {
			return nil, errors.New("Incomplete quantifier")
		}
		if !ok {
			return n, nil
		}
		if most >= 0 && least > most {
			return nil, errors.New("numbers out of order in {} quantifier")
		}
		q.min, q.max = least, most
		p.at-- // of the bracket that braces passed
	default:
		return n, nil
	}
	p.at++
	q.lazy = p.take("?")
	return q, nil
}

// braces reads {2}, {2,} or {2,3}, up to behind the bracket.
func (p *parser) braces() (least, most int, ok bool) {
	start := p.at
	defer func() {
		if !ok {
			p.at = start
		}
	}()
	p.at++
	if least, ok = p.digits(); !ok {
		return 0, 0, false
	}
	most = least
	if p.take(",") {
		if most, ok = p.digits(); !ok {
			most = -1
		}
	}
	return least, most, p.take("}")
}

// digits reads a number.
func (p *parser) digits() (n int, ok bool) {
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		n = min(n*10+int(c-'0'), math.MaxInt32)
		ok = true
		p.at++
	}
	return n, ok
}
