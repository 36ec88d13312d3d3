package jsjobs

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/robertkrimen/otto"

	"renderfarm/jsjobs/codeunit"
)

const (
	uriMarks    = "-_.!~*'()"   // stay in parts of addresses, with letters and digits
	uriReserved = ";/?:@&=+$,#" // stay in whole addresses
	escapeMarks = "@*_+-./"     // stay in escape
	hexDigits   = "0123456789ABCDEF"
)

// uriFunctions are encodeURIComponent and the like, by name.
func (m *machine) uriFunctions() map[string]native {
	encode := func(stay string) native {
		return func(call otto.FunctionCall) otto.Value {
			return ofText(m.encodeURI(m.toString(call.Argument(0)), stay))
		}
	}
	decode := func(stay string) native {
		return func(call otto.FunctionCall) otto.Value {
			return ofText(m.decodeURI(m.toString(call.Argument(0)), stay))
		}
	}
	return map[string]native{
		"encodeURI": encode(uriMarks + uriReserved), "encodeURIComponent": encode(uriMarks),
		"decodeURI": decode(uriReserved), "decodeURIComponent": decode(""),
		"escape":   func(call otto.FunctionCall) otto.Value { return ofText(escape(m.toString(call.Argument(0)))) },
		"unescape": func(call otto.FunctionCall) otto.Value { return ofText(unescape(m.toString(call.Argument(0)))) },
	}
}

// stays reports whether a character is written as it is.
func stays(r rune, marks string) bool {
	return r < utf8.RuneSelf && (digit(byte(r)) < 36 || strings.IndexByte(marks, byte(r)) >= 0)
}

func (m *machine) encodeURI(s, stay string) string {
	var b []byte
	for _, r := range codeunit.Points(s) {
		switch {
		case stays(r, stay):
			b = append(b, byte(r))
		case utf16.IsSurrogate(r):
			m.raise("URIError", "URI malformed")
		default:
			for _, c := range []byte(string(r)) {
				b = append(b, '%', hexDigits[c>>4], hexDigits[c&15])
			}
		}
	}
	return string(b)
}

func (m *machine) decodeURI(s, stay string) string {
	var b []byte
	for i := 0; i < len(s); {
		if s[i] != '%' {
			b = append(b, s[i])
			i++
			continue
		}
		start := i
		var char []byte
		for need := 1; len(char) < need; i += 3 {
			c, err := hexByte(s, i)
			if err != nil {
				m.raise("URIError", "URI malformed")
			}
			char = append(char, c)
			if len(char) == 1 && c >= utf8.RuneSelf {
				need = 2 + int(c>>5&1) + int(c>>5&1&(c>>4))
			}
		}
		r, n := utf8.DecodeRune(char)
		switch {
		case r == utf8.RuneError && n <= 1 || n != len(char):
			m.raise("URIError", "URI malformed")
		case r < utf8.RuneSelf && strings.IndexByte(stay, byte(r)) >= 0:
			b = append(b, s[start:i]...)
		default:
			b = codeunit.AppendPoint(b, r)
		}
	}
	return string(b)
}

// hexByte reads %41 at a place.
func hexByte(s string, at int) (byte, error) {
	if at+3 > len(s) || s[at] != '%' || digit(s[at+1]) > 15 {
		return 0, fmt.Errorf("no hexadecimal number at %d", at)
	}
	n, err := strconv.ParseUint(s[at+1:at+3], 16, 8)
	return byte(n), err
}

// escape is the function of that name: code units as %41 or %u0416.
func escape(s string) string {
	var b []byte
	for _, r := range s {
		u := codeunit.Unit(r)
		switch {
		case stays(rune(u), escapeMarks):
			b = append(b, byte(u))
		case u < 256:
			b = append(b, '%', hexDigits[u>>4], hexDigits[u&15])
		default:
			b = fmt.Appendf(b, "%%u%04X", u)
		}
	}
	return string(b)
}

func unescape(s string) string {
	var units []uint16
	for i, rest := 0, s; rest != ""; rest = s[i:] {
		if len(rest) >= 6 && rest[:2] == "%u" {
			if n, err := strconv.ParseUint(rest[2:6], 16, 16); err == nil {
				units = append(units, uint16(n))
				i += 6
				continue
			}
		}
		if c, err := hexByte(s, i); err == nil {
			units = append(units, uint16(c))
			i += 3
			continue
		}
		r, n := utf8.DecodeRuneInString(rest)
		units = append(units, codeunit.Unit(r))
		i += n
	}
	return codeunit.FromUTF16(units)
}
