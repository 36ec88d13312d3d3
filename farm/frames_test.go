package farm

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestParseFrames(t *testing.T) {
	for _, c := range []struct {
		in   string
		want []int
	}{
		{"47", []int{47}},
		{"1-3", []int{1, 2, 3}},
		{"1..3", []int{1, 2, 3}},
		{" 7 , 1 - 3,2 .. 4 ", []int{1, 2, 3, 4, 7}},
		{"3,3,1", []int{1, 3}},
		{"10-1,5", []int{5}},
		{"0", []int{0}},
		{"-5", []int{-5}},
		{"-5--3", []int{-5, -4, -3}},
		{"-5..-3", []int{-5, -4, -3}},
		{"-1-1", []int{-1, 0, 1}},
		{"-1..1", []int{-1, 0, 1}},
		{"2 - -1, 1 -2", []int{1, 2}},
		{"007", []int{7}},
		{"1-10x3", []int{1, 4, 7, 10}},
		{"1..9 x 4, 5-6X1", []int{1, 5, 6, 9}},
		{"-4--1x2", []int{-4, -2}},
		{"5-1x2,3", []int{3}},
		{"7-9x50", []int{7}},
		{"1048574", []int{1048574}},
		{"-1048574", []int{-1048574}},
	} {
		got, err := ParseFrames(c.in)
		if err != nil || !reflect.DeepEqual(got, c.want) {
			t.Errorf("ParseFrames(%q) = %v, %v; want %v", c.in, got, err, c.want)
		}
		if n, err := CountFrames(c.in); err != nil || n != len(c.want) {
			t.Errorf("CountFrames(%q) = %d, %v; want %d", c.in, n, err, len(c.want))
		}
	}
}

func TestParseFramesRefuses(t *testing.T) {
	for _, c := range []struct{ in, says string }{
		{"", "is empty"},
		{"  ", "is empty"},
		{",", "a number is missing"},
		{"1,", "a number is missing"},
		{"1,,2", "a number is missing"},
		{"1-", "a number is missing"},
		{"a", `"a" is not a number`},
		{"1-b", `"b" is not a number`},
		{"1.5", "not a number or a range"},
		{"1...5", "not a number"},
		{"1-2-3", "not a number or a range"},
		{"1 2", "not a number or a range"},
		{"--5", "not a number"},
		{"- 5", "not a number"},
		{"10-1", "has no frames"},
		{"1048575", "frame 1048575 is beyond the last that Blender has, 1048574"},
		{"1-1048575", "is beyond the last"},
		{"-1048575..3", "frame -1048575 is beyond"},
		{"99999999999999999999", "is beyond the last"},
		{"1-10x0", "every 0th frame"},
		{"1-10x-2", "every -2th frame"},
		{"1-10x", "a number is missing"},
		{"1-10x2x2", "not a number or a range"},
		{"3x2", "not a number or a range"},
		{strings.Repeat("1-1048574x2,", 1000) + "1", "too many parts"},
		{strings.Repeat("x", 500), "…"},
	} {
		_, err := ParseFrames(c.in)
		if err == nil || KindOf(err) != Invalid || !strings.Contains(err.Error(), c.says) {
			t.Errorf("ParseFrames(%q): error %v; want one that says %q", c.in, err, c.says)
		}
		if err != nil && len(err.Error()) > 400 {
			t.Errorf("ParseFrames of %d bytes: the error has %d", len(c.in), len(err.Error()))
		}
	}
}

func TestParseFramesRepeatedRangesAreCheap(t *testing.T) {
	in := strings.TrimSuffix(strings.Repeat("1-900000,", 10_000), ",")
	if n, err := CountFrames(in); err != nil || n != 900_000 {
		t.Errorf("CountFrames = %d, %v; want 900000", n, err)
	}
}

