#!/bin/sh
# licences.sh GOOS/GOARCH: prints the licences of everything that is linked into farm for that platform: of
# Go, of each module, as the modules themselves have them, and of what is kept in this repository.
set -eu
cd "$(dirname "$0")/.."
export GOOS="${1%/*}" GOARCH="${1#*/}" CGO_ENABLED=0

# print NAME DIR: the licence files of DIR; there must be one.
print() {
	found=
	for f in "$2"/* "$2"/LICENSES/*; do # the folder is where reuse.software has them
		[ -f "$f" ] || continue
		case $(echo "${f#"$2"/}" | tr '[:lower:]' '[:upper:]') in
		LICENSE* | LICENCE* | COPYING*) found=yes ;;
		NOTICE* | PATENTS* | *.LICENSE.TXT) ;;
		*) continue ;;
		esac
		printf '\n%s\n%s, %s\n%s\n\n' "$line" "$1" "$(basename "$f")" "$line"
		cat "$f"
	done
	[ -n "$found" ] || { echo "licences.sh: $1 has no licence file in $2" >&2; exit 1; }
}
line=================================================================================

echo "Farm is free software under the GNU General Public License, version 3 or later; see LICENSE."
echo "It is linked with the following, whose licences are below."
echo
modules=$(go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' . | sort -u)
echo "Go $(go env GOVERSION)"
echo "$modules" | awk '{ print $1, $2 }'
kept=$(find . -path ./.git -prune -o -path ./dist -prune -o -path '*/testdata' -prune -o -mindepth 2 -type f \( -name 'LICENSE*' -o -name 'LICENCE*' \) -print | sort | sed 's#/[^/]*$##' | sort -u)
echo "$kept" | sed 's#^\./##'
print "Go $(go env GOVERSION)" "$(go env GOROOT)"
echo "$modules" | while read -r path version dir; do print "$path $version" "$dir"; done
echo "$kept" | while read -r dir; do [ -z "$dir" ] || print "${dir#./}" "$dir"; done
