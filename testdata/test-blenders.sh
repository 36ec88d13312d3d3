#!/bin/sh
# Runs every test of the packages that need a Blender once with each Blender:
#
#   test-blenders.sh DIR [FLAGS OF go test…]
#
# the one on the PATH, and each DIR/VERSION/blender, as testdata/blenders.sh makes them.
set -eu
cd "$(dirname "$0")/.."
dir=$1
shift

set_of() { go list -f "{{\$p := .ImportPath}}{{range \$i := $1}}{{if eq \$i \"renderfarm/farm/blendertest\"}}{{\$p}}{{\"\\n\"}}{{end}}{{end}}" ./... ; }
packages=$( { set_of .TestImports; set_of .XTestImports; } | sort -u)
logs=$(mktemp -d "${TMPDIR:-/tmp}/farm-blenders.XXXXXX")
failed=
for blender in "$(command -v blender || true)" "$dir"/*/blender; do
	[ -x "$blender" ] || continue
	version=$("$blender" --version | sed -n 's/^Blender \([0-9.]*\).*/\1/p')
	echo "Blender $version: $blender"
	# shellcheck disable=SC2086 # several packages
	if FARM_TEST_BLENDER=$blender nice go test -count 1 -timeout 30m "$@" $packages >"$logs/$version" 2>&1; then
		grep -E '^(ok|---)' "$logs/$version"
	else
		failed="$failed $version"
		grep -E '^(ok|FAIL|panic:| *--- FAIL)' "$logs/$version" || tail -n 20 "$logs/$version"
		echo "All of it: $logs/$version"
	fi
done
tested=$(find "$logs" -type f | wc -l)
[ "$tested" -gt 1 ] || { echo "test-blenders.sh: there is only one Blender here: run make blenders first." >&2; exit 1; }
[ -z "$failed" ] || { echo "Failed with Blender$failed" >&2; exit 1; }
rm -r "$logs"
echo "Passed with $tested Blenders"
