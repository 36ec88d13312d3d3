package blobs

import (
	"strings"

	"renderfarm/farm"
)

// checkPlatformName refuses names that this platform cannot have.
func checkPlatformName(name string) error {
	if strings.ContainsAny(name, `<>:"|?*`) || strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") {
		return farm.Errorf(farm.Invalid, "Windows cannot have the name %q: it must be without < > : \" | ? *, and not end with a dot or blank", clip(name))
	}
	return nil
}
