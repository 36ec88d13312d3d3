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
	type moved struct { // as the engine's property, the other way round
		mode  int
		value any
	}
	type other struct {
		value any
		mode  string
	}
	for theirs, says := range map[reflect.Type]string{
		reflect.TypeFor[moved](): "is not where", reflect.TypeFor[other](): "another size", reflect.TypeFor[struct {
			value any
			mode  uint
		}](): "is a uint",
	} {
		if err := sameFields(theirs, reflect.TypeFor[innerProperty]()); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v; want %q", theirs, err, says)
		}
	}
}
