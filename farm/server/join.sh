#!/bin/sh
# Makes this computer a worker of the render farm @NAME@, whose manager is at
# @BASE@
#
# It puts one file there, the program, which is compared with its SHA-256; the worker keeps
# all that it needs in the same folder. To be rid of it, stop the worker and remove the folder.
# It can be run again at any time: what is there already is left as it is.
set -eu

base=@BASE@
link=@LINK@
pin=@PIN@
service=@SERVICE@
programs='
@PROGRAMS@
'

say() { printf 'farm: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# fetch URL FILE
fetch() {
	if command -v curl >/dev/null 2>&1; then
		if [ -n "$pin" ]; then curl -fsSLk --pinnedpubkey "$pin" -o "$2" "$1"; else curl -fsSL -o "$2" "$1"; fi
	elif [ -z "$pin" ] && command -v wget >/dev/null 2>&1; then
		wget -q -O "$2" "$1"
	else
		fail 'this needs curl: install it, and type the same line again'
	fi
}

# sum FILE
sum() {
	if command -v sha256sum >/dev/null 2>&1; then sha256sum "$1" | cut -d ' ' -f 1
	elif command -v shasum >/dev/null 2>&1; then shasum -a 256 "$1" | cut -d ' ' -f 1
	else openssl dgst -sha256 -r "$1" | cut -d ' ' -f 1
	fi
}

main() {
	case $(uname -s) in
	Linux) os=linux home=${FARM_HOME:-${XDG_DATA_HOME:-$HOME/.local/share}/farm} ;;
	Darwin) os=darwin home=${FARM_HOME:-$HOME/Library/Application Support/farm} ;;
	*) fail "this line is for Linux and macOS, and this is $(uname -s): take the one for Windows" ;;
	esac
	case $(uname -m) in
	x86_64 | amd64) arch=amd64 ;;
	aarch64 | arm64) arch=arm64 ;;
	*) fail "Farm runs on x86-64 and ARM64, and this is $(uname -m)" ;;
	esac
	want=$(printf '%s\n' "$programs" | sed -n "s/^$os-$arch //p")
	[ -n "$want" ] || fail "the manager has no program for $os-$arch: put farm-$os-$arch of its version into the folder binaries of the manager's home, and type the same line again"
	mkdir -p "$home/bin"
	chmod 700 "$home"
	program=$home/bin/farm
	if [ -x "$program" ] && [ "$(sum "$program")" = "$want" ]; then
		say "the program is there already: $program"
	else
		say "fetching the program from $base"
		new=$(mktemp "$home/bin/.farm.XXXXXX")
		trap 'rm -f "$new"' EXIT
		fetch "$base@PATH@/program/$want" "$new"
		[ "$(sum "$new")" = "$want" ] || fail 'what came is not the program that the manager has: its SHA-256 is another one. Nothing was changed; type the same line again'
		chmod 755 "$new"
		mv -f "$new" "$program"
		say "the program is $program"
	fi
	export FARM_HOME="$home"
	FARM_JOIN=$link "$program" join </dev/null
	if [ -n "$service" ]; then
		"$program" service install </dev/null
	else
		say 'starting the worker; Ctrl-C ends it, and this starts it again:'
		say "  '$program' work"
		exec "$program" work </dev/null
	fi
}

main
