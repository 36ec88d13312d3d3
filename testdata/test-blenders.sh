#!/bin/sh
# Runs every test that needs a Blender once with each Blender:
#
#   test-blenders.sh DIR [FLAGS OF go test…]
#
# the one on the PATH, and each DIR/VERSION/blender, as testdata/blenders.sh makes them.
set -eu
cd "$(dirname "$0")/.."
dir=$1
shift

tests=$(go run testdata/blendertests.go $(go list -f '{{.Dir}}' ./...))
logs=$(mktemp -d "${TMPDIR:-/tmp}/farm-blenders.XXXXXX")
failed=
for blender in "$(command -v blender || true)" "$dir"/*/blender; do
	[ -x "$blender" ] || continue
	version=$("$blender" --version | sed -n 's/^Blender \([0-9.]*\).*/\1/p')
	echo "Blender $version: $blender"
	echo "$tests" | while read -r folder pattern; do
		(cd "$folder" && FARM_TEST_BLENDER=$blender nice go test -count 1 -timeout 30m -run "$pattern" "$@" . </dev/null) || echo FAILED
	done >"$logs/$version" 2>&1
	grep -E '^(ok|FAIL|panic:| *--- FAIL)' "$logs/$version" || true
	if grep -q '^FAILED$' "$logs/$version"; then
		failed="$failed $version"
		echo "All of it: $logs/$version"
	fi
done
tested=$(find "$logs" -type f | wc -l)
[ "$tested" -gt 1 ] || { echo "test-blenders.sh: there is only one Blender here: run make blenders first." >&2; exit 1; }
[ -z "$failed" ] || { echo "Failed with Blender$failed" >&2; exit 1; }
rm -r "$logs"
echo "Passed with $tested Blenders"
