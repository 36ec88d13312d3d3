#!/bin/sh
# Installs what is missing of the named programs: blender, ffmpeg, chromium, cc, xvfb,
# xdotool, dbus, mosquitto.
# With apt-get it does so itself, through sudo unless it is root. On any other
# system it says what to install, and fails.
set -eu

# have NAME: is there one of the commands that the name stands for?
have() {
	case $1 in
	ffmpeg) command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null ;;
	chromium)
		for c in chromium chromium-browser google-chrome google-chrome-stable; do
			if command -v "$c" >/dev/null; then return 0; fi
		done
		[ -d "/Applications/Google Chrome.app" ] ;;
	blender) command -v blender >/dev/null || [ -x /Applications/Blender.app/Contents/MacOS/Blender ] ;;
	# Tests that need them skip on systems that have no such programs.
	mosquitto) ! command -v apt-get >/dev/null || command -v mosquitto_sub >/dev/null ;;
	xvfb | xdotool | dbus)
		! command -v apt-get >/dev/null || command -v "$(echo "$1" | sed 's/xvfb/Xvfb/; s/dbus/dbus-daemon/')" >/dev/null ;;
	cc) command -v cc >/dev/null || command -v gcc >/dev/null || command -v clang >/dev/null ;;
	*) command -v "$1" >/dev/null ;;
	esac
}

# packages NAME: the Debian packages that bring it.
packages() {
	case $1 in
	cc) echo gcc libc6-dev ;;
	mosquitto) echo mosquitto mosquitto-clients ;;
	*) echo "$1" ;;
	esac
}

missing= wanted=
for name; do
	if ! have "$name"; then
		missing="$missing $name"
		wanted="$wanted $(packages "$name")"
	fi
done
[ -n "$missing" ] || exit 0

if ! command -v apt-get >/dev/null; then
	echo "Missing:$missing. Install them with your system's packages, or from blender.org, ffmpeg.org and chromium.org, and run make again." >&2
	exit 1
fi
root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "Missing:$missing, and there is no sudo. As root, run: apt-get install$wanted" >&2
		exit 1
	fi
	root=sudo
fi
echo "Installing$wanted"
# Without a list of packages, as in a fresh container, nothing can be installed.
$root apt-get update -q
# shellcheck disable=SC2086 # several packages
$root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends $wanted

for name in $missing; do
	if ! have "$name"; then
		echo "apt-get installed$wanted, but there is still no $name on the PATH." >&2
		exit 1
	fi
done
