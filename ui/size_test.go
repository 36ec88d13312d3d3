package ui_test

import (
	"bytes"
	"compress/gzip"
	"io/fs"
	"regexp"
	"strings"
	"testing"

	"renderfarm/ui"
)

// most is how many bytes of all pages a browser may have to fetch, compressed one by one.
const most = 250_000

// All that the pages of the farm consist of, charts included, is small. The API explorer is
// no part of them.
func TestSizeOfAllPages(t *testing.T) {
	files, sum := ui.Files(), 0
	imported := regexp.MustCompile(`'(\.\./vendor/[^']+)'|"(\.\./vendor/[^"]+)"`)
	add := func(name string) []byte {
		content, err := fs.ReadFile(files, name)
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		w := gzip.NewWriter(&packed)
		if _, err := w.Write(content); err != nil || w.Close() != nil {
			t.Fatal("compress")
		}
		sum += packed.Len()
		return content
	}
	names, err := fs.Glob(files, "app/*")
	if err != nil || len(names) < 40 {
		t.Fatalf("files of the page: %v, %v", names, err)
	}
	vendored := map[string]bool{}
	for _, name := range names {
		for _, found := range imported.FindAllSubmatch(add(name), -1) {
			vendored[strings.TrimPrefix(string(found[1])+string(found[2]), "../")] = true
		}
	}
	for name := range vendored {
		add(name)
	}
	if len(vendored) < 6 || !vendored["vendor/uplot/uPlot.esm.js"] {
		t.Errorf("the pages use %v", vendored)
	}
	t.Logf("%d files, %d bytes", len(names)+len(vendored), sum)
	if sum > most {
		t.Errorf("all pages are %d bytes, at most %d", sum, most)
	}
}
