package jsjobs

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

// exact are values of functions of Math, computed to 400 digits by Python's
// decimal and rounded to the nearest float64. The other engine computes some of
// them less exactly, so it is not asked.
var exact = map[string][][2]float64{
	"log2":  {{1.005, 0.007195501404203766}, {3, 1.584962500721156}, {0.1, -3.321928094887362}, {8, 3}, {1e300, 996.5784284662087}, {5e-324, -1074}, {0.9999999999999999, -1.6017132519074588e-16}, {123456789.5, 26.87943093870339}},
	"log":   {{1.005, 0.004987541511038968}, {0.1, -2.3025850929940455}, {1e300, 690.7755278982137}, {5e-324, -744.4400719213812}, {1e-310, -713.8013788281542}},
	"log10": {{1.005, 0.0021660617565076304}, {3, 0.47712125471966244}, {0.1, -1}, {1000, 3}, {1e300, 300}, {5e-324, -323.3062153431158}},
	"log1p": {{1e-20, 1e-20}, {0.5, 0.4054651081081644}, {-0.5, -0.6931471805599453}, {1e-7, 9.999999500000033e-08}, {1e10, 23.025850930040455}},
	"expm1": {{1e-20, 1e-20}, {0.5, 0.6487212707001282}, {-0.5, -0.3934693402873666}, {1e-7, 1.0000000500000016e-07}, {100.5, 4.4319559098458955e+43}},
	"cbrt":  {{27, 3}, {2, 1.2599210498948732}, {-0.1, -0.4641588833612779}, {1e300, 1e100}, {1.005, 1.001663896579312}},
	"sinh":  {{1e-5, 1.0000000000166668e-05}, {0.5, 0.5210953054937474}, {-3, -10.017874927409903}, {20.5, 399951088.7377527}, {600, 1.8865101504649698e+260}},
	"cosh":  {{1e-5, 1.00000000005}, {0.5, 1.1276259652063807}, {-3, 10.067661995777765}, {20.5, 399951088.7377527}, {600, 1.8865101504649698e+260}},
	"tanh":  {{1e-5, 9.999999999666668e-06}, {0.5, 0.46211715726000974}, {-3, -0.9950547536867305}, {20.5, 1}},
	"asinh": {{1e-5, 9.999999999833334e-06}, {0.5, 0.48121182505960347}, {-3, -1.8184464592320668}, {20.5, 3.714166420572117}, {1e10, 23.7189981105004}},
	"acosh": {{1.005, 0.09995838013869626}, {2, 1.3169578969248168}, {20.5, 3.7129766511733946}, {1e10, 23.7189981105004}},
	"atanh": {{1e-5, 1.0000000000333334e-05}, {0.5, 0.5493061443340549}, {-0.3, -0.3095196042031117}, {0.999, 3.8002011672501994}},
}

// TestMaths holds functions of Math to their exact values, but for the last two
// digits in binary.
func TestMaths(t *testing.T) {
	const most = 3 // float64s beside each other
	var calls []string
	var want []float64
	for name, pairs := range exact {
		for _, pair := range pairs {
			calls = append(calls, fmt.Sprintf("Math.%s(%v)", name, pair[0]))
			want = append(want, pair[1])
		}
	}
	for n := -307; n <= 308; n++ {
		calls = append(calls, fmt.Sprintf("Math.log10(1e%d)", n))
		want = append(want, float64(n))
	}
	said, err := evaluate(t, "["+strings.Join(calls, ", ")+"]")
	if err != nil {
		t.Fatal(err)
	}
	var got []float64
	if err := json.Unmarshal([]byte(said), &got); err != nil || len(got) != len(want) {
		t.Fatalf("%d values, %v; want %d", len(got), err, len(want))
	}
	for i := range got {
		apart := int64(math.Float64bits(got[i])) - int64(math.Float64bits(want[i]))
		if apart < -most || apart > most {
			t.Errorf("%s is %v, %d off; want %v", calls[i], got[i], apart, want[i])
		}
		if whole := strings.HasPrefix(calls[i], "Math.log10(1e"); (whole || strings.HasPrefix(calls[i], "Math.log2")) && apart != 0 {
			t.Errorf("%s is %v; want %v to the last digit", calls[i], got[i], want[i])
		}
	}
}
