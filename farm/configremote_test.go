package farm

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

// TestOwnKeysStay changes every key of the configuration, and reads an empty file
// of a stock client into it: those that such clients know have their defaults
// again, and all others keep their values.
func TestOwnKeysStay(t *testing.T) {
	changed := DefaultConfig()
	n := 0
	change(t, reflect.ValueOf(&changed).Elem(), &n)
	if n < 20 {
		t.Fatalf("only %d keys were changed", n)
	}
	got, err := changed.ForStockClients()
	if err != nil {
		t.Fatal(err)
	}
	defaults := DefaultConfig()
	defaults.Variables = nil
	was, is, usual := flat(t, changed), flat(t, got), flat(t, defaults)
	for key, value := range was {
		want := value
		for _, stock := range stockKeys {
			if key == stock || strings.HasPrefix(key, stock+".") {
				want = usual[key]
			}
		}
		if !reflect.DeepEqual(is[key], want) {
			t.Errorf("%s is %v, want %v", key, is[key], want)
		}
	}
}

// change gives every field below v another value.
func change(t *testing.T, v reflect.Value, n *int) {
	t.Helper()
	*n++
	switch v.Kind() {
	case reflect.Struct:
		*n--
		for i := range v.NumField() {
			if v.Type().Field(i).Tag.Get("json") != "-" { // it is not in the file that clients send
				change(t, v.Field(i), n)
			}
		}
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Bool:
		v.SetBool(!v.Bool())
	case reflect.Int, reflect.Int64:
		v.SetInt(v.Int() + 1e9)
	case reflect.Float64:
		v.SetFloat(v.Float() + 1)
	case reflect.Slice:
		v.Set(reflect.ValueOf([]string{"x"}))
	case reflect.Map:
		v.SetMapIndex(reflect.ValueOf("x"), reflect.Zero(v.Type().Elem()))
	default:
		t.Fatalf("a key of kind %s: tell this test how to change it", v.Kind())
	}
}

// flat returns the values of a configuration by their keys, as JSON has them.
func flat(t *testing.T, c Config) map[string]any {
	t.Helper()
	text, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var nested map[string]any
	if err := json.Unmarshal(text, &nested); err != nil {
		t.Fatal(err)
	}
	all := map[string]any{}
	var walk func(prefix string, m map[string]any)
	walk = func(prefix string, m map[string]any) {
		for key, value := range m {
			if below, ok := value.(map[string]any); ok {
				walk(prefix+key+".", below)
			} else {
				all[prefix+key] = value
			}
		}
	}
	walk("", nested)
	return all
}
