package programs

import (
	"os"
	"path/filepath"

	"golang.org/x/sys/windows/registry"
)

// installedBlenders returns the Blender that opens .blend files: what this user
// chose, then what the installer registered for everyone.
func installedBlenders() []string {
	var found []string
	for _, id := range []string{
		value(registry.CURRENT_USER, `Software\Microsoft\Windows\CurrentVersion\Explorer\FileExts\.blend\UserChoice`, "ProgId"),
		value(registry.CLASSES_ROOT, `.blend`, ""),
		"blendfile", // the id that Blender's installer uses
	} {
		if id == "" {
			continue
		}
		if exe := openedWith(value(registry.CLASSES_ROOT, id+`\shell\open\command`, "")); exe != "" {
			found = append(found, exe)
		}
	}
	return found
}

// value reads a string of the registry; "" if there is none.
func value(root registry.Key, path, name string) string {
	key, err := registry.OpenKey(root, path, registry.QUERY_VALUE)
	if err != nil {
		return ""
	}
	defer key.Close()
	text, kind, err := key.GetStringValue(name)
	if err != nil {
		return ""
	}
	if kind == registry.EXPAND_SZ {
		if expanded, err := registry.ExpandString(text); err == nil {
			return expanded
		}
	}
	return text
}

// usualPlaces returns patterns of where installers and people put Blenders.
func usualPlaces(home string) (patterns []string) {
	for _, base := range []string{os.Getenv("ProgramFiles"), os.Getenv("ProgramFiles(x86)"), os.Getenv("LOCALAPPDATA") + `\Programs`} {
		if filepath.IsAbs(base) {
			patterns = append(patterns, filepath.Join(base, "Blender Foundation", "*"), filepath.Join(base, "Blender*"))
		}
	}
	if home != "" {
		patterns = append(patterns, filepath.Join(home, "Blender*"), filepath.Join(home, "Downloads", "blender-*"), filepath.Join(home, "Desktop", "blender-*"))
	}
	return append(patterns, `C:\Blender*`)
}

// steamFolders returns where Steam is, and where its installer puts it.
func steamFolders(string) (folders []string) {
	if path := value(registry.CURRENT_USER, `Software\Valve\Steam`, "SteamPath"); path != "" {
		folders = append(folders, filepath.FromSlash(path))
	}
	if base := os.Getenv("ProgramFiles(x86)"); base != "" {
		folders = append(folders, filepath.Join(base, "Steam"))
	}
	return folders
}
