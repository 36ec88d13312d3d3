package farm

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// VarJobs is the one-way variable every farm has: where jobs are stored.
const VarJobs = "jobs"

// VariableSummary is what a variable means to one audience on one platform.
// Its JSON form is that of the v3 protocol.
type VariableSummary struct {
	Value    string `json:"value"`
	IsTwoWay bool   `json:"is_twoway"`
}

// Values returns what each variable means to the audience on the platform. A
// value for the platform itself beats one for every platform, then one for the
// audience itself beats one for all; of equals the last wins. A variable
// without a value for them is left out. Two-way values lose their trailing
// separators, because a path is put behind them.
func (vs Variables) Values(audience, platform string) map[string]VariableSummary {
	known := make(map[string]VariableSummary, len(vs))
	for name, v := range vs {
		best := -1
		for i := range v.Values {
			value := &v.Values[i]
			if rank := value.rank(audience, platform); rank >= 0 && rank >= best {
				best = rank
				known[name] = VariableSummary{Value: value.Value, IsTwoWay: v.IsTwoWay}
			}
		}
		if best >= 0 && v.IsTwoWay {
			known[name] = VariableSummary{Value: strings.TrimRight(known[name].Value, `/\`), IsTwoWay: true}
		}
	}
	return known
}

// rank says how well the value fits: higher is better, -1 is not at all.
// A value that names no platform is for every one.
func (v *VariableValue) rank(audience, platform string) int {
	rank := 0
	switch {
	case platform != PlatformAll && (v.Platform == platform || slices.Contains(v.Platforms, platform)):
		rank = 2
	case v.Platform == PlatformAll || slices.Contains(v.Platforms, PlatformAll) || v.Platform == "" && len(v.Platforms) == 0:
	default:
		return -1
	}
	switch v.Audience {
	case "", AudienceAll:
		return rank
	case audience:
		return rank + 1
	}
	return -1
}

// Expander puts the values of one platform in place of variables, in what a
// worker of that platform is sent. It never changes, so many goroutines may
// use it at once.
type Expander struct {
	values   map[string]VariableSummary
	longest  int      // bytes of the longest name
	prefixes []prefix // the manager's two-way values, longest first
	windows  bool
}

// prefix is a two-way variable as the start of a path.
type prefix struct{ name, path, becomes string }

// NewExpander returns the Expander for an audience on the platform. Paths that
// begin with a two-way value of the manager's platform are translated too,
// which is what makes {jobs}, the manager's own path jobsPath, right for every
// worker. Platforms are GOOS names.
func NewExpander(vs Variables, audience, platform, managerPlatform, jobsPath string) *Expander {
	return expanderOf(vs, vs.Values(audience, platform), platform, managerPlatform, jobsPath)
}

// NewWorkerExpander is NewExpander for a worker that has values of its own for some
// variables: they go before those of its platform. What such a value stands for on the
// manager stays as the farm says.
func NewWorkerExpander(vs Variables, own map[string]string, platform, managerPlatform, jobsPath string) *Expander {
	values := vs.Values(AudienceWorkers, platform)
	for name, value := range own {
		twoWay := vs[name].IsTwoWay
		if twoWay {
			value = strings.TrimRight(value, `/\`)
		}
		values[name] = VariableSummary{Value: value, IsTwoWay: twoWay}
	}
	return expanderOf(vs, values, platform, managerPlatform, jobsPath)
}

// expanderOf returns the Expander that puts the values in place.
func expanderOf(vs Variables, values map[string]VariableSummary, platform, managerPlatform, jobsPath string) *Expander {
	e := &Expander{values: values, windows: platform == "windows"}
	delete(e.values, VarJobs) // users cannot redefine it
	for _, p := range vs.prefixes(managerPlatform) {
		if v, ok := e.values[p.name]; ok {
			p.becomes = v.Value
			e.prefixes = append(e.prefixes, p)
		}
	}
	if jobsPath != "" {
		e.values[VarJobs] = VariableSummary{Value: jobsPath}
	}
	for name := range e.values {
		e.longest = max(e.longest, len(name))
	}
	return e
}

// prefixes returns the two-way variables that have a value for workers on the
// platform, longest value first. An empty value would be the start of
// everything, so it is left out.
func (vs Variables) prefixes(platform string) []prefix {
	var found []prefix
	for name, v := range vs.Values(AudienceWorkers, platform) {
		if v.IsTwoWay && v.Value != "" && name != VarJobs {
			found = append(found, prefix{name: name, path: v.Value})
		}
	}
	slices.SortFunc(found, func(a, b prefix) int {
		return cmp.Or(cmp.Compare(len(b.path), len(a.path)), cmp.Compare(a.name, b.name))
	})
	return found
}

// Text returns s with every known {name} replaced by its value, and a path of
// the manager's platform at its start by the worker's. Values are not looked
// at again, so one that contains its own name is harmless. If a two-way
// variable took part, the separators of the whole string become the platform's.
func (e *Expander) Text(s string) string {
	s, twoWay, done := e.names(s)
	if !done {
		for i := range e.prefixes {
			p := &e.prefixes[i]
			if n := prefixLen(s, p.path, false); n >= 0 {
				s, twoWay = p.becomes+s[n:], true
				break
			}
		}
	}
	if twoWay {
		return e.separators(s)
	}
	return s
}

// names replaces {name}. It reports whether a two-way variable was replaced,
// and whether one stands at the start: then the start of s is a worker's path
// already, and must not be taken for one of the manager's.
func (e *Expander) names(s string) (out string, twoWay, done bool) {
	open := strings.IndexByte(s, '{')
	if open < 0 {
		return s, false, false
	}
	var b strings.Builder
	copied := 0 // s up to here is in b
	for open >= 0 {
		next := open + 1
		// Looking no further than the longest name keeps "{{{{…" linear.
		window := s[next:min(len(s), next+e.longest+1)]
		if end := strings.IndexByte(window, '}'); end >= 0 {
			if v, ok := e.values[window[:end]]; ok {
				b.WriteString(s[copied:open])
				b.WriteString(v.Value)
				twoWay = twoWay || v.IsTwoWay
				done = done || v.IsTwoWay && open == 0
				next += end + 1
				copied = next
			}
		}
		open = strings.IndexByte(s[next:], '{')
		if open >= 0 {
			open += next
		}
	}
	if copied == 0 {
		return s, false, false
	}
	b.WriteString(s[copied:])
	return b.String(), twoWay, done
}

// separators makes every separator in s the platform's, and one of several in
// a row. On Windows the two that begin a network path stay, and X:foo, which
// would depend on a current directory, becomes X:\foo.
func (e *Expander) separators(s string) string {
	sep := byte('/')
	b := make([]byte, 0, len(s)+1)
	if e.windows {
		sep = '\\'
		if len(s) > 2 && isSeparator(s[0]) && isSeparator(s[1]) && !isSeparator(s[2]) {
			b = append(b, sep)
			s = s[1:]
		}
		if len(s) >= 2 && s[1] == ':' && isLetter(s[0]) {
			b = append(b, s[0], ':', sep)
			s = s[2:]
			if s != "" && isSeparator(s[0]) {
				s = s[1:]
			}
		}
	}
	for i := range len(s) {
		switch {
		case !isSeparator(s[i]):
			b = append(b, s[i])
		case i == 0 || !isSeparator(s[i-1]):
			b = append(b, sep)
		}
	}
	return string(b)
}

// Command returns the command as its worker gets it: string parameters and the
// strings in list parameters are expanded, nothing deeper is. c is not
// changed; what needs no expansion is shared with it.
func (e *Expander) Command(c Command) Command {
	copied := false
	for key, old := range c.Parameters {
		value, changed := e.value(old)
		if !changed {
			continue
		}
		if !copied {
			c.Parameters = maps.Clone(c.Parameters)
			copied = true
		}
		c.Parameters[key] = value
	}
	return c
}

// value expands one parameter and reports whether that changed it; if not,
// what it returns means nothing.
func (e *Expander) value(old any) (any, bool) {
	switch old := old.(type) {
	case string:
		if s := e.Text(old); s != old {
			return s, true
		}
	case []string:
		var list []string
		for i, item := range old {
			if s := e.Text(item); s != item {
				if list == nil {
					list = slices.Clone(old)
				}
				list[i] = s
			}
		}
		return list, list != nil
	case []any:
		var list []any
		for i, item := range old {
			text, _ := item.(string)
			if s := e.Text(text); s != text {
				if list == nil {
					list = slices.Clone(old)
				}
				list[i] = s
			}
		}
		return list, list != nil
	}
	return nil, false
}

// ToVariables puts a two-way variable in place of its value at the start of
// the path s, as written on the platform of a submitter: /mnt/farm/a.blend
// becomes {farm}/a.blend. Case does not matter, nor which separator is used;
// only whole path components match, and the longest value wins.
func (vs Variables) ToVariables(s, platform string) string {
	for _, p := range vs.prefixes(platform) {
		if n := prefixLen(s, p.path, true); n >= 0 {
			return "{" + p.name + "}" + s[n:]
		}
	}
	return s
}

// prefixLen returns how many bytes of s the path takes at its start, if it
// ends there with a path component, else -1. Both separators are equal; fold
// makes upper and lower case equal too, also where their lengths differ.
func prefixLen(s, path string, fold bool) int {
	n := 0
	for path != "" {
		if n == len(s) {
			return -1
		}
		have, size := utf8.DecodeRuneInString(s[n:])
		want, width := utf8.DecodeRuneInString(path)
		if have == utf8.RuneError || want == utf8.RuneError {
			if s[n] != path[0] { // not UTF-8: compare bytes
				return -1
			}
			size, width = 1, 1
		} else if !equalRune(have, want, fold) {
			return -1
		}
		n += size
		path = path[width:]
	}
	if n < len(s) && !isSeparator(s[n]) {
		return -1
	}
	return n
}

func equalRune(a, b rune, fold bool) bool {
	if a == b {
		return true
	}
	if a < utf8.RuneSelf && b < utf8.RuneSelf && isSeparator(byte(a)) && isSeparator(byte(b)) {
		return true
	}
	if !fold {
		return false
	}
	for r := unicode.SimpleFold(a); r != a; r = unicode.SimpleFold(r) {
		if r == b {
			return true
		}
	}
	return false
}

func isSeparator(c byte) bool { return c == '/' || c == '\\' }

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
