package service

import (
	"fmt"
	"html"
	"strings"
)

// unit returns the unit of systemd (systemd.service(5), systemd.exec(5)).
func (s *Spec) unit() string {
	words := []string{unitWord(s.Executable)}
	for _, arg := range s.Args {
		words = append(words, unitWord(arg))
	}
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Made by \"farm service install\", and removed by \"farm service remove\".")
	line("[Unit]\nDescription=%s", unitText(s.About))
	line("Documentation=https://www.freedesktop.org/software/systemd/man/systemd.service.html")
	if !s.OfUser {
		line("Wants=network-online.target\nAfter=network-online.target remote-fs.target")
	}
	line("# As often as it takes: a manager or a disk may be away for days.\nStartLimitIntervalSec=0")
	line("\n[Service]\nType=exec\nExecStart=%s", strings.Join(words, " "))
	line("WorkingDirectory=-%s", unitText(s.Home))
	if s.RunAs != "" && !s.OfUser {
		line("User=%s", unitText(s.RunAs))
	}
	line("# Status 0 is that of a worker that was shut down, %d that of wrong usage. With any other, such as\n# %d after a restart or an update, it is started again.", UsageStatus, RestartStatus)
	line("Restart=on-failure\nRestartSec=5\nRestartPreventExitStatus=%d", UsageStatus)
	line("# It ends what it started itself, and gives its task back.\nKillMode=mixed\nTimeoutStopSec=30")
	line("LimitNOFILE=65536")
	if !s.Manager {
		line("# A Blender that takes too much memory is ended, and not the worker.\nOOMPolicy=continue")
		line("# The worker limits and freezes its programs by cgroups of its own.\nDelegate=yes")
	}
	line("\n# What it may not do.\nNoNewPrivileges=yes\nRestrictSUIDSGID=yes\nLockPersonality=yes\nRestrictRealtime=yes\nSystemCallArchitectures=native\nUMask=0002")
	if !s.OfUser { // a user's own service manager may not do what follows
		line("ProtectSystem=full\nProtectKernelTunables=yes\nProtectKernelModules=yes\nProtectKernelLogs=yes\nProtectClock=yes\nProtectHostname=yes\nRestrictNamespaces=yes")
		switch {
		case s.Manager:
			line("ProtectControlGroups=yes\nPrivateDevices=yes\nCapabilityBoundingSet=CAP_NET_BIND_SERVICE\nAmbientCapabilities=CAP_NET_BIND_SERVICE")
		case s.RunAs != "": // the administrator could not even read the files of others without
			line("CapabilityBoundingSet=")
		}
	}
	target := "multi-user.target"
	if s.OfUser {
		target = "default.target"
	}
	line("\n[Install]\nWantedBy=%s", target)
	return b.String()
}

// unitText escapes what the whole value of a key is.
func unitText(text string) string { return strings.ReplaceAll(text, "%", "%%") }

// unitWord quotes a word of a command line, in which $ and % mean something.
func unitWord(word string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "%", "%%", "$", "$$").Replace(word) + `"`
}

// job returns the job of launchd (launchd.plist(5)). Status 0 ends it; after any other
// it is started again, 10 seconds after its last start at the earliest.
func (s *Spec) job() string {
	var args strings.Builder
	for _, word := range append([]string{s.Executable}, s.Args...) {
		fmt.Fprintf(&args, "\t\t<string>%s</string>\n", html.EscapeString(word))
	}
	user, kind := "", "Standard"
	if s.RunAs != "" && !s.OfUser {
		user = fmt.Sprintf("\t<key>UserName</key>\n\t<string>%s</string>\n", html.EscapeString(s.RunAs))
	}
	if !s.Manager {
		kind = "Interactive" // else the system slows Blender down
	}
	log := html.EscapeString(s.Home + "/" + s.Name + ".log")
	return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>Label</key>
	<string>` + html.EscapeString(s.Name) + `</string>
	<key>ProgramArguments</key>
	<array>
` + args.String() + `	</array>
	<key>RunAtLoad</key>
	<true/>
	<key>KeepAlive</key>
	<dict>
		<key>SuccessfulExit</key>
		<false/>
	</dict>
	<key>ProcessType</key>
	<string>` + kind + `</string>
	<key>SoftResourceLimits</key>
	<dict>
		<key>NumberOfFiles</key>
		<integer>65536</integer>
	</dict>
` + user + `	<key>StandardOutPath</key>
	<string>` + log + `</string>
	<key>StandardErrorPath</key>
	<string>` + log + `</string>
</dict>
</plist>
`
}
