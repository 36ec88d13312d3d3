#!/bin/sh
# Fails if there is a function that nothing reaches, neither the program nor a test.
set -eu
cd "$(dirname "$0")/.."

dead=$(go tool deadcode -test ./...)
[ -z "$dead" ] || { printf 'unreachable, even from tests:\n%s\n' "$dead" >&2; exit 1; }
