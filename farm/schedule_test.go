package farm

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	_ "time/tzdata" // the zones below, wherever the test runs
)

// window reads "mo tu 22:00-06:00"; days and both times may be missing.
func window(t testing.TB, text string) Window {
	t.Helper()
	days, hours := "", text
	if i := strings.LastIndexByte(text, ' '); i >= 0 {
		days, hours = text[:i], text[i+1:]
	}
	from, to, _ := strings.Cut(hours, "-")
	var w Window
	var err1, err2, err3 error
	w.Days, err1 = ParseDays(days)
	w.From, err2 = ParseTimeOfDay(from)
	w.To, err3 = ParseTimeOfDay(to)
	if err1 != nil || err2 != nil || err3 != nil {
		t.Fatal(text, err1, err2, err3)
	}
	return w
}

func schedule(t testing.TB, windows ...string) Schedule {
	s := Schedule{Active: true}
	for _, text := range windows {
		s.Windows = append(s.Windows, window(t, text))
	}
	return s
}

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	l, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestSchedule(t *testing.T) {
	const stamp = "Mon 2006-01-02 15:04 -0700"
	for name, c := range map[string]struct {
		windows []string
		zone    string
		at      string // on the clock of the zone, or with an offset
		want    WorkerStatus
		next    string // "" for never
	}{
		"inside":                {[]string{"08:00-18:00"}, "UTC", "2026-11-25 12:00", WorkerAsleep, "Wed 2026-11-25 18:00 +0000"},
		"it begins":             {[]string{"08:00-18:00"}, "UTC", "2026-11-25 08:00", WorkerAsleep, "Wed 2026-11-25 18:00 +0000"},
		"it ends":               {[]string{"08:00-18:00"}, "UTC", "2026-11-25 18:00", WorkerAwake, "Thu 2026-11-26 08:00 +0000"},
		"after work on Friday":  {[]string{"mo tu we th fr 08:00-18:00"}, "UTC", "2026-11-27 19:00", WorkerAwake, "Mon 2026-11-30 08:00 +0000"},
		"across midnight, late": {[]string{"22:00-06:00"}, "UTC", "2026-11-25 23:00", WorkerAsleep, "Thu 2026-11-26 06:00 +0000"},
		"across midnight, soon": {[]string{"22:00-06:00"}, "UTC", "2026-11-25 05:59", WorkerAsleep, "Wed 2026-11-25 06:00 +0000"},
		// The day of a window is the one it begins on.
		"Saturday morning of Friday":    {[]string{"fr 22:00-06:00"}, "UTC", "2026-11-28 05:00", WorkerAsleep, "Sat 2026-11-28 06:00 +0000"},
		"Friday morning of Friday":      {[]string{"fr 22:00-06:00"}, "UTC", "2026-11-27 05:00", WorkerAwake, "Fri 2026-11-27 22:00 +0000"},
		"Sunday into Monday":            {[]string{"su 22:00-06:00"}, "UTC", "2026-11-30 01:00", WorkerAsleep, "Mon 2026-11-30 06:00 +0000"},
		"several windows":               {[]string{"06:00-07:00", "12:00-13:00"}, "UTC", "2026-11-25 07:30", WorkerAwake, "Wed 2026-11-25 12:00 +0000"},
		"windows that touch":            {[]string{"06:00-12:00", "12:00-13:00"}, "UTC", "2026-11-25 07:30", WorkerAsleep, "Wed 2026-11-25 13:00 +0000"},
		"windows that overlap":          {[]string{"22:00-06:00", "05:00-09:00"}, "UTC", "2026-11-25 23:00", WorkerAsleep, "Thu 2026-11-26 09:00 +0000"},
		"whole days":                    {[]string{"sa su -"}, "UTC", "2026-11-28 12:00", WorkerAsleep, "Mon 2026-11-30 00:00 +0000"},
		"until the end of the day":      {[]string{"we 20:00-24:00"}, "UTC", "2026-11-25 21:00", WorkerAsleep, "Thu 2026-11-26 00:00 +0000"},
		"until midnight":                {[]string{"we 20:00-00:00"}, "UTC", "2026-11-25 21:00", WorkerAsleep, "Thu 2026-11-26 00:00 +0000"},
		"always":                        {[]string{"-"}, "UTC", "2026-11-25 21:00", WorkerAsleep, ""},
		"begins when it ends: never":    {[]string{"08:00-08:00"}, "UTC", "2026-11-25 08:00", WorkerAwake, ""},
		"no windows":                    {nil, "UTC", "2026-11-25 08:00", WorkerAwake, ""},
		"the zone decides":              {[]string{"08:00-18:00"}, "America/New_York", "2026-11-25 12:00 +0000", WorkerAwake, "Wed 2026-11-25 08:00 -0500"},
		"a zone of quarters":            {[]string{"08:00-18:00"}, "Asia/Kathmandu", "2026-11-25 02:14 +0000", WorkerAwake, "Wed 2026-11-25 08:00 +0545"},
		"in the skipped hour":           {[]string{"02:10-02:50"}, "Europe/Berlin", "2026-03-29 01:00", WorkerAwake, "Mon 2026-03-30 02:10 +0200"},
		"in the skipped hour, Sundays":  {[]string{"su 02:10-02:50"}, "Europe/Berlin", "2026-03-23 01:00", WorkerAwake, "Sun 2026-04-05 02:10 +0200"},
		"begins in the skipped hour":    {[]string{"02:30-05:00"}, "Europe/Berlin", "2026-03-29 01:00", WorkerAwake, "Sun 2026-03-29 03:00 +0200"},
		"ends in the skipped hour":      {[]string{"22:00-02:30"}, "Europe/Berlin", "2026-03-29 01:00", WorkerAsleep, "Sun 2026-03-29 03:00 +0200"},
		"over the skipped hour":         {[]string{"22:00-06:00"}, "Europe/Berlin", "2026-03-28 23:00", WorkerAsleep, "Sun 2026-03-29 06:00 +0200"},
		"in the doubled hour":           {[]string{"02:10-02:50"}, "Europe/Berlin", "2026-10-25 02:20 +0200", WorkerAsleep, "Sun 2026-10-25 02:50 +0200"},
		"between the two":               {[]string{"02:10-02:50"}, "Europe/Berlin", "2026-10-25 02:55 +0200", WorkerAwake, "Sun 2026-10-25 02:10 +0100"},
		"in the doubled hour, again":    {[]string{"02:10-02:50"}, "Europe/Berlin", "2026-10-25 02:20 +0100", WorkerAsleep, "Sun 2026-10-25 02:50 +0100"},
		"ends in the doubled hour":      {[]string{"22:00-02:30"}, "Europe/Berlin", "2026-10-25 02:45 +0200", WorkerAwake, "Sun 2026-10-25 02:00 +0100"},
		"over the doubled hour":         {[]string{"22:00-06:00"}, "Europe/Berlin", "2026-10-24 23:00", WorkerAsleep, "Sun 2026-10-25 06:00 +0100"},
		"a day that did not take place": {[]string{"fr -"}, "Pacific/Apia", "2011-12-26 12:00", WorkerAwake, "Fri 2012-01-06 00:00 +1400"},
	} {
		t.Run(name, func(t *testing.T) {
			l := zone(t, c.zone)
			at, err := time.ParseInLocation("2006-01-02 15:04", c.at, l)
			if err != nil {
				if at, err = time.Parse("2006-01-02 15:04 -0700", c.at); err != nil {
					t.Fatal(err)
				}
			}
			s, at := schedule(t, c.windows...), at.In(l)
			if got := s.Wants(at); got != c.want {
				t.Errorf("wants %s, want %s", got, c.want)
			}
			next := ""
			if n := s.Next(at); !n.IsZero() {
				next = n.Format(stamp)
			}
			if next != c.next {
				t.Errorf("changes next %q, want %q", next, c.next)
			}
			s.Active = false
			if got := s.Wants(at); got != WorkerAwake || !s.Next(at).IsZero() {
				t.Errorf("although inactive it wants %s and changes %s", got, s.Next(at))
			}
		})
	}
}

