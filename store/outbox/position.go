package outbox

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"os"
)

// A position is how far the queue was read. Its file holds two slots that are
// written in turn, so that a write cut short by a crash leaves the other one:
//
//	turn      u64, little endian; the higher one of two whole slots counts
//	segment   u64, number of the file
//	offset    u64, of the next record in it
//	checksum  u32, CRC-32C of the above
//
// If neither slot is whole, everything stored is delivered again.
type position struct {
	turn    uint64
	segment uint64
	offset  int64
}

const (
	slotSize   = 28
	slotStride = 512 // a sector each: a torn sector cannot spoil both
)

// openPosition opens or makes the file, and reads it.
func openPosition(path string) (position, *os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return position{}, nil, err
	}
	var p position
	for slot := range int64(2) {
		var b [slotSize]byte
		if _, err := file.ReadAt(b[:], slot*slotStride); err != nil {
			if errors.Is(err, io.EOF) {
				continue
			}
			file.Close()
			return position{}, nil, err
		}
		if binary.LittleEndian.Uint32(b[24:]) != crc32.Checksum(b[:24], castagnoli) {
			continue
		}
		if turn := binary.LittleEndian.Uint64(b[:]); turn > p.turn {
			p = position{turn, binary.LittleEndian.Uint64(b[8:]), int64(binary.LittleEndian.Uint64(b[16:]) & (1<<62 - 1))}
		}
	}
	return p, file, nil
}

// save writes the position into the older slot.
func (p *position) save(file *os.File) error {
	p.turn++
	var b [slotSize]byte
	binary.LittleEndian.PutUint64(b[:], p.turn)
	binary.LittleEndian.PutUint64(b[8:], p.segment)
	binary.LittleEndian.PutUint64(b[16:], uint64(p.offset))
	binary.LittleEndian.PutUint32(b[24:], crc32.Checksum(b[:24], castagnoli))
	_, err := file.WriteAt(b[:], int64(p.turn%2)*slotStride)
	return err
}
