// Package diagnosis says why a task failed, from the last lines of its log, and
// whose fault that is.
//
// An ordered list of rules is matched against the text; the first that matches
// wins. The list that comes with the program is rules.yaml, a file of the same
// form as the one in which users add rules of their own. A rule with a mistake
// is left out and named; the others go on to be used.
package diagnosis

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm"
	"renderfarm/farm/yamlfile"
)

// FileName is the name of the file in the manager's home folder in which users have
// rules of their own.
const FileName = "errors.yaml"

// Unknown is the class of programs that failed for a reason that no other rule knows.
const Unknown = "unknown"

// MaxTail is how much of the end of a log is looked at, in bytes.
const MaxTail = 1 << 20

// A Diagnosis is what is known of a failure, and what follows from it.
type Diagnosis struct {
	farm.Cause
	Consequence farm.Consequence
}

// Rules are an ordered list of rules. The zero value has none.
type Rules struct {
	list []rule
	own  int // so many of them, the first, are a user's
}

// Own returns how many of the rules are a user's.
func (r Rules) Own() int { return r.own }

type rule struct {
	Class string
	matcher
	consequence farm.Consequence
	action      farm.ActionVerb
	means, next string
}

// A ruleFile is the form of rules.yaml and of users' files.
type ruleFile struct {
	Rules []ruleText `yaml:"rules"`
}

type ruleText struct {
	Class       string `yaml:"class"`
	Match       string `yaml:"match"`
	Consequence string `yaml:"consequence"`
	Means       string `yaml:"means"`
	Next        string `yaml:"next"`
	Action      string `yaml:"action"`
}

//go:embed rules.yaml
var builtin []byte

// BuiltinFile is rules.yaml, for users who want to see it.
func BuiltinFile() []byte { return slices.Clone(builtin) }

// Builtin returns the rules that come with the program.
func Builtin() Rules {
	rules, mistakes := parse("rules.yaml", builtin)
	if len(mistakes) > 0 {
		panic(mistakes[0]) // a test reads the file
	}
	return rules
}

// Bounds of a user's file, beside its size (yamlfile.MaxSize).
const (
	maxRules = 500
	maxText  = 1000 // bytes of a text of a rule
	maxClass = 40
	maxGroup = 200 // bytes of {1}
)

// Load returns the rules of a user's file, and behind them those of the program.
// Without the file these are all. Each mistake is an error that names the file
// and the rule; what is left out because of it is said, too.
func Load(path string) (Rules, []error) {
	var file ruleFile
	found, err := yamlfile.Read(path, &file)
	switch {
	case err != nil:
		return Builtin(), []error{farm.Errorf(farm.Invalid, "%w\nNone of its rules are used", err)}
	case !found:
		return Builtin(), nil
	}
	own, mistakes := compile(path, file)
	return Rules{append(own.list, Builtin().list...), len(own.list)}, mistakes
}

func parse(name string, data []byte) (Rules, []error) {
	var file ruleFile
	if err := yamlfile.Decode(name, data, &file); err != nil {
		return Rules{}, []error{err}
	}
	return compile(name, file)
}

func compile(name string, file ruleFile) (rules Rules, mistakes []error) {
	if len(file.Rules) > maxRules {
		mistakes = append(mistakes, farm.Errorf(farm.Invalid, "%s has %d rules: those behind the first %d are not used", name, len(file.Rules), maxRules))
		file.Rules = file.Rules[:maxRules]
	}
	for i, t := range file.Rules {
		r, err := t.compile()
		if err != nil {
			mistakes = append(mistakes, farm.Errorf(farm.Invalid, "%s: rule %d (class %q) is not used: %w", name, i+1, t.Class, err))
			continue
		}
		rules.list = append(rules.list, r)
	}
	return rules, mistakes
}

var classForm = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (t ruleText) compile() (rule, error) {
	r := rule{Class: t.Class, consequence: farm.Consequence(t.Consequence), action: farm.ActionVerb(t.Action), means: t.Means, next: t.Next}
	if r.consequence == "" {
		r.consequence = farm.OneTask
	}
	switch {
	case !classForm.MatchString(t.Class) || len(t.Class) > maxClass:
		return r, fmt.Errorf("a class has small letters, digits and dashes, at most %d", maxClass)
	case t.Match == "":
		return r, fmt.Errorf("it matches nothing: give it a regular expression as \"match\"")
	case !slices.Contains(farm.Consequences(), r.consequence):
		return r, fmt.Errorf("its consequence is %q, and can be %s", t.Consequence, strings.Trim(fmt.Sprint(farm.Consequences()), "[]"))
	case r.action != "" && !slices.Contains(farm.RuleActions(), r.action):
		return r, fmt.Errorf("its action is %q, and can be %s", t.Action, strings.Trim(fmt.Sprint(farm.RuleActions()), "[]"))
	case t.Means == "":
		return r, fmt.Errorf("it has no \"means\", the sentence that people get to read")
	case len(t.Match) > maxText || len(t.Means) > maxText || len(t.Next) > maxText:
		return r, fmt.Errorf("a text of it is longer than %d bytes", maxText)
	}
	var err error
	r.matcher, err = newMatcher(t.Match)
	if err == nil && r.expr.MatchString("") {
		err = fmt.Errorf("it matches an empty text, and so every log")
	}
	return r, err
}

// Match returns what the first matching rule says of the end of a log, and
// whether one matches. Of a longer text only the last MaxTail bytes count.
func (r Rules) Match(log []byte) (Diagnosis, bool) {
	log = log[max(0, len(log)-MaxTail):]
	small := lower(log)
	for _, rule := range r.list {
		line, at := rule.find(log, small)
		if at == nil {
			continue
		}
		group := firstGroup(line, at)
		fill := func(text string) string {
			return clip(strings.ReplaceAll(text, "{1}", group), farm.MaxCauseText)
		}
		return Diagnosis{farm.Cause{Class: rule.Class, Line: shown(line), Means: fill(rule.means), Next: fill(rule.next)}, rule.consequence}, true
	}
	return Diagnosis{}, false
}

// Action returns what the first rule of a class has the farm do, beside trying again;
// "" for nothing.
func (r Rules) Action(class string) farm.ActionVerb {
	if i := slices.IndexFunc(r.list, func(one rule) bool { return one.Class == class }); i >= 0 {
		return r.list[i].action
	}
	return ""
}

// firstGroup returns the first group of the match that took part in it.
func firstGroup(line []byte, at []int) string {
	for g := 2; g+1 < len(at); g += 2 {
		if at[g] >= 0 {
			return clip(string(line[at[g]:at[g+1]]), maxGroup)
		}
	}
	return ""
}

// workerPrefix is what workers put in front of a program's lines.
var workerPrefix = regexp.MustCompile(`^(?:\S+ )?pid=[0-9]+ > `)

// shown returns a line without what workers add.
func shown(line []byte) string {
	return clip(strings.TrimSpace(workerPrefix.ReplaceAllString(string(line), "")), farm.MaxCauseText)
}

// clip cuts a text to at most n bytes, between characters and without controls.
func clip(text string, n int) string {
	text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return ' '
	}, text), "?")
	if len(text) <= n {
		return text
	}
	cut := n - len("…")
	for cut > 0 && text[cut]&0xc0 == 0x80 {
		cut--
	}
	return text[:cut] + "…"
}
