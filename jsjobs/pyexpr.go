package jsjobs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What the eval of a setting says can only be tried in Blender. What is seen
// without it: texts and brackets that do not end, statements where a value is
// wanted, values with nothing between them, and names that are not there.

// evalNames are what the add-on gives to an eval besides Python's own names.
var evalNames = []string{"bpy", "C", "jobname", "Path", "abspath", "last_n_dir_parts", "settings"}

// pythonNames are the built-in names of Python that make sense in an eval.
var pythonNames = strings.Fields(`False None True abs all any ascii bin bool bytearray bytes callable chr complex dict dir divmod enumerate
	filter float format frozenset getattr hasattr hash hex id int isinstance issubclass iter len list map max min next object oct ord pow
	print range repr reversed round set slice sorted str sum tuple type vars zip Exception AttributeError IndexError KeyError TypeError ValueError`)

// pythonJoins are keywords within expressions; pythonStatements are those that are not.
var (
	pythonJoins      = strings.Fields("and or not in is if else for lambda await async")
	pythonStatements = strings.Fields("assert break class continue def del except finally from global import nonlocal pass raise return try while with yield")
)

// A pyMistake is what is wrong with an expression, and at which of its bytes.
type pyMistake struct {
	at   int
	what string
}

// A pyToken is a word of an expression.
type pyToken struct {
	kind  pyKind
	text  string
	at    int
	depth int // brackets around it
}

type pyKind uint8

const (
	pyName pyKind = iota
	pyNumber
	pyText
	pyOpen
	pyClose
	pyOperator
)

// checkPython returns what is wrong with an expression, or nil. keys are the
// settings there are.
func checkPython(source string, keys []string) *pyMistake {
	p := &pyParser{source: source, keys: keys}
	if p.scan(); p.wrong == nil {
		p.look()
	}
	return p.wrong
}

// A pyParser is the state of checkPython. Only the first mistake is kept: later ones may be
// consequences.
type pyParser struct {
	source string
	keys   []string
	tokens []pyToken
	open   []pyToken
	inner  []pyInner // what stands in braces of f"…"
	wrong  *pyMistake
}

// A pyInner is an expression within a text.
type pyInner struct {
	source string
	at     int
}

// fail notes a mistake at a byte of the source, unless there is one already.
func (p *pyParser) fail(at int, format string, args ...any) {
	if p.wrong == nil {
		p.wrong = &pyMistake{at, fmt.Sprintf(format, args...)}
	}
}

// add notes a word.
func (p *pyParser) add(kind pyKind, at, end int) {
	p.tokens = append(p.tokens, pyToken{kind, p.source[at:end], at, len(p.open)})
}

var (
	pyNumberForm   = regexp.MustCompile(`^(0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*\.?[0-9_]*([eE][+-]?[0-9_]+)?j?|\.[0-9][0-9_]*([eE][+-]?[0-9_]+)?j?)`)
	pyOperatorForm = regexp.MustCompile(`^(\*\*|//|<<|>>|<=|>=|==|!=|:=|->|\.\.\.|[-+*/%@&|^~<>=.,:])`)
	pyPrefixForm   = regexp.MustCompile(`^(?i)(f|r|b|u|rb|br|fr|rf)?("""|'''|"|')`)
)

// scan cuts the source into words.
func (p *pyParser) scan() {
	for at := 0; at < len(p.source) && p.wrong == nil; {
		rest := p.source[at:]
		r, size := utf8.DecodeRuneInString(rest)
		quote := pyPrefixForm.FindStringSubmatch(rest)
		number, operator := pyNumberForm.FindString(rest), pyOperatorForm.FindString(rest)
		end := at + size
		switch {
		case quote != nil:
			end = p.text(at, strings.ToLower(quote[1]), quote[2])
			p.add(pyText, at, end)
		// What follows a comment is not looked at.
		case r == '#':
			end = at + len(rest)
		case r == '\n' && len(p.open) == 0 && strings.TrimSpace(p.source[:at]) != "" && strings.TrimSpace(rest) != "":
			p.fail(at, "a new line ends the expression: put brackets around it")
		case unicode.IsSpace(r):
		case r == '_' || unicode.IsLetter(r):
			for n := size; n < len(rest); n += size {
				if r, size = utf8.DecodeRuneInString(rest[n:]); r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
					break
				}
				end = at + n + size
			}
			p.add(pyName, at, end)
		case number != "" && number != ".":
			end = at + len(number)
			p.add(pyNumber, at, end)
		case strings.ContainsRune("([{", r):
			p.add(pyOpen, at, end)
			p.open = append(p.open, p.tokens[len(p.tokens)-1])
		case strings.ContainsRune(")]}", r):
			p.close(at, end)
		case operator != "":
			end = at + len(operator)
			p.add(pyOperator, at, end)
		default:
			p.fail(at, "%q is not part of an expression", string(r))
		}
		at = end
	}
	if len(p.open) > 0 {
		last := p.open[len(p.open)-1]
		p.fail(last.at, "%s is never closed", last.text)
	}
}

// close takes the last bracket that is open, and says if it is another one.
func (p *pyParser) close(at, end int) {
	pairs := map[string]string{"(": ")", "[": "]", "{": "}"}
	text := p.source[at:end]
	if len(p.open) == 0 {
		p.fail(at, "%s closes nothing", text)
		return
	}
	last := p.open[len(p.open)-1]
	if want := pairs[last.text]; text != want {
		p.fail(at, "%s closes nothing: %s is wanted, for the %s before", text, want, last.text)
	}
	p.open = p.open[:len(p.open)-1]
	p.add(pyClose, at, end)
}

