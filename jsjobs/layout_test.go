package jsjobs

import (
	"reflect"
	"strings"
	"testing"
)

// TestLayout holds the types of inside.go to those of the engine, and another
// engine to be refused by name.
func TestLayout(t *testing.T) {
	if err := reachInside(); err != nil {
		t.Fatal(err)
	}
	field := func(name string, kind reflect.Type) reflect.StructField {
		return reflect.StructField{Name: name, PkgPath: "renderfarm/jsjobs", Type: kind}
	}
	mode, value := field("mode", reflect.TypeFor[int]()), field("value", reflect.TypeFor[any]())
	for says, fields := range map[string][]reflect.StructField{
		"is not where": {mode, value}, // as the engine's property, the other way round
		"another size": {value, field("mode", reflect.TypeFor[string]())},
		"is a uint":    {value, field("mode", reflect.TypeFor[uint]())},
	} {
		theirs := reflect.StructOf(fields)
		if err := sameFields(theirs, reflect.TypeFor[innerProperty]()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", theirs, err, says)
		}
	}
}
