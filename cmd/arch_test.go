package cmd

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "renderfarm"

// A floor is one package of the house: what it may import of ours, which
// foreign technology it hides, and why it is kept apart. Changing a line is a
// change of the design.
type floor struct {
	imports string // of our packages, separated by spaces
	foreign string // third-party packages or modules
	why     string
}

// house is the whole table. The package of the words, farm, may be imported by
// everyone who has it in the line; what is not in a line may not be imported.
var house = map[string]floor{
	"": {"cmd", "", "main only hands over to cmd"},
	"cmd": {"farm farm/access farm/api farm/binaries farm/blendfile farm/burst farm/diagnosis farm/discovery farm/doctor farm/events farm/flamenco farm/fsync farm/idle farm/manager farm/mqtt farm/notify farm/ownerpage farm/pack farm/procgroup farm/selfupdate farm/server farm/service farm/setup farm/submit farm/v3events farm/watchfolder farm/websubmit farm/worker farm/yamlfile jsjobs store store/files ui addon docs",
		"github.com/spf13/cobra github.com/spf13/pflag github.com/lmittmann/tint golang.org/x/term", "the only place that wires"},
	"farm":             {"", "", "the words and rules do no I/O and depend on nobody"},
	"farm/access":      {"farm farm/fsync", "", "keys and certificates are files, and nobody else makes or compares them"},
	"farm/api":         {"farm", "", "the wire is shared by manager and worker, so it knows neither"},
	"farm/burst":       {"farm farm/api", "", "it starts workers elsewhere by running others' programs, and asks the farm over HTTP how many"},
	"farm/fsync":       {"", "", "everybody who renames a file needs it, and it needs nobody"},
	"farm/api/apitest": {"farm/api", "github.com/getkin/kin-openapi", "it holds servers to the API's description, in tests only"},
	"farm/events":      {"farm", "", "the timeline is read by many, so it knows none of them"},
	"farm/discovery":   {"farm farm/api farm/slots", "golang.org/x/net/dns/dnsmessage golang.org/x/net/ipv4 golang.org/x/net/ipv6", "multicast is sent and heard in one place, and what it leads to is asked over HTTP"},
	"farm/scheduler":   {"farm", "github.com/tidwall/btree", "who gets which task is decided in memory: it knows no file and no transaction"},
	"farm/manager":     {"farm farm/diagnosis farm/events store store/blobs store/files store/share", "golang.org/x/crypto/bcrypt", "use cases know neither HTTP nor JavaScript"},
	"farm/diskfree":    {"", "golang.org/x/sys", "how much of a disk is free is asked in one place"},
	"farm/metrics":     {"", "", "how figures are written for who collects them is known in one place, and nobody whom it counts"},
	"farm/socketio":    {"farm farm/events farm/v3events", "github.com/coder/websocket", "pages of compatible systems are told what changes in one place, and by nobody else over WebSocket"},
	"farm/slots":       {"", "", "it counts, and knows nobody whom it counts"},
	"farm/notify":      {"farm farm/events farm/fsync farm/manager", "github.com/wneessen/go-mail", "whom to tell, and in which form, is known in one place, and nothing is sent from another"},
	"farm/mqtt": {"farm farm/api farm/events farm/v3events", "github.com/eclipse/paho.golang github.com/eclipse/paho.mqtt.golang",
		"message brokers are spoken to in one place, which follows the timeline like everybody"},
	"farm/v3events":    {"farm farm/api farm/events", "", "the protocol's words for events are shared by all who send them, and it sends none"},
	"farm/server":      {"farm farm/access farm/api farm/binaries farm/events farm/manager farm/metrics farm/notify farm/setup farm/slots farm/socketio farm/v3events", "github.com/go-chi/chi golang.org/x/sync rsc.io/qr", "HTTP is a skin: it reaches the store only through the manager"},
	"farm/worker":      {"farm farm/api farm/blendfile farm/doctor farm/exr farm/framefile farm/fsync farm/picture farm/procgroup farm/programs farm/selfupdate farm/unpack store/cache store/outbox", "golang.org/x/sys golang.org/x/time/rate", "the worker cannot reach the manager's store"},
	"farm/binaries":    {"farm", "", "which programs there are for other computers is known in one place, and to whom they are sent in another"},
	"farm/selfupdate":  {"farm", "", "the program that runs is replaced in one place"},
	"farm/picture":     {"farm farm/exr", "golang.org/x/image/draw golang.org/x/image/tiff", "previews are made in one place"},
	"farm/framefile":   {"farm farm/exr", "golang.org/x/image/webp golang.org/x/image/tiff/lzw", "what a renderer saved is read back in one place"},
	"farm/diagnosis":   {"farm farm/yamlfile", "", "what a log says is known in one place"},
	"farm/flamenco":    {"farm farm/yamlfile", "modernc.org/sqlite", "it reads what another program wrote, and SQLite is read nowhere else"},
	"farm/doctor":      {"farm farm/api farm/diskfree farm/programs", "", "what is wrong with a computer is found in one place, for both sides"},
	"farm/service":     {"farm", "github.com/kardianos/service", "service managers of the systems are spoken to in one place"},
	"farm/exr":         {"farm", "", "OpenEXR is read and written in one place"},
	"farm/setup":       {"farm farm/diskfree farm/programs", "", "a computer is looked at for who sets up a farm, on a page or in a terminal"},
	"farm/programs":    {"farm", "golang.org/x/sys", "it finds programs, and runs none but to ask their version"},
	"farm/idle":        {"", "github.com/jezek/xgb github.com/godbus/dbus golang.org/x/sys", "whether somebody uses the computer is asked in one place, of whoever sees keyboard and mouse"},
	"farm/ownerpage":   {"farm", "", "the computer's owner needs no manager, and a page for them alone"},
	"farm/unpack":      {"farm", "github.com/ulikunitz/xz", "archives are unpacked in one place, which trusts none"},
	"farm/procgroup":   {"", "golang.org/x/sys", "a program is kept together, frozen and ended with all that it starts, by somebody who knows no task"},
	"farm/blendertest": {"farm/programs", "", "it finds the Blender to test with, in tests only"},
	"farm/displaytest": {"", "", "it starts a display to test with, in tests only"},
	"farm/blendfile":   {"farm farm/programs", "github.com/klauspost/compress/zstd", "what a .blend says is asked of a Blender, or read as far as that goes"},
	"farm/pack":        {"farm farm/blendfile", "", "it moves files, and knows nothing of where they come from but the list"},
	"farm/submit":      {"farm farm/api farm/blendfile farm/pack farm/yamlfile", "", "it makes a stored job of a .blend for every kind of submitter, and prints and asks nothing"},
	"farm/watchfolder": {"farm farm/api farm/fsync farm/submit", "github.com/fsnotify/fsnotify", "it watches a folder, and reaches the farm over HTTP like every submitter"},
	"farm/websubmit":   {"farm farm/api farm/diskfree farm/submit", "", "it takes in files from browsers, and reaches the farm over HTTP like every submitter"},
	"farm/yamlfile":    {"farm farm/fsync", "github.com/goccy/go-yaml", "YAML is read in one place"},
	"store":            {"farm farm/diskfree farm/fsync farm/metrics farm/scheduler", "go.etcd.io/bbolt golang.org/x/sys", "the store puts records in a file, finds them again, and tells the scheduler of every change; it knows no rules"},
	"store/files":      {"farm farm/diskfree farm/fsync farm/picture", "", "logs and previews are plain files"},
	"store/blobs":      {"farm farm/diskfree farm/fsync farm/slots", "golang.org/x/text/unicode/norm golang.org/x/sys", "submitted files are plain files, found by their content"},
	"store/cache":      {"farm farm/diskfree", "", "what a worker fetched is plain files, found by their content"},
	"store/share":      {"farm farm/diskfree farm/fsync", "", "files of the shared storage are read and written for others in one place, which no link leads out of"},
	"store/outbox":     {"farm farm/fsync", "", "the worker's queue is plain files"},
	"jsjobs":           {"farm jsjobs/codeunit jsjobs/lower jsjobs/regex", "github.com/robertkrimen/otto gopkg.in/sourcemap.v1 golang.org/x/sys", "JavaScript is run in one place, and knows nobody"},
	"jsjobs/codeunit": {"", "golang.org/x/text/cases golang.org/x/text/collate golang.org/x/text/language golang.org/x/text/unicode/norm",
		"how texts are counted, compared and changed is said in one place"},
	"jsjobs/regex": {"jsjobs/codeunit", "github.com/dlclark/regexp2", "the dialect of the matching engine is known in one place"},
	"jsjobs/lower": {"jsjobs/codeunit jsjobs/regex", "github.com/dop251/goja/parser github.com/dop251/goja/ast github.com/dop251/goja/file github.com/dop251/goja/token " +
		"github.com/robertkrimen/otto/ast github.com/robertkrimen/otto/file github.com/robertkrimen/otto/token github.com/robertkrimen/otto/parser",
		"it turns one parser's tree into the other engine's, and runs nothing: no second engine is in the program"},
	"cmd/bench": {"", "", "it measures the program from outside, in tests only"},
	"cmd/crash": {"", "", "it attacks the program from outside, in tests only"},
	"ui":        {"", "", "the pages know nobody"},
	"addon":     {"", "", "the add-on knows nobody"},
	"docs":      {"", "github.com/yuin/goldmark", "the documentation is written in Markdown, and turned into pages in one place"},
}

