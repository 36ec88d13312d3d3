package cmd

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"renderfarm/store"
)

// Nobody shall look for a full disk when the program is to blame.
func TestWhyStoreFailed(t *testing.T) {
	fault := whyStoreFailed(fmt.Errorf("%w: index out of range", store.ErrFault))
	if !strings.Contains(fault, "fault in the program") || !strings.Contains(fault, "report") || strings.Contains(fault, "disk") {
		t.Errorf("a fault: %s", fault)
	}
	if disk := whyStoreFailed(errors.New("no space left on device")); !strings.Contains(disk, "Make room on the disk") {
		t.Errorf("the disk: %s", disk)
	}
}
