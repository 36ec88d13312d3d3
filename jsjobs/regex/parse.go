package regex

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
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

// hex reads so many hexadecimal digits, if they are there.
func (p *parser) hex(count int) (rune, bool) {
	if p.at+count > len(p.src) {
		return 0, false
	}
	var n rune
	for _, c := range p.src[p.at : p.at+count] {
		i := strings.IndexRune("0123456789abcdef", unicode.ToLower(c))
		if i < 0 || c > 'f' {
			return 0, false
		}
		n = n<<4 + rune(i)
	}
	p.at += count
	return n, true
}

// unicodeEscape reads what follows \u: four digits, two times four for a pair,
// or any number in braces.
func (p *parser) unicodeEscape(points bool) (rune, bool) {
	start := p.at
	if points && p.take("{") {
		var n rune
		digits := 0
		for p.peek() != '}' {
			d, ok := p.hex(1)
			if n = n<<4 + d; !ok || n > unicode.MaxRune {
				p.at = start
				return 0, false
			}
			digits++
		}
		p.at++
		return n, digits > 0
	}
	high, ok := p.hex(4)
	if ok && points && high >= 0xd800 && high < 0xdc00 {
		behind := p.at
		if p.take(`\u`) {
			if low, ok := p.hex(4); ok && low >= 0xdc00 && low < 0xe000 {
				return (high-0xd800)<<10 + (low - 0xdc00) + 0x10000, true
			}
		}
		p.at = behind
	}
	return high, ok
}

// escape reads an escape outside of classes.
func (p *parser) escape() (node, error) {
	p.at++
	c := p.peek()
	switch {
	case c == -1:
		return nil, errors.New(`\ at end of pattern`)
	case c >= '1' && c <= '9':
		start := p.at
		if n, _ := p.digits(); n <= p.total {
			p.references++
			return reference{n: n}, nil
		}
		if p.unicode {
			return nil, errors.New("Invalid escape")
		}
		p.at = start
	case c == 'k' && (p.unicode || p.named):
		p.at++
		if !p.take("<") {
			return nil, errors.New("Invalid named reference")
		}
		name, err := p.name()
		if err != nil {
			return nil, errors.New("Invalid named reference")
		}
		p.references++
		p.wanted = append(p.wanted, name)
		return reference{name: name}, nil
	}
	if s, ok, err := p.classEscape(); ok || err != nil {
		return s, err
	}
	r, err := p.characterEscape(false)
	return one(r), err
}

// characterEscape reads an escape that means one character; the backslash was
// passed.
func (p *parser) characterEscape(inClass bool) (rune, error) {
	c := p.peek()
	p.at++
	switch c {
	case -1:
		return 0, errors.New(`\ at end of pattern`)
	case 't', 'n', 'v', 'f', 'r':
		return map[rune]rune{'t': '\t', 'n': '\n', 'v': '\v', 'f': '\f', 'r': '\r'}[c], nil
	case 'c':
		return p.control(inClass)
	case 'x':
		if r, ok := p.hex(2); ok {
			return r, nil
		}
	case 'u':
		if r, ok := p.unicodeEscape(p.unicode); ok {
			return r, nil
		}
	case '0', '1', '2', '3', '4', '5', '6', '7':
		next := p.peek()
		switch {
		case c == '0' && (next < '0' || next > '9'):
			return 0, nil
		case !p.unicode:
			p.at--
			return p.octal(), nil
		}
		return 0, errors.New("Invalid decimal escape")
	}
	switch {
	case p.unicode && !strings.ContainsRune(`^$\.*+?()[]{}|/`, c) && (!inClass || c != '-'):
		return 0, errors.New("Invalid escape")
	case c == 'k' && p.named:
		return 0, errors.New("Invalid named reference")
	}
	return c, nil
}

// control reads what follows \c. Without a letter, the backslash was meant.
func (p *parser) control(inClass bool) (rune, error) {
	c := p.peek()
	letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
	if letter || inClass && !p.unicode && (c >= '0' && c <= '9' || c == '_') {
		p.at++
		return c % 32, nil
	}
	if p.unicode {
		return 0, errors.New("Invalid unicode escape")
	}
	p.at--
	return '\\', nil
}

// octal reads up to three digits, below 256.
func (p *parser) octal() rune {
	var n rune
	for range 3 {
		c := p.peek()
		if c < '0' || c > '7' || n*8+c-'0' > 255 {
			break
		}
		n = n*8 + c - '0'
		p.at++
	}
	return n
}

// invalid is an error that names what is wrong.
func invalid(what, name string) error { return fmt.Errorf("Invalid %s %q", what, name) }