// testOnly are libraries that only tests may import.
var testOnly = map[string]string{
	"github.com/rogpeppe/go-internal":   "testscript runs the command line",
	"github.com/getkin/kin-openapi":     "it checks the server against the API's description",
	"github.com/chromedp":               "it drives a browser",
	"github.com/emersion/go-smtp":       "it is the server that mails are handed in at",
	"github.com/emersion/go-sasl":       "it asks for the password there",
	"pgregory.net/rapid":                "it makes random histories",
	"github.com/anishathalye/porcupine": "it judges recorded histories",
	"github.com/dop251/goja":            "it is the engine that others' scripts were written for, which results are compared with",
}

// shared are foreign packages that are no technology of their own, but the
// system's calls and Unicode's tables: several floors may have them.
var shared = []string{"golang.org/x/sys", "golang.org/x/text/unicode/norm"}

// A listed is what go list says of one package.
type listed struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestHouse(t *testing.T) {
	imports, tests := map[string][]string{}, map[string][]string{}
	for _, goos := range []string{"linux", "windows", "darwin"} {
		for _, p := range goList(t, goos) {
			name, _ := inModule(p.ImportPath)
			imports[name] = append(imports[name], p.Imports...)
			tests[name] = slices.Concat(tests[name], p.TestImports, p.XTestImports)
		}
	}
	if _, found := imports["farm"]; !found {
		t.Fatal("go list did not find package farm: is the test looking at the right module?")
	}
	for name := range imports {
		f, ok := house[name]
		if !ok {
			t.Errorf("package %q is not in the table of cmd/arch_test.go: a new package is a change of the design, and gets a line that says whom it may import and why", name)
			continue
		}
		checkImports(t, name, f, distinct(imports[name]))
		checkTestImports(t, name, distinct(tests[name]))
	}
}

