package jsjobs

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"
)

// Numbers as texts and texts as numbers, by the standard; the engine's own
// differ in rounding, in bases and in what Go takes for a number.

// numberOf is the number that a text is, or NaN.
func numberOf(s string) float64 {
	s = strings.Trim(s, blanks)
	if s == "" {
		return 0
	}
	if len(s) > 2 && s[0] == '0' {
		// Without a sign: -0x10 is no number to JavaScript.
		if base := map[byte]int{'x': 16, 'X': 16, 'o': 8, 'O': 8, 'b': 2, 'B': 2}[s[1]]; base > 0 {
			return integerOf(s[2:], base)
		}
	}
	switch strings.TrimLeft(s, "+-") {
	case "Infinity":
		if strings.Count(s, "+")+strings.Count(s, "-") > 1 {
			return math.NaN()
		}
		return math.Inf(1 - 2*strings.Count(s, "-"))
	}
	// ParseFloat takes more: inf, nan, hexadecimal and underscores.
	if n := decimalLength(s); n != len(s) {
		return math.NaN()
	}
	f, _ := strconv.ParseFloat(s, 64) // too large is infinite, with an error
	return f
}

// integerOf is a whole number in a base, of any length; NaN if it is not one.
func integerOf(digits string, base int) float64 {
	// So many digits are out of range in any base, and big numbers cost the square of their length.
	if len(digits) > 1100 || digits == "" || strings.ContainsAny(digits, "+-_") {
		return math.NaN()
	}
	n, ok := new(big.Int).SetString(digits, base)
	if !ok {
		return math.NaN()
	}
	f, _ := new(big.Float).SetInt(n).Float64()
	return f
}

// decimalLength is how many bytes of s are a decimal number.
func decimalLength(s string) int {
	i := 0
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	digits := func() int {
		start := i
		for i < len(s) && s[i] >= '0' && s[i] <= '9' {
			i++
		}
		return i - start
	}
	// Digits in front of the point or behind it, but one at least.
	n := digits()
	if i < len(s) && s[i] == '.' {
		i++
		more := digits()
		if n+more == 0 {
			return 0
		}
		n += more
	}
	if n == 0 {
		return 0
	}
	// An e without digits does not belong to the number, which parseFloat("1em") needs.
	end := i
	if i < len(s) && (s[i] == 'e' || s[i] == 'E') {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if digits() > 0 {
			end = i
		}
	}
	return end
}

// parseFloat(text) is the number that a text begins with.
func (m *machine) parseFloat(call otto.FunctionCall) otto.Value {
	s := strings.TrimLeft(m.toString(call.Argument(0)), blanks)
	if rest := strings.TrimLeft(s, "+-"); len(s)-len(rest) < 2 && strings.HasPrefix(rest, "Infinity") {
		return m.toJS(math.Inf(1 - 2*strings.Count(s[:len(s)-len(rest)], "-")))
	}
	n := decimalLength(s)
	if n == 0 {
		return otto.NaNValue()
	}
	f, _ := strconv.ParseFloat(s[:n], 64)
	return m.toJS(f)
}

// parseInt(text, base) is the whole number that a text begins with.
func (m *machine) parseInt(call otto.FunctionCall) otto.Value {
	s := strings.TrimLeft(m.toString(call.Argument(0)), blanks)
	// The base is made a number of 32 bits, so 2**32 is 0, which means that it is not said.
	base := int(int32(wrap32(m.toNumber(call.Argument(1)))))
	sign := 1.0
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	if base != 0 && (base < 2 || base > 36) {
		return otto.NaNValue()
	}
	if (base == 0 || base == 16) && len(s) > 1 && (s[:2] == "0x" || s[:2] == "0X") {
		s, base = s[2:], 16
	}
	if base == 0 {
		base = 10
	}
	n := 0
	for n < len(s) && digit(s[n]) < base {
		n++
	}
	switch {
	case n == 0:
		return otto.NaNValue()
	case base == 10:
		f, _ := strconv.ParseFloat(s[:n], 64)
		return m.toJS(sign * f)
	// Twelve digits in base 36 have 63 bits.
	case n <= 12:
		i, _ := strconv.ParseInt(s[:n], base, 64)
		return m.toJS(sign * float64(i))
	}
	return m.toJS(sign * integerOf(s[:n], base))
}

