package jsjobs

import (
	"math"
	"math/bits"

	"github.com/robertkrimen/otto"
)

// mathFunctions are those of Math with one argument that the engine lacks, or
// has less exact.
func (m *machine) mathFunctions() map[string]native {
	all := map[string]native{}
	for name, f := range map[string]func(float64) float64{
		"round": roundHalfUp, "trunc": math.Trunc, "cbrt": math.Cbrt, "log": log, "log2": log2, "log10": log10, "log1p": math.Log1p,
		"expm1": math.Expm1, "sinh": math.Sinh, "cosh": math.Cosh, "tanh": math.Tanh, "asinh": math.Asinh, "acosh": math.Acosh, "atanh": math.Atanh,
		"clz32":  func(f float64) float64 { return float64(bits.LeadingZeros32(wrap32(f))) },
		"fround": func(f float64) float64 { return float64(float32(f)) },
	} {
		all[name] = func(call otto.FunctionCall) otto.Value { return m.toJS(f(m.toNumber(call.Argument(0)))) }
	}
	return all
}

// roundHalfUp rounds to the nearest whole number, halves towards infinity.
func roundHalfUp(f float64) float64 {
	if math.IsNaN(f) || math.Abs(f) >= 1<<52 {
		return f
	}
	whole := math.Floor(f)
	if f-whole >= 0.5 {
		whole++
	}
	return math.Copysign(whole, f)
}

// log is the natural logarithm: math.Log takes numbers below 2e-308 for larger
// ones on some processors.
func log(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

// log2 is the base-2 logarithm as FreeBSD's e_log2.c computes it, which is what
// browsers have: math.Log2 is off in the last digit for many numbers.
func log2(x float64) float64 {
	const (
		hiOfLog2E = 1.44269504072144627571e+00 // the first 32 bits of 1/ln 2, and the rest
		loOfLog2E = 1.67517131648865118353e-10
	)
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log2(x)
	}
	e, hi, lo := logParts(x)
	top, rest := hi*hiOfLog2E, (lo+hi)*loOfLog2E+lo*hiOfLog2E
	sum := e + top
	return rest + ((e - sum) + top) + sum
}

// log10 is the base-10 logarithm as FreeBSD's e_log10.c computes it: math.Log10
// is not whole for many powers of ten, and scripts count digits with it.
func log10(x float64) float64 {
	const (
		hiOfLog10E = 4.34294481878168880939e-01
		loOfLog10E = 2.50829467116452752298e-11
		hiOfLog2   = 3.01029995663611771306e-01 // of log10(2)
		loOfLog2   = 3.69423907715893078616e-13
	)
	if !(x > 0) || math.IsInf(x, 1) {
		return math.Log10(x)
	}
	e, hi, lo := logParts(x)
	top, rest := hi*hiOfLog10E, e*loOfLog2+(lo+hi)*loOfLog10E+lo*hiOfLog10E
	sum := e*hiOfLog2 + top
	return rest + ((e*hiOfLog2 - sum) + top) + sum
}

// logParts returns a whole number, and the natural logarithm of x/2^e in two
// parts, of which the first has 32 bits, as FreeBSD's k_log.h computes it. x is
// above 0 and finite.
func logParts(x float64) (e, hi, lo float64) {
	m, exponent := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, exponent = 2*m, exponent-1
	}
	f := m - 1
	half := 0.5 * f * f
	s := f / (2 + f)
	z := s * s
	w := z * z
	r := w*(3.999999999940941908e-01+w*(2.222219843214978396e-01+w*1.531383769920937332e-01)) +
		z*(6.666666666666735130e-01+w*(2.857142874366239149e-01+w*(1.818357216161805012e-01+w*1.479819860510658591e-01)))
	r = s * (half + r)
	hi = math.Float64frombits(math.Float64bits(f-half) &^ (1<<32 - 1))
	return float64(exponent), hi, (f - hi) - half + r
}
