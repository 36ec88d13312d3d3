package api_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files of testdata/wire")

// goldens is where the golden files are. Tests in other languages read them too.
const goldens = "../../testdata/wire"

// encode writes a value as the golden files have it.
func encode(t *testing.T, v any) []byte {
	t.Helper()
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(text, '\n')
}

// TestGolden pins the JSON of every shape: NAME.json has every key,
// NAME.min.json the keys that are always there.
func TestGolden(t *testing.T) {
	var want []string
	for _, s := range shapes() {
		for suffix, value := range map[string]any{".json": s.full, ".min.json": s.min} {
			name := filepath.Join(goldens, s.name+suffix)
			want = append(want, name)
			got := encode(t, value)
			if *update {
				if err := os.MkdirAll(goldens, 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(name, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			golden, err := os.ReadFile(name)
			if err != nil {
				t.Fatalf("%v; write it with: go test ./farm/api -update", err)
			}
			if !bytes.Equal(got, golden) {
				t.Errorf("%s differs; if that is meant, go test ./farm/api -update\ngot:\n%s", name, got)
			}
		}
	}
	have, err := filepath.Glob(filepath.Join(goldens, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range have {
		if !slices.Contains(want, name) {
			t.Errorf("%s belongs to no shape", name)
		}
	}
}

// TestRoundTrip reads what was written and writes it again.
func TestRoundTrip(t *testing.T) {
	for _, s := range shapes() {
		for _, value := range []any{s.full, s.min} {
			text := encode(t, value)
			again := reflect.New(reflect.TypeOf(value))
			if err := json.Unmarshal(text, again.Interface()); err != nil {
				t.Errorf("%s: %v", s.name, err)
			} else if got := encode(t, again.Elem().Interface()); !bytes.Equal(got, text) {
				t.Errorf("%s: read and written again, it is\n%s\nand was\n%s", s.name, got, text)
			}
		}
	}
}

// TestFull makes sure that the full values have every key, so that the tests
// above and those of the schemas see all of them.
func TestFull(t *testing.T) {
	for _, s := range shapes() {
		v := reflect.ValueOf(s.full)
		if v.Kind() != reflect.Struct {
			continue
		}
		for _, f := range reflect.VisibleFields(v.Type()) {
			if f.Anonymous || f.Tag.Get("json") == "-" {
				continue
			}
			if v.FieldByIndex(f.Index).IsZero() {
				t.Errorf("%s: the full value has no %s", s.name, f.Name)
			}
		}
	}
}
