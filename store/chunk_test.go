package store

import (
	"encoding/json"
	"reflect"
	"testing"

	"renderfarm/farm"
)

// Parameters that are encoded are stored as those that are not.
func TestAppendCommands(t *testing.T) {
	plain := []farm.Command{
		{Name: "a \"b\" <c>", Parameters: map[string]any{"x": []any{1.5, "y", nil}, "z": map[string]any{}}, Steps: 7},
		{Name: "empty", Parameters: map[string]any{}},
		{Name: "not encoded", Parameters: map[string]any{"k": true}},
	}
	encoded := append([]farm.Command(nil), plain...)
	for i := range encoded[:2] {
		text, err := json.Marshal(encoded[i].Parameters)
		if err != nil {
			t.Fatal(err)
		}
		encoded[i].Encoded = farm.Encoded{string(text[:1]), string(text[1 : len(text)-1]), string(text[len(text)-1:])}
		encoded[i].Parameters = nil
	}
	for _, commands := range [][]farm.Command{plain, encoded, plain[:0]} {
		raw, err := appendCommands([]byte("before"), commands)
		if err != nil {
			t.Fatal(err)
		}
		raw = raw[len("before"):]
		var got []farm.Command
		if err := json.Unmarshal(raw, &got); err != nil || !reflect.DeepEqual(got, plain[:len(commands)]) {
			t.Errorf("%s: got %v, %v; want %v", raw, got, err, plain)
		}
	}
}
