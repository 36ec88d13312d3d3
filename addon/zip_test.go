package addon

import (
	"archive/zip"
	"bytes"
	"io"
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

// TestZip holds the zip to what Blender wants of add-ons and of extensions.
func TestZip(t *testing.T) {
	b, err := Zip("http://farm.local:8080", "")
	if err != nil {
		t.Fatal(err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !strings.HasPrefix(f.Name, "farm/") || strings.Contains(f.Name, "__pycache__") {
			t.Errorf("%s does not belong into the zip", f.Name)
		}
	}
	for name, want := range map[string]string{
		"farm/__init__.py":           "bl_info",
		"farm/blender_manifest.toml": `schema_version = "1.0.0"`,
		"farm/manager_url.txt":       "http://farm.local:8080\n",
		"farm/core/client.py":        "class Client",
		"farm/pack/main.py":          "--plan",
	} {
		if text := content(t, z, name); !strings.Contains(text, want) {
			t.Errorf("%s has no %q", name, want)
		}
	}
	again, err := Zip("http://farm.local:8080", "")
	if err != nil || !bytes.Equal(b, again) {
		t.Errorf("the same address made another file, %v", err)
	}
}

// TestManifest holds the manifest to the rules of Blender's extensions, and to
// what the add-on says of itself to earlier versions.
func TestManifest(t *testing.T) {
	text, err := sources.ReadFile("farm/blender_manifest.toml")
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for _, m := range regexp.MustCompile(`(?m)^(\w+) = (.*)$`).FindAllStringSubmatch(string(text), -1) {
		values[m[1]] = strings.Trim(m[2], `"`)
	}
	for _, key := range []string{"schema_version", "id", "version", "name", "tagline", "maintainer", "type", "blender_version_min", "license"} {
		if values[key] == "" {
			t.Errorf("the manifest has no %s", key)
		}
	}
	// Blender refuses taglines and reasons that are longer, or end like a sentence.
	for _, key := range []string{"tagline", "network", "files"} {
		if v := values[key]; len(v) == 0 || len(v) > 64 || !regexp.MustCompile(`[\w)\]}]$`).MatchString(v) {
			t.Errorf("%s is %q", key, v)
		}
	}
	init, err := sources.ReadFile("farm/__init__.py")
	if err != nil {
		t.Fatal(err)
	}
	if want := "(" + strings.ReplaceAll(values["version"], ".", ", ") + ")"; !strings.Contains(string(init), `"version": `+want) {
		t.Errorf("bl_info has not the version %s of the manifest", want)
	}
}

// TestAddressOfNobody refuses what is no address of a manager.
func TestAddressOfNobody(t *testing.T) {
	for _, bad := range []string{"farm.local", "ftp://farm.local", "http://", "http://a b", "http://u:p@host", "http://host/?x=1", "http://host\n", "http://" + strings.Repeat("x", 600)} {
		if _, err := Zip(bad, ""); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
	if _, err := Zip("", ""); err != nil {
		t.Errorf("without an address: %v", err)
	}
}

// TestCoreIsWithoutBlender keeps bpy out of what is tested without Blender.
func TestCoreIsWithoutBlender(t *testing.T) {
	imports := regexp.MustCompile(`(?m)^\s*(import|from) (bpy|\.\.)`)
	err := fs.WalkDir(sources, "farm/core", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(name, ".py") {
			return err
		}
		text, err := sources.ReadFile(name)
		if found := imports.Find(text); found != nil {
			t.Errorf("%s: %s", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func content(t *testing.T, z *zip.Reader, name string) string {
	t.Helper()
	f, err := z.Open(name)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
