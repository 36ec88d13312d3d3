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
		"round": roundHalfUp, "trunc": math.Trunc, "cbrt": math.Cbrt, "log2": log2, "log10": math.Log10, "log1p": math.Log1p,
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
	m, e := math.Frexp(x)
	if m < math.Sqrt2/2 {
		m, e = 2*m, e-1
	}
	f := m - 1
	half := 0.5 * f * f
	s := f / (2 + f)
	z := s * s
	w := z * z
	r := w*(3.999999999940941908e-01+w*(2.222219843214978396e-01+w*1.531383769920937332e-01)) +
		z*(6.666666666666735130e-01+w*(2.857142874366239149e-01+w*(1.818357216161805012e-01+w*1.479819860511658591e-01)))
	r = s * (half + r)
	hi := math.Float64frombits(math.Float64bits(f-half) &^ (1<<32 - 1))
	lo := (f - hi) - half + r
	top, rest := hi*hiOfLog2E, (lo+hi)*loOfLog2E+lo*hiOfLog2E
	sum := float64(e) + top
	return rest + ((float64(e) - sum) + top) + sum
}