// digit is what a digit counts; 99 if it is none.
func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	}
	return 99
}

// numberText is the text that a number becomes: the fewest digits that are it.
func numberText(f float64) string {
	switch {
	case math.IsNaN(f):
		return "NaN"
	case math.IsInf(f, 1):
		return "Infinity"
	case math.IsInf(f, -1):
		return "-Infinity"
	case f == 0:
		return "0"
	}
	// The limits of ECMA-262 6.1.6.1.20; Go's 'g' has others.
	if a := math.Abs(f); a >= 1e21 || a < 1e-6 {
		return exponential(strconv.FormatFloat(f, 'e', -1, 64))
	}
	return strconv.FormatFloat(f, 'f', -1, 64)
}

// exponential makes 1e+05 of Go 1e+5.
func exponential(s string) string {
	mantissa, exponent, _ := strings.Cut(s, "e")
	return mantissa + "e" + exponent[:1] + strings.TrimLeft(exponent[1:len(exponent)-1], "0") + exponent[len(exponent)-1:]
}

// numberMethods are those of Number.prototype, by name. call.This is a number
// already.
func (m *machine) numberMethods() map[string]native {
	all := map[string]native{}
	for name, f := range map[string]func(float64, otto.FunctionCall) string{
		"toString": m.toBase, "toFixed": m.toFixed, "toPrecision": m.toPrecision, "toExponential": m.toExponential, "toLocaleString": m.grouped,
	} {
		all[name] = func(call otto.FunctionCall) otto.Value { return ofText(f(m.numberThis(call, name), call)) }
	}
	return all
}

// numberThis is the number that a method is called on.
func (m *machine) numberThis(call otto.FunctionCall, method string) float64 {
	if !call.This.IsNumber() && call.This.Class() != "Number" {
		m.raise("TypeError", "Number.prototype."+method+" requires that 'this' be a Number")
	}
	if call.This.IsNumber() {
		f, _ := call.This.ToFloat()
		return f
	}
	f, err := m.call(m.kit.numberValue, call.This).ToFloat()
	if err != nil {
		m.rethrow(err)
	}
	return f
}

// toBase is toString, in a base.
func (m *machine) toBase(f float64, call otto.FunctionCall) string {
	base := 10.0
	if v := call.Argument(0); v.IsDefined() {
		base = m.toInteger(v)
	}
	if base < 2 || base > 36 {
		m.raise("RangeError", "toString() radix argument must be between 2 and 36")
	}
	if base == 10 || math.IsNaN(f) || math.IsInf(f, 0) {
		return numberText(f)
	}
	return inBase(f, int(base))
}

// inBase writes a number in a base: of fractions as many digits as tell it
// from its neighbours.
func inBase(f float64, base int) string {
	sign := ""
	if f < 0 {
		sign, f = "-", -f
	}
	whole, fraction := math.Modf(f)
	b := float64(base)
	zeros := 0 // for digits beyond the precision
	// Digits below the precision are zero, as in V8.
	for whole >= 1<<53 {
		whole /= b
		zeros++
	}
	s := sign + strconv.FormatInt(int64(whole), base) + strings.Repeat("0", zeros)
	if fraction == 0 {
		return s
	}
	// Half of the way to the next number: what differs by less is this number.
	least := max((math.Nextafter(f, math.Inf(1))-f)/2, math.SmallestNonzeroFloat64)
	var digits []byte
	for {
		fraction *= b
		least *= b
		d := math.Floor(fraction)
		digits = append(digits, byte(d))
		fraction -= d
		if fraction > 0.5 || fraction == 0.5 && int(d)%2 == 1 {
			if fraction+least > 1 { // the next digit up is nearer
				return s + "." + roundedUp(digits, base)
			}
		}
		if fraction < least {
			return s + "." + inDigits(digits)
		}
	}
}

// roundedUp adds one to the last digit, and carries. A carry beyond the first
// cannot be: then the number would be whole.
func roundedUp(digits []byte, base int) string {
	for i := len(digits) - 1; i >= 0; i-- {
		if digits[i]++; int(digits[i]) < base {
			return inDigits(digits[:i+1])
		}
	}
	return inDigits(digits)
}

// inDigits writes digits, each 0 to 35.
func inDigits(digits []byte) string {
	out := make([]byte, len(digits))
	for i, d := range digits {
		out[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[min(int(d), 35)]
	}
	return string(out)
}
