package addon

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"time"
)

// Name is what the add-on's file should be called.
const Name = "farm-addon.zip"

// These tell the add-on where its manager is, and by which certificate it knows it.
const (
	urlFile         = "farm/manager_url.txt"
	fingerprintFile = "farm/manager_fingerprint.txt"
)

// Zip returns the add-on as Blender installs it: before 4.2 as an add-on, from
// then on as an extension. It has everything in one folder, which both accept.
// manager is the address that it uses until somebody gives it another; "" for
// none. fingerprint is the SHA-256 of the manager's certificate, "" for what the system
// believes. The same arguments make the same file.
func Zip(manager, fingerprint string) ([]byte, error) {
	if err := checkURL(manager); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	err := fs.WalkDir(sources, "farm", func(name string, d fs.DirEntry, err error) error {
		// Python leaves its compiled files where the sources are, if somebody runs them there.
		if err == nil && d.IsDir() && d.Name() == "__pycache__" {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		content, err := sources.ReadFile(name)
		if err != nil {
			return err
		}
		return add(z, name, content)
	})
	if err == nil && manager != "" {
		err = add(z, urlFile, []byte(manager+"\n"))
	}
	if err == nil && fingerprint != "" {
		err = add(z, fingerprintFile, []byte(fingerprint+"\n"))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("make the add-on's zip: %w", err)
	}
	return b.Bytes(), nil
}

// epoch is the first time that a zip can say. There is none to tell of embedded files.
var epoch = time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)

// add puts a file into the zip.
func add(z *zip.Writer, name string, content []byte) error {
	w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: epoch})
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

// checkURL refuses what is no address of a manager. It may come from the
// headers of a request, and ends up in a program that people install.
func checkURL(manager string) error {
	if manager == "" {
		return nil
	}
	u, err := url.Parse(manager)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		len(manager) > 500 || strings.ContainsFunc(manager, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Errorf("%q is not the address of a manager, which looks like http://farm.local:8080", manager)
	}
	return nil
}
