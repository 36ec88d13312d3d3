package jsjobs

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"github.com/robertkrimen/otto"
)

// count reads an argument that says how many digits.
func (m *machine) count(v otto.Value, method string, least, most float64) int {
	n := m.toInteger(v)
	if n < least || n > most {
		m.raise("RangeError", method+"() argument must be between "+numberText(least)+" and "+numberText(most))
	}
	return int(n)
}

// decimal is the exact value of a number, rounded half up as the standard
// wants it, to so many digits behind the point of d.dddde+x or, if fixed, of
// the number itself.
func decimal(f float64, digits int, fixed bool) string {
	// With fewer digits FormatFloat would round halves to even.
	exact := strconv.FormatFloat(math.Abs(f), 'e', 1100, 64) // all digits there are
	mantissa, exponent, _ := strings.Cut(exact, "e")
	e, _ := strconv.Atoi(exponent)
	all := strings.Replace(mantissa, ".", "", 1)
	keep := digits + 1
	if fixed {
		keep += e
	}
	if keep < 0 {
		return "0"
	}
	n, _ := new(big.Int).SetString("0"+all[:min(keep, len(all))], 10)
	if keep < len(all) && all[keep] >= '5' {
		n.Add(n, big.NewInt(1))
	}
	return n.String()
}

// toFixed is Number.prototype.toFixed.
func (m *machine) toFixed(f float64, call otto.FunctionCall) string {
	digits := m.count(call.Argument(0), "toFixed", 0, 100)
	if math.IsNaN(f) || math.Abs(f) >= 1e21 {
		return numberText(f)
	}
	s := "0"
	if f != 0 {
		s = decimal(f, digits, true)
	}
	sign := ""
	if f < 0 {
		sign = "-"
	}
	if digits == 0 {
		return sign + s
	}
	// 0.05 with two digits is "5" so far.
	if len(s) <= digits {
		s = strings.Repeat("0", digits+1-len(s)) + s
	}
	return sign + s[:len(s)-digits] + "." + s[len(s)-digits:]
}

// significant returns so many digits of a number, and its exponent.
func significant(f float64, count int) (s string, exponent int) {
	if f == 0 {
		return strings.Repeat("0", count), 0
	}
	_, e, _ := strings.Cut(strconv.FormatFloat(math.Abs(f), 'e', 1100, 64), "e")
	exponent, _ = strconv.Atoi(e)
	s = decimal(f, count-1, false)
	if len(s) > count { // rounded up to the next power
		return s[:count], exponent + 1
	}
	return s, exponent
}

// pointed writes digits with a point behind the first.
func pointed(s string) string {
	if len(s) == 1 {
		return s
	}
	return s[:1] + "." + s[1:]
}

// signed writes an exponent.
func signed(exponent int) string {
	if exponent < 0 {
		return "e" + strconv.Itoa(exponent)
	}
	return "e+" + strconv.Itoa(exponent)
}

// toPrecision is Number.prototype.toPrecision.
func (m *machine) toPrecision(f float64, call otto.FunctionCall) string {
	if call.Argument(0).IsUndefined() {
		return numberText(f)
	}
	n := m.toInteger(call.Argument(0))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return numberText(f)
	}
	count := m.count(m.toJS(n), "toPrecision", 1, 100)
	s, e := significant(f, count)
	sign := ""
	if f < 0 {
		sign = "-"
	}
	switch {
	case e < -6 || e >= count:
		return sign + pointed(s) + signed(e)
	case e == count-1:
		return sign + s
	case e >= 0:
		return sign + s[:e+1] + "." + s[e+1:]
	}
	return sign + "0." + strings.Repeat("0", -e-1) + s
}

// toExponential is Number.prototype.toExponential.
func (m *machine) toExponential(f float64, call otto.FunctionCall) string {
	n := m.toInteger(call.Argument(0))
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return numberText(f)
	}
	count := m.count(m.toJS(n), "toExponential", 0, 100)
	if call.Argument(0).IsUndefined() {
		return exponential(strconv.FormatFloat(f+0, 'e', -1, 64))
	}
	s, e := significant(f, count+1)
	sign := ""
	if f < 0 {
		sign = "-"
	}
	return sign + pointed(s) + signed(e)
}

// grouped is toLocaleString: as English has it, with commas between thousands
// and at most three digits of a fraction.
func (m *machine) grouped(f float64, _ otto.FunctionCall) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return strings.NewReplacer("Infinity", "∞").Replace(numberText(f))
	}
	s := strconv.FormatFloat(math.Abs(math.Round(f*1000)/1000), 'f', -1, 64)
	// Times 1000 it would lose digits, and it has no fraction worth showing.
	if math.Abs(f) >= 1e15 {
		s = strconv.FormatFloat(math.Abs(f), 'f', -1, 64)
	}
	whole, fraction, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if fraction != "" {
		whole += "." + fraction
	}
	if f < 0 && whole != "0" {
		return "-" + whole
	}
	return whole
}
