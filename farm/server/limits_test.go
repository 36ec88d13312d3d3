package server

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
)

// TestLimitsAreDocumented looks for the limits in the table of docs/security.md.
func TestLimitsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []string{
		fmt.Sprintf("| body of a request | %d MiB; a job %d MiB; lists of files %d MiB |", bodyOfAny.most>>20, bodyOfJob.most>>20, bodyOfFiles.most>>20),
		fmt.Sprintf("| bodies of more than %d KiB at a time | %d, of which %d of one client;", smallBody>>10, maxLarge, maxLargeOfAClient),
		fmt.Sprintf("| memory for these bodies, together | %d MiB |", bodyMemory>>20),
		fmt.Sprintf("| values and keys in a body, lists of files apart | %d,%03d |", maxValues/1000, maxValues%1000),
		fmt.Sprintf("| a body that brings less than %d KiB in %.0f s, or in %.0f s once it has waited for its turn |", slowest>>10, uploadStuck.Seconds(), uploadBegins.Seconds()),
		fmt.Sprintf("| a preview | %d MiB,", manager.MaxPreview>>20),
		fmt.Sprintf("follow the farm | %d, of which %d of one client |", maxFollowers, maxFollowersOfAClient),
		fmt.Sprintf("| connections at a time | %d, of which %d of one client |", maxConnections, maxConnectionsOfAClient),
		fmt.Sprintf("with handshakes | %d, of which %d of one client, for 10 s |", maxBeginning, maxBeginningOfAClient),
		fmt.Sprintf("| wrong farm keys and join codes, together | %d a minute of one client |", wrongKeys),
		fmt.Sprintf("An address that sends %d wrong keys within a minute", wrongKeys),
		fmt.Sprintf("They keep a cookie for %d days", int(signedInFor.Hours()/24)),
		fmt.Sprintf("`registrations_per_minute` (%d) of one client", farm.DefaultConfig().RegistrationsPerMinute),
		fmt.Sprintf("`max_workers` (%d)", farm.DefaultConfig().MaxWorkers),
	} {
		if !strings.Contains(string(text), row) {
			t.Errorf("docs/security.md does not say %q", row)
		}
	}
	for _, kind := range []bodyKind{bodyOfAny, bodyOfJob, bodyOfFiles} {
		if kind.most*kind.cost > bodyMemory {
			t.Errorf("a body of %d bytes may never be read", kind.most)
		}
	}
}
