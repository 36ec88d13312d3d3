package cmd

import (
	"strings"
	"testing"
)

func TestParseJoinLink(t *testing.T) {
	pin := strings.Repeat("ab", 32)
	for text, want := range map[string]joinLink{
		"K7Q2-M7XW-3FTP":                 {code: "K7Q2M7XW3FTP"},
		" k7q2 m7xw 3ftp ":               {code: "K7Q2M7XW3FTP"},
		"K7Q2-M7XW-01FTP":                {code: "K7Q2M7XWOIFTP"},
		"http://h:1/join/K7Q2-M7XW-3FTP": {code: "K7Q2M7XW3FTP", base: "http://h:1"},
		"https://s.example/farm/join/K7Q2M7XW3FTP#sha256=" + pin: {code: "K7Q2M7XW3FTP", base: "https://s.example/farm", fingerprint: pin},
	} {
		if got, err := parseJoinLink(text); err != nil || got != want {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, bad := range []string{"", "K7Q2", "http://h:1/K7Q2-M7XW-3FTP", "http://h:1/join/", "https://h/join/K7Q2M7XW3FTP#sha256=zz", "K7Q2/M7XW/3FTP", "http://h:1/join/../../x", "://"} {
		if got, err := parseJoinLink(bad); err == nil {
			t.Errorf("%q is taken for %+v", bad, got)
		}
	}
}
