package jsjobs

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
)

// TestTextsAsStandard holds String and RegExp to the standard, over texts of all kinds.
func TestTextsAsStandard(t *testing.T) { compared(t, textCalls(t, true), inNode) }

// TestTextsAsOriginal holds them to the engine that other people's scripts were
// written for, without what that is known to have otherwise than the standard:
// halves of pairs in normal forms, case and trimming, sticky replacements,
// replacing an empty text, a lastIndex that has to be forgotten or is within a
// pair, empty matches, and most of look-around and the flag u.
func TestTextsAsOriginal(t *testing.T) { compared(t, textCalls(t, false), inGoja) }

func textCalls(t *testing.T, all bool) (list []call) {
	r := newRandom(t)
	for range *calls {
		list = append(list, r.textCall(all))
	}
	return list
}

// textCall draws a call of a method of String or RegExp.
func (r random) textCall(all bool) call {
	draw := func() []uint16 { return r.units(12) }
	if !all { // goja starts a line behind \n only
		draw = func() []uint16 {
			return slices.DeleteFunc(r.units(12), func(u uint16) bool { return u == '\r' || u == 0x2028 || u == 0x2029 })
		}
	}
	s := draw()
	whole := func() {
		for !all && !slices.Equal(utf16.Encode(utf16.Decode(s)), s) {
			s = draw()
		}
	}
	p := func() any { return r.part(s) }
	at := func() any { return r.position(s) }
	set := func(method string, args []any) call { return call{On: ofUnits(s), Method: method, Args: args} }
	switch r.IntN(16) {
	case 0:
		return set(pick(r, "indexOf", "lastIndexOf", "includes", "startsWith", "endsWith"), r.some(0, p(), at()))
	case 1:
		return set(pick(r, "slice", "substring", "substr"), r.some(0, at(), at()))
	case 2:
		return set(pick(r, "charAt", "charCodeAt", "codePointAt", "at"), r.some(0, at()))
	case 3:
		return set(pick(r, "padStart", "padEnd"), r.some(0, r.IntN(30), p()))
	case 4:
		whole()
		return set(pick(r, "toUpperCase", "toLowerCase", "trim", "trimStart", "trimEnd", "toString", "concat", "repeat"), []any{})
	case 5:
		whole()
		return set("normalize", r.some(0, pick(r, "NFC", "NFD", "NFKC", "NFKD", "X")))
	case 6:
		return set("split", r.some(0, p(), pick[any](r, -1, 0, 1, 2, 3)))
	case 7, 8:
		sub := r.part(s)
		if len(sub.(map[string]any)["text"].([]uint16)) == 0 && !all { // goja does not end
			return set("replace", []any{sub, r.replacement()})
		}
		return set(pick(r, "replace", "replaceAll"), []any{sub, r.replacement()})
	case 9:
		return call{On: r.word(), Method: "localeCompare", Args: []any{r.word()}}
	case 10:
		pattern := r.pattern(s, all, false)
		pattern["flags"] = strings.ReplaceAll(pattern["flags"].(string), "u", "") // V8 splits pairs
		return set("split", r.some(1, pattern, pick[any](r, 0, 1, 2, 3)))
	case 11, 12:
		return set(pick(r, "replace", "replaceAll"), []any{r.pattern(s, all, false), r.replacement()})
	case 13:
		return set(pick(r, "match", "matchAll", "search"), []any{r.pattern(s, all, false)})
	}
	return call{On: r.pattern(s, all, true), Method: pick(r, "exec", "test"), Args: []any{ofUnits(s)}}
}

// word draws a text whose order is the same in all languages and versions.
func (r random) word() any {
	var list []uint16
	for range r.IntN(6) {
		list = append(list, utf16.Encode([]rune(pick(r, "a", "A", "b", "B", "ä", "é", "e\u0301", "ß", "σ", "1", "2", " ", "-", "日", "😀", "ﬁ")))...)
	}
	return ofUnits(list)
}

// replacement draws what is put in a match's place.
func (r random) replacement() any {
	return pick[any](r, map[string]any{"call": pick(r, "count", "dollar", "nothing")},
		ofUnits(utf16.Encode([]rune(pick(r, "-", "", "$&", "[$&]", "$1", "$01", "$10", "$2$1", "$$", "$`", "$'", "$", "$0", "$3", "$<a>", "ö$&😀")))), ofUnits(r.units(3)))
}

// pattern draws a regular expression that has to do with a text; for exec or
// test, that may go on from a place.
func (r random) pattern(of []uint16, all, exec bool) map[string]any {
	piece := func() []uint16 {
		if at := r.IntN(len(of) + 1); r.IntN(2) == 0 && at < len(of) && (all || !utf16.IsSurrogate(rune(of[at]))) {
			return escaped(of[at : at+1])
		}
		return utf16.Encode([]rune(pick(r, ".", "\\w", "\\d", "\\s", "\\S", "[a-c]", "[^a]", "[à-ü]", "ö", "ß", "[\\s\\S]", "\\u00f6", "(a)", "(?:b|c)", "^", "$", "[b-ö]+", "Σ")))
	}
	if all {
		plain := piece
		piece = func() []uint16 {
			if r.IntN(6) == 0 {
				return utf16.Encode([]rune(pick(r, "\\b", "\\B", "\\p{Lu}", "\\u{1F600}", "(?<a>b)", "[^\\d\\s]", "a{1,2}", "[\\ud800-\\udfff]", "[a-c]+?", "é?", "x*", "\\2", "\\k<a>")))
			}
			return plain()
		}
	}
	var source []uint16
	for range 1 + r.IntN(3) {
		p := piece()
		kind := r.IntN(10)
		if !all && kind > 0 {
			kind = 9
		}
		switch kind {
		case 0:
			p = append(append([]uint16{'('}, p...), ')')
		case 1:
			p = append(append([]uint16{'(', '?', ':'}, p...), ')', pick[uint16](r, '*', '+', '?'))
		case 2:
			p = append(append([]uint16{'(', '?', pick[uint16](r, '=', '!')}, p...), ')')
		case 3:
			p = append(append([]uint16{'(', '?', '<', pick[uint16](r, '=', '!')}, p...), ')')
		case 4:
			p = append(append(append([]uint16{'('}, p...), ')'), '\\', '1')
		case 5:
			p = append(append(append([]uint16{'('}, p...), '|'), append(piece(), ')')...)
		}
		source = append(source, p...)
	}
	written := string(utf16.Decode(source))
	if strings.Count(written, "(?<a>") > 1 { // older engines take no name twice, newer ones some
		return r.pattern(of, all, exec)
	}
	flags := ""
	for _, f := range "gimsuy" {
		if f == 'u' && (slices.Contains(source, '?') || strings.Contains(strings.ToLower(written), `\b`)) { // V8 looks around within pairs
			continue
		}
		if f == 'i' && slices.Contains(source, '1') { // what letters are the same behind \1 is left open, see package regex
			continue
		}
		if r.IntN(3) == 0 && (all || f != 'u' && (f != 'y' || exec)) {
			flags += string(f)
		}
	}
	last := 0
	if all || exec {
		last = pick(r, 0, 1, r.IntN(8))
	}
	return map[string]any{"pattern": source, "flags": flags, "last": last}
}

// escaped makes code units mean themselves in a pattern.
func escaped(units []uint16) (list []uint16) {
	for _, u := range units {
		if u < 128 && u != ' ' && (u < '0' || u > '9' && u < 'A' || u > 'Z' && u < 'a' || u > 'z') && u > ' ' && u != '-' {
			list = append(list, '\\')
		}
		list = append(list, u)
	}
	return list
}
