package worker

import (
	"os"
	"testing"

	"renderfarm/farm/procgroup"
)

// TestMain lets this test's own binary keep the programs together that tests run.
func TestMain(m *testing.M) {
	procgroup.RunKeeper(os.Args)
	os.Exit(m.Run())
}
