package doctor

import (
	"context"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"renderfarm/farm"
)

// A sleeper is a program of the system that tells whether the computer goes to sleep by
// itself.
type sleeper struct {
	goos    string
	command []string
	sleeps  func(printed string) bool
	fix     string
}

var sleepers = []sleeper{
	{"linux", []string{"gsettings", "get", "org.gnome.settings-daemon.plugins.power", "sleep-inactive-ac-type"},
		func(p string) bool {
			return strings.Trim(strings.TrimSpace(p), "'") != "nothing" && strings.Contains(p, "'")
		},
		"turn off Automatic Suspend in the power settings, or: gsettings set org.gnome.settings-daemon.plugins.power sleep-inactive-ac-type nothing"},
	{"darwin", []string{"pmset", "-g"}, macSleeps, "turn on \"Prevent automatic sleeping when the display is off\", or: sudo pmset -c sleep 0"},
	{"windows", []string{"powercfg", "/query", "SCHEME_CURRENT", "SUB_SLEEP", "STANDBYIDLE"}, windowsSleeps, "choose Never for sleep when plugged in, or: powercfg /change standby-timeout-ac 0"},
}

// sleepSettings looks whether the system sends the computer to sleep when nobody uses it.
func (c *Computer) sleepSettings(ctx context.Context) []farm.Finding {
	if c.Run == nil {
		return nil
	}
	for _, s := range sleepers {
		if s.goos != runtime.GOOS {
			continue
		}
		printed, err := c.Run(ctx, s.command...)
		if err == nil && s.sleeps(printed) {
			return []farm.Finding{warning("sleep", "this computer goes to sleep by itself when nobody uses it", "a worker that sleeps loses its task, and a manager stops the farm", s.fix)}
		}
	}
	return nil
}

var macSleep = regexp.MustCompile(`(?m)^\s*sleep\s+(\d+)`)

// macSleeps reads what pmset prints: minutes until sleep, 0 for never.
func macSleeps(printed string) bool {
	m := macSleep.FindStringSubmatch(printed)
	return m != nil && m[1] != "0"
}

var windowsSetting = regexp.MustCompile(`0x([0-9a-fA-F]{8})`)

// windowsSleeps reads what powercfg prints: the last two numbers are seconds until
// sleep, plugged in and on battery. Words around them are in the system's language.
func windowsSleeps(printed string) bool {
	all := windowsSetting.FindAllStringSubmatch(printed, -1)
	if len(all) < 2 {
		return false
	}
	n, err := strconv.ParseUint(all[len(all)-2][1], 16, 32)
	return err == nil && n != 0
}
