package farm

import "testing"

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{"0": 0, "17": 17, "17B": 17, "500GB": 500e9, "1.5 TB": 1.5e12, " 20 mb ": 20e6, "3KB": 3000, "9.2e6TB": 9.2e18} {
		var got Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
		again, err := got.MarshalText()
		if err != nil {
			t.Error(err)
		}
		var back Size
		if err := back.UnmarshalText(again); err != nil || back != got {
			t.Errorf("%q is written as %q and read as %d, %v", text, again, back, err)
		}
	}
	for _, text := range []string{"", "GB", "-1GB", "a lot", "1e30TB", "NaN", "Inf", "9300000TB", "12 XB"} {
		got := Size(7)
		if err := got.UnmarshalText([]byte(text)); err == nil || got != 7 {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for size, want := range map[Size]string{0: "0", 999: "999 B", 1000: "1 kB", 1_550_000: "1.6 MB", 2e12: "2 TB", -5e6: "-5 MB"} {
		if got := size.String(); got != want {
			t.Errorf("%d: %q, want %q", int64(size), got, want)
		}
	}
}
