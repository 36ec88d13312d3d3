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
		"round": roundHalfUp, "trunc": math.Trunc, "cbrt": math.Cbrt, "log2": math.Log2, "log10": math.Log10, "log1p": math.Log1p,
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
