package farm

import (
	"slices"
	"strings"
)

// Audiences of a variable's value, and the platform that stands for any other.
const (
	AudienceAll     = "all" // or empty
	AudienceWorkers = "workers"
	AudienceUsers   = "users"

	PlatformAll = "all"
)

// Variables are the values that names in braces stand for, by name.
type Variables map[string]Variable

// platforms are those that a value can be for: Go's names of the systems on which
// Blender runs, and "all".
var platforms = []string{"linux", "windows", "darwin", "all", "freebsd", "openbsd", "netbsd"}

// Variable has a value for each platform and audience. A two-way variable is
// also put in place of its value: paths that a submitter wrote for its own
// platform become {name}/rest, and reach each worker in its own form.
type Variable struct {
	IsTwoWay bool            `yaml:"is_twoway,omitempty" json:"is_twoway,omitempty"`
	Values   []VariableValue `yaml:"values" json:"values"`
}

// KnownPlatform reports whether a platform is one that variables can have values for,
// or "manager", which stands for that of the manager.
func KnownPlatform(platform string) bool {
	return platform == "manager" || platform != "all" && slices.Contains(platforms, platform)
}

// VariableValue is the value for some platforms (GOOS names, or "all") and one audience.
type VariableValue struct {
	Audience  string   `yaml:"audience,omitempty" json:"audience,omitempty"`
	Platform  string   `yaml:"platform,omitempty" json:"platform,omitempty"`
	Platforms []string `yaml:"platforms,omitempty" json:"platforms,omitempty"`
	Value     string   `yaml:"value" json:"value"`
}

// Check says which variable cannot work, and why.
func (vs Variables) Check() error {
	for name, v := range vs {
		if name == "" || strings.ContainsAny(name, "{}") {
			return Errorf(Invalid, "variable %q: a name cannot be empty or contain braces", name)
		}
		for _, value := range v.Values {
			switch value.Audience {
			case "", AudienceAll, AudienceWorkers, AudienceUsers:
			default:
				return Errorf(Invalid, "variable %s: audience %q is not valid: use all, workers or users", name, value.Audience)
			}
			for _, platform := range append([]string{value.Platform}, value.Platforms...) {
				if platform != "" && !slices.Contains(platforms, platform) {
					return Errorf(Invalid, "variable %s: platform %q is not valid: use %s", name, platform, strings.Join(platforms, ", "))
				}
			}
		}
	}
	return nil
}
