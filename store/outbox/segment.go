package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"renderfarm/farm/fsync"
)

// A segment is one file of records, each
//
//	length    u32, little endian, of the report
//	checksum  u32, CRC-32C of length and report
//	report    length bytes
//
// A file is only ever appended to, and what is behind its last whole record is
// cut off when it is opened.
type segment struct {
	number uint64
	file   *os.File
	end    int64   // where the next record begins
	ends   []int64 // of the records found by openSegment; only for load
}

const (
	headerSize = 8
	extension  = ".reports"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errUncertain is a failure after which it is not known what the disk has.
var errUncertain = errors.New("the disk may hold half a report; restart the worker once it has room")

func recordSize(report []byte) int64 { return headerSize + int64(len(report)) }

func segmentPath(dir string, number uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%010d%s", number, extension))
}

// segmentNumbers lists the files in dir in order. Files of other names are not ours.
func segmentNumbers(dir string) ([]uint64, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var numbers []uint64
	for _, e := range entries {
		name, ours := strings.CutSuffix(e.Name(), extension)
		if n, err := strconv.ParseUint(name, 10, 64); ours && err == nil && segmentPath(dir, n) == filepath.Join(dir, e.Name()) {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// newSegment makes an empty file, and makes its name durable.
func newSegment(dir string, number uint64) (*segment, error) {
	file, err := os.OpenFile(segmentPath(dir, number), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if err := fsync.Dir(dir); err != nil {
		file.Close()
		os.Remove(file.Name())
		return nil, err
	}
	return &segment{number: number, file: file}, nil
}

// openSegment opens a file, checks its records and cuts off what is behind the
// last whole one; cut is how many bytes that were.
func openSegment(dir string, number uint64) (s *segment, cut int64, err error) {
	file, err := os.OpenFile(segmentPath(dir, number), os.O_RDWR, 0)
	if err != nil {
		return nil, 0, err
	}
	s = &segment{number: number, file: file}
	defer func() {
		if err != nil {
			file.Close()
		}
	}()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	if _, err := s.count(); err != nil {
		return nil, 0, err
	}
	if cut = info.Size() - s.end; cut > 0 {
		if err := file.Truncate(s.end); err != nil {
			return nil, 0, err
		}
		if err := file.Sync(); err != nil {
			return nil, 0, err
		}
	}
	return s, cut, nil
}

// count reads the file from its beginning and finds its whole records: sets end
// and ends, and returns their number.
func (s *segment) count() (int, error) {
	s.end, s.ends = 0, nil
	for {
		report, err := s.read(s.end)
		if errors.Is(err, errNoRecord) {
			return len(s.ends), nil
		}
		if err != nil {
			return 0, err
		}
		s.end += recordSize(report)
		s.ends = append(s.ends, s.end)
	}
}

// errNoRecord means that no whole record begins there.
var errNoRecord = errors.New("no whole report is stored there")

// length returns the size of the record at the offset, as its header says.
func (s *segment) length(at int64) (int64, error) {
	var head [headerSize]byte
	if _, err := s.file.ReadAt(head[:], at); err != nil {
		return 0, noRecord(err)
	}
	n := int64(binary.LittleEndian.Uint32(head[:]))
	if n > MaxReport {
		return 0, errNoRecord
	}
	return headerSize + n, nil
}

// read returns the report at the offset, or errNoRecord.
func (s *segment) read(at int64) ([]byte, error) {
	n, err := s.length(at)
	if err != nil {
		return nil, err
	}
	record := make([]byte, n)
	if _, err := s.file.ReadAt(record, at); err != nil {
		return nil, noRecord(err)
	}
	if binary.LittleEndian.Uint32(record[4:]) != checksum(record) {
		return nil, errNoRecord
	}
	return record[headerSize:], nil
}

func noRecord(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errNoRecord
	}
	return err
}

// checksum covers everything of a record but the checksum itself. It is never
// that of a record of zeros, so a hole left by a crash is no record.
func checksum(record []byte) uint32 {
	sum := crc32.Checksum(record[:4], castagnoli)
	return crc32.Update(sum, castagnoli, record[headerSize:])
}

// write appends a record and returns when it is on the disk. If it cannot, the
// file is as before; if not even that is sure, the error is errUncertain.
func (s *segment) write(report []byte) error {
	record := make([]byte, recordSize(report))
	binary.LittleEndian.PutUint32(record, uint32(len(report)))
	copy(record[headerSize:], report)
	binary.LittleEndian.PutUint32(record[4:], checksum(record))
	_, err := s.file.WriteAt(record, s.end)
	if err == nil {
		err = s.file.Sync()
	}
	if err != nil {
		if cutErr := s.file.Truncate(s.end); cutErr != nil {
			return fmt.Errorf("%w: %w (%w)", errUncertain, err, cutErr)
		}
		return err
	}
	s.end += int64(len(record))
	return nil
}

// remove closes and deletes the file. If it stays, the position says that it
// was read, and the next Open removes it.
func (s *segment) remove() {
	s.file.Close()
	os.Remove(s.file.Name())
}