func distinct(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// TestOneTechnologyOnePackage holds the table itself to its rule.
func TestOneTechnologyOnePackage(t *testing.T) {
	owner := map[string]string{}
	for name, f := range house {
		for _, lib := range strings.Fields(f.foreign) {
			if other, taken := owner[lib]; taken && !slices.Contains(shared, lib) {
				t.Errorf("%s is given to %q and to %q: one third-party technology, one package", lib, name, other)
			}
			owner[lib] = name
		}
	}
}

func checkImports(t *testing.T, name string, f floor, imports []string) {
	t.Helper()
	for _, path := range imports {
		if ours, ok := inModule(path); ok {
			if !slices.Contains(strings.Fields(f.imports), ours) {
				t.Errorf("%q imports %q, and may import only %q of ours: %s", name, ours, f.imports, f.why)
			}
			continue
		}
		if isStandard(path) || under(path, strings.Fields(f.foreign)) {
			continue
		}
		if lib, why := testLibrary(path); lib != "" {
			t.Errorf("%q imports %s, which is for tests only (%s)", name, path, why)
			continue
		}
		t.Errorf("%q imports %s, and hides only %q: %s", name, path, f.foreign, f.why)
	}
	for _, ours := range strings.Fields(f.imports) {
		if !slices.Contains(imports, module+"/"+ours) {
			t.Errorf("%q may import %q and does not: take it out of the table", name, ours)
		}
	}
}

// checkTestImports lets tests see all of our packages, for real stores and
// servers instead of mocks, but no library that the table does not name.
func checkTestImports(t *testing.T, name string, imports []string) {
	t.Helper()
	for _, path := range imports {
		_, ours := inModule(path)
		lib, _ := testLibrary(path)
		if !ours && lib == "" && !isStandard(path) && !inTable(path) {
			t.Errorf("a test of %q imports %s, which the table of cmd/arch_test.go does not name", name, path)
		}
	}
}

func inTable(path string) bool {
	for _, f := range house {
		if under(path, strings.Fields(f.foreign)) {
			return true
		}
	}
	return false
}

func testLibrary(path string) (lib, why string) {
	for lib, why := range testOnly {
		if under(path, []string{lib}) {
			return lib, why
		}
	}
	return "", ""
}

// inModule returns a path of ours without the module's name.
func inModule(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// isStandard reports whether the path has no dot in its first part, as only
// the standard library's have (and "C").
func isStandard(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

// under reports whether path is one of the libraries or a package of one.
func under(path string, libs []string) bool {
	return slices.ContainsFunc(libs, func(lib string) bool { return path == lib || strings.HasPrefix(path, lib+"/") })
}

func goList(t *testing.T, goos string) []listed {
	t.Helper()
	c := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Imports,TestImports,XTestImports", "./...")
	c.Dir = ".."
	c.Env = append(os.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	out, err := c.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Logf("%s", exit.Stderr)
		}
		t.Fatalf("go list for %s: %v", goos, err)
	}
	var packages []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
