#!/bin/sh
# Looks for mistakes in what is not Go, as far as this computer has the tools.
set -eu
cd "$(dirname "$0")/.."

if command -v python3 >/dev/null; then
	find . -name '*.py' -not -path './.git/*' -exec python3 -c '
import ast, sys
for name in sys.argv[1:]:
    with open(name, encoding="utf-8") as f:
        ast.parse(f.read(), name)
' {} +
fi

if command -v node >/dev/null; then
	for f in ui/app/*.js; do
		node --input-type=module --check <"$f" || { echo "in $f" >&2; exit 1; }
	done
fi

for f in testdata/*.sh testdata/blender/*.sh release/*.sh release/deb/p* .ci/run; do
	case $(head -n 1 "$f") in
	*bash) bash -n "$f" ;;
	*) sh -n "$f" ;;
	esac
done

# What .editorconfig asks of files that people write, where git can say which those are.
if files=$(git grep -Il '' -- . ':!LICENSE' ':!ui/vendor' ':!testdata' ':!*/testdata/*' 2>/dev/null); then
	if echo "$files" | tr '\n' '\0' | xargs -0 grep -nE "[[:space:]]\$" /dev/null >&2; then
		echo "white space at the end of these lines" >&2
		exit 1
	fi
	echo "$files" | while IFS= read -r f; do
		[ -z "$(tail -c 1 "$f")" ] || { echo "$f does not end with a line break" >&2; exit 1; }
	done
fi
