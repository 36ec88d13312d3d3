package worker

import (
	"testing"
	"time"
)

func TestTimeZone(t *testing.T) {
	for tz, want := range map[string]string{"America/New_York": "America/New_York", ":Asia/Tokyo": "Asia/Tokyo", "UTC": "UTC",
		"/usr/share/zoneinfo/Europe/Berlin": "Europe/Berlin"} {
		t.Setenv("TZ", tz)
		if got := timeZone(); got != want {
			t.Errorf("with TZ=%s the clock hangs in %q, want %q", tz, got, want)
		}
	}
	for _, tz := range []string{"", "CET-1CEST,M3.5.0,M10.5.0/3", "Middle/Earth", "../../etc/passwd", "Local", "/etc/passwd"} {
		t.Setenv("TZ", tz)
		name := timeZone() // the system's, whatever that is
		if l, err := time.LoadLocation(name); name == tz && tz != "" || name == "Local" || err != nil || name != "" && l.String() != name {
			t.Errorf("with TZ=%s the clock hangs in %q", tz, name)
		}
	}
}

func TestZoneOfFile(t *testing.T) {
	for path, want := range map[string]string{
		"/usr/share/zoneinfo/Europe/Berlin":                      "Europe/Berlin",
		"/usr/share/zoneinfo/America/Argentina/Buenos_Aires":     "America/Argentina/Buenos_Aires",
		"/usr/share/zoneinfo/posix/Europe/Berlin":                "Europe/Berlin",
		"/private/var/db/timezone/tz/2025b.1.0/zoneinfo/Etc/UTC": "Etc/UTC",
		"/usr/share/zoneinfo.default/Europe/Paris":               "Europe/Paris",
		"/etc/localtime": "", "/usr/share/zoneinfo": "", "": "",
	} {
		if got := zoneOfFile(path); got != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
}
