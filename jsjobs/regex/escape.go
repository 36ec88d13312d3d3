package regex

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

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
