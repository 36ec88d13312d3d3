package farm

import (
	"strings"
	"testing"
)

// TestVariablePlatforms refuses a platform that no worker has: its value would
// never be used, and nobody would know why.
func TestVariablePlatforms(t *testing.T) {
	for _, c := range []struct {
		value VariableValue
		says  string
	}{
		{VariableValue{Platform: "linux"}, ""}, {VariableValue{Platforms: []string{"windows", "darwin"}}, ""}, {VariableValue{Platform: "all"}, ""}, {VariableValue{}, ""},
		{VariableValue{Platform: "linxu"}, `variable blender: platform "linxu" is not valid: use linux, windows, darwin`},
		{VariableValue{Platforms: []string{"linux", "Windows"}}, `platform "Windows"`},
	} {
		err := Variables{"blender": {Values: []VariableValue{c.value}}}.Check()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: %v", c.value, err)
		}
	}
}