// text returns where a text ends that begins with a prefix and a quote.
func (p *pyParser) text(at int, prefix, quote string) (end int) {
	start := at + len(prefix) + len(quote)
	for i := start; i < len(p.source); i++ {
		switch {
		// Also in r"…": there a backslash keeps the quote from ending the text, too.
		case p.source[i] == '\\':
			i++
		case p.source[i] == '\n' && len(quote) == 1:
			i = len(p.source)
		case strings.HasPrefix(p.source[i:], quote):
			if strings.Contains(prefix, "f") {
				p.braces(start, i)
			}
			return i + len(quote)
		}
	}
	p.fail(at, "this text has no end: %s is missing", quote)
	return len(p.source)
}

// braces notes the expressions within f"…", between from and to.
func (p *pyParser) braces(from, to int) {
	for i := from; i < to; i++ {
		switch {
		case strings.HasPrefix(p.source[i:to], "{{") || strings.HasPrefix(p.source[i:to], "}}"):
			i++
		case p.source[i] == '}':
			p.fail(i, "} closes nothing in this text: write }} for the character")
		case p.source[i] == '{':
			end, depth := i, 0
			cut := -1 // where !r or :>5 begins
			for ; end < to; end++ {
				switch c := p.source[end]; {
				case strings.IndexByte("([{", c) >= 0:
					depth++
				case strings.IndexByte(")]}", c) >= 0:
					depth--
				case depth == 1 && cut < 0 && (c == ':' || c == '!' && end+1 < to && p.source[end+1] != '='):
					cut = end
				}
				if depth == 0 {
					break
				}
			}
			if depth != 0 {
				p.fail(i, "{ is never closed in this text: write {{ for the character")
				return
			}
			if cut < 0 {
				cut = end
			}
			p.inner = append(p.inner, pyInner{strings.TrimSuffix(p.source[i+1:cut], "="), i + 1})
			i = end
		}
	}
}

// look checks the order of the words, and the names.
func (p *pyParser) look() {
	if len(p.tokens) == 0 {
		p.fail(0, "there is no expression")
		return
	}
	bound := p.bound()
	for i, t := range p.tokens {
		var before pyToken
		if i > 0 {
			before = p.tokens[i-1]
		}
		// Names behind a point are those of values, which only Blender knows; but settings are known.
		p.order(i, before, t)
		if t.kind != pyName || before.text == "." || slices.Contains(pythonJoins, t.text) {
			if before.text == "." && i > 1 && p.tokens[i-2].text == "settings" && (i < 3 || p.tokens[i-3].text != ".") && !slices.Contains(p.keys, t.text) {
				p.fail(t.at, "the job type has no setting %q", t.text)
			}
			continue
		}
		keyword := i+1 < len(p.tokens) && p.tokens[i+1].text == "=" && t.depth > 0
		switch {
		case slices.Contains(pythonStatements, t.text):
			p.fail(t.at, "%s begins a statement, and an eval is one expression", t.text)
		case !keyword && !bound[t.text] && !slices.Contains(evalNames, t.text) && !slices.Contains(pythonNames, t.text):
			p.fail(t.at, "the name %s is not known there: known are %s, and Python's own", t.text, strings.Join(evalNames, ", "))
		}
	}
	switch last := p.tokens[len(p.tokens)-1]; {
	case last.kind == pyOperator && last.text != "," && last.text != "...", last.kind == pyName && slices.Contains(pythonJoins, last.text):
		p.fail(last.at, "something is missing behind %s", last.text)
	}
	for _, in := range p.inner {
		if m := checkPython(in.source, p.keys); m != nil {
			// Names that the text's surroundings bind are not known in here.
			if !strings.HasPrefix(m.what, "the name ") || !bound[strings.Fields(m.what)[2]] {
				p.fail(in.at+m.at, "%s", m.what)
			}
		}
	}
}

// order checks a word against the one before.
func (p *pyParser) order(i int, before, t pyToken) {
	isValue := func(t pyToken) bool {
		return t.kind == pyNumber || t.kind == pyText || t.kind == pyName && !slices.Contains(pythonJoins, t.text)
	}
	switch {
	case t.text == "=" && t.depth == 0:
		p.fail(t.at, "= assigns, and an eval is one expression: compare with ==")
	case i == 0:
	// Two texts one after the other are one text to Python.
	case isValue(t) && (isValue(before) && !(t.kind == pyText && before.kind == pyText) || before.kind == pyClose):
		p.fail(t.at, "something is missing in front of %s", brief(t.text))
	case t.kind == pyClose && before.kind == pyOperator && !slices.Contains([]string{",", ":", "...", "*"}, before.text):
		p.fail(before.at, "something is missing behind %s", before.text)
	}
}

// bound returns the names that the expression itself binds: those of lambda,
// of for within brackets, and of :=.
func (p *pyParser) bound() map[string]bool {
	names := map[string]bool{}
	for i, t := range p.tokens {
		switch {
		case t.kind == pyOperator && t.text == ":=" && i > 0:
			names[p.tokens[i-1].text] = true
		case t.kind == pyName && (t.text == "for" || t.text == "lambda"):
			end := map[string]string{"for": "in", "lambda": ":"}[t.text]
			for _, n := range p.tokens[i+1:] {
				if n.text == end {
					break
				}
				if n.kind == pyName {
					names[n.text] = true
				}
			}
		}
	}
	return names
}
