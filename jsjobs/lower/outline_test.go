package lower

import (
	"reflect"
	"testing"
)

func TestOutlined(t *testing.T) {
	o := Outlined("t.js", `const MORE = [{ key: "b", type: 'int32' }], n = 3;
var JOB_TYPE = {
	label: "x", settings: [
		{ key: "a", "eval": "C.x", default: n },
		...MORE, ...[{ ["key"]: "c" }, { key: "d\"e" }],
		{ type: "string" },
	],
};
function compileJob(job) { const inside = [{ key: "f" }]; }
`)
	if want := (map[string]Place{"MORE": {1, 7}, "n": {1, 45}, "JOB_TYPE": {2, 5}}); !reflect.DeepEqual(o.Variables, want) {
		t.Errorf("variables %v, want %v", o.Variables, want)
	}
	want := []Object{
		{"b", Place{1, 15}, []Field{{"key", Place{1, 17}, Place{1, 22}, true}, {"type", Place{1, 27}, Place{1, 33}, true}}},
		{"a", Place{4, 3}, []Field{{"key", Place{4, 5}, Place{4, 10}, true}, {"eval", Place{4, 15}, Place{4, 23}, true}, {"default", Place{4, 30}, Place{4, 39}, false}}},
		{`d"e`, Place{5, 34}, []Field{{"key", Place{5, 36}, Place{5, 41}, false}}},
	}
	if !reflect.DeepEqual(o.Objects, want) {
		t.Errorf("objects %v\nwant %v", o.Objects, want)
	}
	if o := Outlined("t.js", "var x = {"); len(o.Variables)+len(o.Objects) != 0 {
		t.Errorf("of a broken source: %v", o)
	}
}
