package jsjobs

import (
	"os"
	"strings"
	"testing"
)

// A program that forgets to call RunChild runs its own work in the child. That
// must not start a child again.
func TestChildrenStartNoChildren(t *testing.T) {
	args := os.Args
	defer func() { os.Args = args }()
	os.Args = []string{args[0], childArgument, protocol}
	if p, err := startProcess(); err == nil || !strings.Contains(err.Error(), "RunChild") {
		t.Errorf("a child starts process %v, error %v", p, err)
	}
}