// FuzzSchedule compares Next with a look at every minute.
func FuzzSchedule(f *testing.F) {
	zones := []string{"UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "America/Sao_Paulo", "Africa/Monrovia"}
	f.Add(uint8(1), int64(1774738800), []byte{0x7f, 22, 0, 6, 0})
	f.Add(uint8(1), int64(1792879200), []byte{0x40, 2, 10, 2, 50, 0, 2, 30, 5, 0})
	f.Add(uint8(5), int64(1324900000), []byte{16, 0, 0, 24, 0})
	f.Add(uint8(3), int64(1775314800), []byte{64, 1, 45, 1, 50})
	f.Fuzz(func(t *testing.T, where uint8, seconds int64, raw []byte) {
		if seconds < -2e9 || seconds > 4e9 || len(raw) > 15 {
			return
		}
		s := Schedule{Active: true}
		for ; len(raw) >= 5; raw = raw[5:] {
			clock := func(h, m byte) TimeOfDay {
				if h%26 == 25 {
					return TimeOfDay{}
				}
				return TimeOfDay{int16(min(int(h%26)*60+int(m%60), endOfDay) + 1)}
			}
			s.Windows = append(s.Windows, Window{Days(raw[0] & 0x7f), clock(raw[1], raw[2]), clock(raw[3], raw[4])})
		}
		at := time.Unix(seconds, 0).In(zone(t, zones[int(where)%len(zones)]))
		now, next := s.Wants(at), s.Next(at)
		if !next.IsZero() && (!next.After(at) || s.Wants(next) == now || s.Wants(next.Add(-time.Second)) != now) {
			t.Fatalf("at %s: %s until %s, which is no change", at, now, next)
		}
		// Zones once were off by seconds, so minutes are counted on the clock.
		_, offset := at.Zone()
		for m := at.Add(-time.Duration((seconds+int64(offset))%60) * time.Second).Add(time.Minute); m.Sub(at) < 10*24*time.Hour; m = m.Add(time.Minute) {
			if !next.IsZero() && !m.Before(next) {
				return
			}
			if m.After(at) && s.Wants(m) != now {
				t.Fatalf("at %s: %s, but %s at %s; the next change was said to be %s", at, now, s.Wants(m), m, next)
			}
		}
	})
}

func TestScheduleText(t *testing.T) {
	s := schedule(t, "mo wednesday,FRI 7:30-18:00", "-06:00", "20:00-")
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"active":true,"windows":[{"days":"mo we fr","from":"07:30","to":"18:00"},{"to":"06:00"},{"from":"20:00"}]}`
	if string(text) != want {
		t.Errorf("written as %s, want %s", text, want)
	}
	var back Schedule
	if err := json.Unmarshal(text, &back); err != nil || !back.Equal(s) {
		t.Errorf("read as %+v, %v", back, err)
	}
	if all := window(t, "mo tu we th fr sa su 01:00-02:00"); all.Days != 0 {
		t.Errorf("all days are %q, want the same as none", all.Days)
	}
}

func TestScheduleRefused(t *testing.T) {
	for _, text := range []string{"25:99", "24:01", "8", "8:5", ":30", "08:30:00", "-1:00", "+1:00", "12:60", "noon", "1e:00", "08: 3"} {
		if got, err := ParseTimeOfDay(text); KindOf(err) != Invalid {
			t.Errorf("%q was read as %s", text, got)
		}
	}
	for _, text := range []string{"m", "montag", "mo xx", "tuesdays", "mo;tu"} {
		if got, err := ParseDays(text); KindOf(err) != Invalid {
			t.Errorf("%q was read as %s", text, got)
		}
	}
	if err := schedule(t, "24:00-06:00").Check(); KindOf(err) != Invalid {
		t.Errorf("a window that begins at 24:00: %v", err)
	}
	if err := (Schedule{Windows: make([]Window, MaxWindows+1)}).Check(); KindOf(err) != Invalid {
		t.Errorf("too many windows: %v", err)
	}
}
