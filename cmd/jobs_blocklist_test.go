package cmd

import (
	"slices"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/api"
)

func TestBlocksNamed(t *testing.T) {
	list := api.JobBlocklist{
		{WorkerID: "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa", WorkerName: "one", TaskType: "misc"},
		{WorkerID: "11111111-aaaa-4aaa-8aaa-aaaaaaaaaaaa", WorkerName: "one", TaskType: "blender"},
		{WorkerID: "2222bbbb-aaaa-4aaa-8aaa-aaaaaaaaaaaa", TaskType: "misc"}, // was deleted
		{WorkerID: "33333333-aaaa-4aaa-8aaa-aaaaaaaaaaaa", WorkerName: "a:misc", TaskType: "blender"},
	}
	for name, want := range map[string][]int{
		"one": {0, 1}, "ONE": {0, 1}, "one:misc": {0}, "one:blender": {1}, "one:ffmpeg": nil, "1111": {0, 1}, "1111:blender": {1},
		"2222BBBB": {2}, "2222bbbb-aaaa-4aaa-8aaa-aaaaaaaaaaaa:misc": {2}, "222": nil, "a:misc": {3}, "a:misc:blender": {3}, "": nil, ":misc": nil, "two": nil,
	} {
		var expected api.JobBlocklist
		for _, i := range want {
			expected = append(expected, list[i])
		}
		got, err := blocksNamed(list, []string{name})
		if !slices.Equal(got, expected) || (err == nil) != (want != nil) || err != nil && farm.KindOf(err) != farm.NotFound {
			t.Errorf("%q: %v, %v; want %v", name, got, err, expected)
		}
	}
}
