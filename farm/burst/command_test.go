package burst

import (
	"os/exec"
	"strings"
	"testing"

	"renderfarm/farm"
)

func TestCommand(t *testing.T) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh")
	}
	out, err := command{args: []string{sh, "-c", "cat"}, input: "what it is given"}.run(t.Context())
	if out != "what it is given" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	for script, want := range map[string]struct {
		kind farm.Kind
		text string
	}{
		"echo one >&2; echo the reason >&2; exit 3": {farm.Unavailable, "the reason"},
		"head -c 5000000 /dev/zero":                 {farm.TooLarge, "one line for each worker"},
	} {
		_, err := command{args: []string{sh, "-c", script}}.run(t.Context())
		if farm.KindOf(err) != want.kind || !strings.Contains(err.Error(), want.text) {
			t.Errorf("%s: %v", script, err)
		}
	}
	if _, err := (command{args: []string{"farm-no-such-program"}}).run(t.Context()); farm.KindOf(err) != farm.Invalid {
		t.Error(err)
	}
}
