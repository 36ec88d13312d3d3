package farm

import "testing"

func TestCutText(t *testing.T) {
	for _, test := range []struct {
		text string
		most int
		want string
	}{
		{"", 0, ""}, {"abc", 3, "abc"}, {"abc", 4, "abc"}, {"abc", 2, "ab"}, {"abc", 0, ""},
		{"aé", 3, "aé"}, {"aé", 2, "a"}, {"é", 1, ""}, {"日本", 5, "日"}, {"日本", 3, "日"},
		{"\x80\x80\x80", 2, ""}, // no characters at all
	} {
		if got := CutText(test.text, test.most); got != test.want {
			t.Errorf("%d of %q: %q, want %q", test.most, test.text, got, test.want)
		}
	}
}
