package api

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// MaxWait is the longest that a manager holds a request back, whatever the
// client prefers.
const MaxWait = 60 * time.Second

// The headers of RFC 7240, by which a client asks the manager to answer when
// the answer changes, and the manager says that it took the wish into account.
const (
	headerPrefer  = "Prefer"
	headerApplied = "Preference-Applied"
)

// SetPreferWait asks for an answer within d: at once when there is something
// to tell, else after d. Nothing is asked for when d is not positive. Parts of
// a second are rounded up; more than MaxWait is MaxWait.
func SetPreferWait(h http.Header, d time.Duration) {
	if d <= 0 {
		return
	}
	seconds := (min(d, MaxWait) + time.Second - 1) / time.Second
	h.Set(headerPrefer, "wait="+strconv.FormatInt(int64(seconds), 10))
}

// PreferWait returns how long the client is willing to wait, at most MaxWait;
// 0 if it did not say, or not in a form that can be understood.
func PreferWait(h http.Header) time.Duration {
	for _, line := range h.Values(headerPrefer) {
		// Preferences are separated by commas, their parameters by semicolons.
		for part := range strings.SplitSeq(line, ",") {
			part, _, _ = strings.Cut(part, ";")
			name, value, _ := strings.Cut(part, "=")
			if !strings.EqualFold(strings.TrimSpace(name), "wait") {
				continue
			}
			seconds, err := strconv.ParseUint(strings.Trim(strings.TrimSpace(value), `"`), 10, 31)
			if err != nil {
				return 0
			}
			return min(time.Duration(seconds)*time.Second, MaxWait)
		}
	}
	return 0
}

// SetPreferenceApplied tells the client that its wish to wait was respected.
func SetPreferenceApplied(h http.Header) { h.Set(headerApplied, "wait") }

// waited reports whether the manager respected the wish to wait. Managers that
// do not know it answer at once, and the caller has to pause between calls.
func waited(h http.Header) bool {
	for _, line := range h.Values(headerApplied) {
		for part := range strings.SplitSeq(line, ",") {
			name, _, _ := strings.Cut(part, "=")
			if strings.EqualFold(strings.TrimSpace(name), "wait") {
				return true
			}
		}
	}
	return false
}
