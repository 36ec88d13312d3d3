package jsjobs

import (
	"path"
	"strings"

	"github.com/robertkrimen/otto"
)

// pathModule is the host's path: functions on paths of any platform. Both
// separators are understood, and results have slashes.
// docs/job-types.md lists its functions for authors.
func (m *machine) pathModule() map[string]any {
	one := func(f func(string) string) native {
		return func(call otto.FunctionCall) otto.Value { return m.toJS(f(m.text(call.Argument(0)))) }
	}
	return map[string]any{
		"basename": one(baseName),
		"dirname":  one(dirName),
		"stem":     one(stem),
		"join": native(func(call otto.FunctionCall) otto.Value {
			var parts []string
			for _, arg := range call.ArgumentList {
				parts = append(parts, m.text(arg))
			}
			return m.toJS(joinPath(parts))
		}),
	}
}

// slashed takes both separators for one.
func slashed(p string) string { return strings.ReplaceAll(p, `\`, "/") }

// baseName returns the last component; of nothing that is ".".
func baseName(p string) string { return path.Base(slashed(p)) }

// dirName returns what is before the last separator. It does not clean the
// path: two slashes at its start name a host on Windows.
func dirName(p string) string {
	p = slashed(p)
	switch i := strings.LastIndexByte(p, '/'); i {
	case -1:
		return "."
	case 0:
		return "/"
	default:
		return p[:i]
	}
}

// stem returns the last component without its last extension.
func stem(p string) string {
	base := baseName(p)
	return strings.TrimSuffix(base, path.Ext(base))
}

// joinPath joins and cleans. Scripts rely on the order: backslashes become
// slashes only after cleaning.
func joinPath(parts []string) string { return slashed(path.Join(parts...)) }
