package outbox

import (
	"bufio"
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fill makes an outbox in which some of the reports were read, and returns the
// bytes of its only segment and where each record ends.
func fill(t *testing.T, dir string, reports []string, read int) (data []byte, ends []int) {
	t.Helper()
	o := mustOpen(t, dir, maxSize, segmentSize)
	mustPut(t, o, reports...)
	for range read {
		if err := o.Done(); err != nil {
			t.Fatal(err)
		}
	}
	o.Close()
	data, err := os.ReadFile(segmentPath(dir, 1))
	if err != nil {
		t.Fatal(err)
	}
	end := 0
	for _, r := range reports {
		end += int(recordSize([]byte(r)))
		ends = append(ends, end)
	}
	return data, ends
}

// A kill in the middle of a write leaves any prefix of the file, possibly
// followed by bytes that were never written. All whole reports must survive.
func TestCutAtEveryByte(t *testing.T) {
	const read = 2
	reports := numbered(12)
	dir := t.TempDir()
	data, ends := fill(t, dir, reports, read)
	tails := []string{"", strings.Repeat("\x00", 40), "\xff\xff\xff\xff garbage"}
	for n := range len(data) + 1 {
		whole := 0
		for whole < len(ends) && ends[whole] <= n {
			whole++
		}
		tail := tails[n%len(tails)]
		if err := os.WriteFile(segmentPath(dir, 1), append(slices.Clone(data[:n]), tail...), 0o600); err != nil {
			t.Fatal(err)
		}
		var said bytes.Buffer
		o, err := open(dir, logger(&said), maxSize, segmentSize)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		mustPut(t, o, "afterwards")
		want := append(slices.Clone(reports[min(read, whole):whole]), "afterwards")
		var got []string
		for i := range o.Len() { // without Done, so that the position stays for the next round
			r, err := o.segments[0].read(o.pos.offset + offset(want[:i]))
			if err != nil {
				t.Fatalf("cut at %d: %v", n, err)
			}
			got = append(got, string(r))
		}
		if !slices.Equal(got, want) {
			t.Fatalf("cut at %d: got %q, want %q", n, got, want)
		}
		lost := n + len(tail) - append([]int{0}, ends...)[whole]
		if told := strings.Contains(said.String(), fmt.Sprintf("bytes=%d\n", lost)); told != (lost > 0) {
			t.Errorf("cut at %d: %d bytes were lost, and the log says %q", n, lost, said.String())
		}
		o.Close()
	}
}

// offset returns where the record after these begins.
func offset(reports []string) (n int64) {
	for _, r := range reports {
		n += recordSize([]byte(r))
	}
	return n
}

// A flipped bit loses the reports of that file from there on, and nothing else.
func TestDamageInTheMiddle(t *testing.T) {
	for _, open := range []bool{false, true} { // damaged before or after it was opened
		dir := t.TempDir()
		o := mustOpen(t, dir, 1<<20, 60)
		reports := numbered(12)
		mustPut(t, o, reports...)
		path := segmentPath(dir, 2)
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)-1] ^= 1
		if !open {
			o.Close()
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if !open {
			o = mustOpen(t, dir, 1<<20, 60)
		}
		got := drain(t, o)
		if o.Len() != 0 || len(got) != len(reports)-1 {
			t.Errorf("got %d of %d reports, %d wait", len(got), len(reports), o.Len())
		}
		for _, r := range got {
			if !slices.Contains(reports, r) {
				t.Errorf("a report that was never put: %q", r)
			}
		}
	}
}

// Whatever a crash does to the position, nothing is lost; with one slot left
// nothing is even repeated but the report read last.
func TestTornPosition(t *testing.T) {
	reports := numbered(6)
	cases := []struct {
		name string
		tear func(b []byte) []byte
		want int // index of the first report delivered again
	}{
		{"whole", func(b []byte) []byte { return b }, 3},
		{"newer slot torn", func(b []byte) []byte { b[slotStride+3] ^= 1; return b }, 2},
		{"older slot torn", func(b []byte) []byte { b[3] ^= 1; return b }, 3},
		{"both torn", func(b []byte) []byte { b[3] ^= 1; b[slotStride+3] ^= 1; return b }, 0},
		{"empty", func(b []byte) []byte { return nil }, 0},
		{"half", func(b []byte) []byte { return b[:10] }, 0},
	}
	for _, c := range cases {
		dir := t.TempDir()
		fill(t, dir, reports, 3) // turns 1, 2 and 3: the third is in the second slot
		path := filepath.Join(dir, "position")
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, c.tear(b), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := drain(t, mustOpen(t, dir, maxSize, segmentSize)); !slices.Equal(got, reports[c.want:]) {
			t.Errorf("%s: got %q", c.name, got)
		}
	}
}

func TestFilesMissing(t *testing.T) {
	dir := t.TempDir()
	o := mustOpen(t, dir, 1<<20, 40)
	mustPut(t, o, numbered(10)...)
	o.Close()
	if err := os.Remove(segmentPath(dir, 1)); err != nil {
		t.Fatal(err)
	}
	o = mustOpen(t, dir, 1<<20, 40)
	if got := drain(t, o); len(got) == 0 || got[len(got)-1] != numbered(10)[9] {
		t.Errorf("got %q", got)
	}
	o.Close()
	numbers, err := segmentNumbers(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range numbers {
		os.Remove(segmentPath(dir, n))
	}
	o = mustOpen(t, dir, 1<<20, 40)
	mustPut(t, o, "new") // an old position must not hide it
	o.Close()
	if got := drain(t, mustOpen(t, dir, 1<<20, 40)); !slices.Equal(got, []string{"new"}) {
		t.Errorf("got %q", got)
	}
}

// childDir tells this test's own binary to put reports until it is killed.
const childDir = "OUTBOX_TEST_CHILD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		putForEver(dir)
	}
	os.Exit(m.Run())
}

// putForEver prints the number of each report once Put returned.
func putForEver(dir string) {
	o, err := open(dir, slog.New(slog.DiscardHandler), maxSize, 2000)
	if err != nil {
		panic(err)
	}
	for i := 0; ; i++ {
		if err := o.Put(fmt.Appendf(nil, "%d", i)); err != nil {
			panic(err)
		}
		fmt.Println(i)
	}
}

// A real process is killed without warning while it puts.
func TestKilledProcess(t *testing.T) {
	for round := range 5 {
		dir := t.TempDir()
		child := exec.Command(os.Args[0])
		child.Env = append(os.Environ(), childDir+"="+dir)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		promised, lines := 0, bufio.NewScanner(out)
		for lines.Scan() {
			promised++
			if promised == 40+round*7 {
				child.Process.Kill() // what it still prints was promised, too
			}
		}
		child.Wait()
		got := drain(t, mustOpen(t, dir, maxSize, 2000))
		if len(got) < promised {
			t.Errorf("%d reports were promised, and %d are there", promised, len(got))
		}
		for i, r := range got {
			if r != fmt.Sprint(i) {
				t.Fatalf("report %d is %q", i, r)
			}
		}
	}
}
