package watchfolder

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// reportEnding is what the names of reports end in.
const reportEnding = ".farm.txt"

// reportName returns the name of the report on a file. File systems allow 255
// bytes.
func reportName(name string) string {
	const most = 255 - len(reportEnding) - len(".farm-part")
	for len(name) > most {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	return name + reportEnding
}

// report writes the text file that tells the artist how it is, and reports
// whether it is there.
func (w *watch) report(name, text string) bool {
	path := filepath.Join(w.Folder, reportName(name))
	text = strings.TrimRight(text, "\n") + "\n"
	if strings.Contains(w.newline, "\r") {
		text = strings.ReplaceAll(text, "\n", w.newline)
	}
	if isText(path, text) {
		return true
	}
	if err := replace(path, []byte(text), 0o666); err != nil {
		w.Log.Warn("cannot write a report into the watch folder: check that the farm may write there", "file", path, "error", err)
		return false
	}
	return true
}

// isText reports whether a file has exactly this text. Anything but a file is not
// read: others may write into the folder too, and a pipe would never end.
func isText(path, text string) bool {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() != int64(len(text)) {
		return false
	}
	old, err := os.ReadFile(path)
	return err == nil && string(old) == text
}

// hasReport reports whether the report on a file is still there.
func (w *watch) hasReport(name string) bool {
	_, err := os.Lstat(filepath.Join(w.Folder, reportName(name)))
	return err == nil
}

// text says how a job is.
func (j Job) text(name string, now time.Time) string {
	var b strings.Builder
	switch {
	case j.Status == "completed":
		fmt.Fprintf(&b, "%s: finished\n", name)
	case j.Over:
		fmt.Fprintf(&b, "%s: %s\n", name, strings.ToUpper(j.Status))
	case j.Done > 0 || j.Status == "active":
		fmt.Fprintf(&b, "%s: running, %d of %d %s\n", name, j.Done, j.Total, j.Unit)
	default:
		fmt.Fprintf(&b, "%s: submitted, %s\n", name, j.Status)
	}
	fmt.Fprintf(&b, "\nJob:     %s\n", j.Name)
	for _, line := range []struct{ label, value string }{{"Frames:", j.Frames}, {"Video:", j.Video}, {"Web:", j.Web}} {
		if line.value != "" {
			fmt.Fprintf(&b, "%-8s %s\n", line.label, line.value)
		}
	}
	fmt.Fprintf(&b, "As of:   %s\n", now.Format("2006-01-02 15:04:05"))
	if j.Problem != "" {
		fmt.Fprintf(&b, "\n%s\n", j.Problem)
	}
	for _, note := range j.Notes {
		fmt.Fprintf(&b, "\n%s\n", note)
	}
	return b.String()
}

// refusal says why a file was not submitted, and what to do.
func refusal(name, why string) string {
	return fmt.Sprintf("%s: NOT SUBMITTED\n\n%s\n\nFix the file and save it again, or remove this report, and Farm tries again.\n", name, why)
}