func TestFormatFrames(t *testing.T) {
	for _, c := range []struct {
		in   []int
		want string
	}{
		{nil, ""},
		{[]int{4}, "4"},
		{[]int{1, 2}, "1,2"},
		{[]int{1, 2, 3}, "1-3"},
		{[]int{1, 3, 5, 6, 7}, "1,3,5-7"},
		{[]int{7, 1, 1, 6, 5, 3, 7}, "1,3,5-7"},
		{[]int{-3, -2, -1}, "-3..-1"},
		{[]int{-1, 0, 1}, "-1..1"},
		{[]int{-2, -1}, "-2,-1"},
	} {
		if got := FormatFrames(c.in); got != c.want {
			t.Errorf("FormatFrames(%v) = %q; want %q", c.in, got, c.want)
		}
	}
}

func TestChunkFrames(t *testing.T) {
	for _, c := range []struct {
		in   string
		size int
		want []string
	}{
		{"1-10", 4, []string{"1-4", "5-8", "9,10"}},
		{"1,3,5-8", 2, []string{"1,3", "5,6", "7,8"}},
		{"1-3", 10, []string{"1-3"}},
		{"47", 1, []string{"47"}},
		{"1-3", 1 << 62, []string{"1-3"}},
		{"1,3,5..7,10,20-25", 3, []string{"1,3,5", "6,7,10", "20-22", "23-25"}},
		{"1-9x2", 2, []string{"1,3", "5,7", "9"}},
	} {
		got, err := ChunkFrames(c.in, c.size)
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("ChunkFrames(%q, %d) = %q, %v; want %q", c.in, c.size, got, err, c.want)
		}
	}
	for _, size := range []int{0, -1} {
		if _, err := ChunkFrames("1-3", size); KindOf(err) != Invalid {
			t.Errorf("ChunkFrames with size %d: error %v; want Invalid", size, err)
		}
	}
	if _, err := ChunkFrames("1,", 1); KindOf(err) != Invalid {
		t.Errorf("ChunkFrames of a wrong range: error %v; want Invalid", err)
	}
}

// checkFrames checks that what parses is sorted, distinct, counted rightly
// and written so that it reads as itself; chunks together are the whole.
func checkFrames(t *testing.T, in string, size int) {
	list, err := ParseFrames(in)
	n, err2 := CountFrames(in)
	if (err == nil) != (err2 == nil) {
		t.Fatalf("%q: ParseFrames says %v, CountFrames says %v", in, err, err2)
	}
	if err != nil {
		return
	}
	if n != len(list) || n == 0 || !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != n {
		t.Fatalf("%q: count %d, frames %v", in, n, list)
	}
	again, err := ParseFrames(FormatFrames(list))
	if err != nil || !slices.Equal(again, list) {
		t.Fatalf("%q: %v written as %q reads as %v, %v", in, list, FormatFrames(list), again, err)
	}
	size = max(size, n/1000+1)
	chunks, err := ChunkFrames(in, size)
	if err != nil {
		t.Fatal(err)
	}
	again, err = ParseFrames(strings.Join(chunks, ","))
	if err != nil || !slices.Equal(again, list) || len(chunks) != (n+size-1)/size {
		t.Fatalf("%q in chunks of %d: %q", in, size, chunks)
	}
}

func FuzzParseFrames(f *testing.F) {
	f.Add("1-3,5", 1)
	f.Add("-5--1, 3..9", 2)
	f.Add("10-1,,", 0)
	f.Fuzz(func(t *testing.T, in string, size int) {
		if n, err := CountFrames(in); err == nil && n > 100_000 {
			t.Skip("only slow")
		}
		checkFrames(t, in, size)
	})
}

func TestFramesRandom(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 2000 {
		var parts []string
		for range 1 + r.IntN(6) {
			a := r.IntN(60) - 20
			switch r.IntN(4) {
			case 0:
				parts = append(parts, fmt.Sprint(a))
			case 1:
				parts = append(parts, fmt.Sprintf("%d-%d", a, a+r.IntN(9)-1))
			case 2:
				parts = append(parts, fmt.Sprintf("%d .. %d", a, a+r.IntN(9)-1))
			case 3:
				parts = append(parts, fmt.Sprintf("%d-%dx%d", a, a+r.IntN(20), 1+r.IntN(4)))
			}
		}
		checkFrames(t, strings.Join(parts, ","), 1+r.IntN(5))
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
