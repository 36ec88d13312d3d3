package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"time"
)

// Every value in the file is ver | payload | crc32c, where the checksum covers
// the bucket's name, the key, ver and payload: a record that was damaged, or
// that turns up under another key or in another bucket, is found out when it is
// read. bbolt itself has no checksums on its pages.

// recordVersion is the version every kind of record has so far.
const recordVersion = 1

const sealLen = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A bucket is one of the file's flat tables.
type bucket struct {
	name []byte
	sum  uint32 // of the name; where the checksums of its records start
	slot int    // its place in buckets and in a write set
	fill float64
}

// Buckets, in the order in which they are written. Those that only ever grow at
// their end are filled closer.
var (
	buckets           []*bucket
	metaBucket        = newBucket("meta", 0.5)
	jobBucket         = newBucket("job", 0.7)
	jobdefBucket      = newBucket("jobdef", 0.95)
	jobuuidBucket     = newBucket("jobuuid", 0.5)
	planBucket        = newBucket("plan", 0.95)
	defBucket         = newBucket("def", 0.95)
	taskBucket        = newBucket("task", 0.8)
	workerBucket      = newBucket("worker", 0.5)
	uuidBucket        = newBucket("workeruuid", 0.5)
	seenBucket        = newBucket("seen", 0.8)
	blockBucket       = newBucket("block", 0.5)
	tagBucket         = newBucket("tag", 0.5)
	auditBucket       = newBucket("audit", 0.7)
	workerAuditBucket = newBucket("workeraudit", 0.7)
	inRowBucket       = newBucket("inrow", 0.5)
	frameBucket       = newBucket("frame", 0.9)
	costBucket        = newBucket("framecost", 0.7)
)

func newBucket(name string, fill float64) *bucket {
	b := &bucket{name: []byte(name), sum: crc32.Checksum([]byte(name), castagnoli), slot: len(buckets), fill: fill}
	buckets = append(buckets, b)
	return b
}

func (b *bucket) checksum(key, value []byte) uint32 {
	return crc32.Update(crc32.Update(b.sum, castagnoli, key), castagnoli, value)
}

// seal ends a value, which begins with its version, with its checksum.
func (b *bucket) seal(key, value []byte) []byte {
	return binary.LittleEndian.AppendUint32(value, b.checksum(key, value))
}

// open returns the payload of a value, or what is wrong with it. The payload
// dies with the transaction.
func (b *bucket) open(key, value []byte) ([]byte, error) {
	if value == nil {
		return nil, b.damaged(key, errors.New("it is missing"))
	}
	if len(value) < 1+sealLen {
		return nil, b.damaged(key, errors.New("it is too short"))
	}
	body := value[:len(value)-sealLen]
	if b.checksum(key, body) != binary.LittleEndian.Uint32(value[len(body):]) {
		return nil, b.damaged(key, errChecksum)
	}
	if body[0] != recordVersion {
		return nil, b.damaged(key, fmt.Errorf("its version is %d, and this version of Farm knows %d", body[0], recordVersion))
	}
	return body[1:], nil
}

var errChecksum = errors.New("its checksum is wrong")

// damaged wraps what is wrong with a record with the place to find it.
func (b *bucket) damaged(key []byte, why error) error {
	return &damage{bucket: b, key: bytes.Clone(key), why: why}
}

// A damage is one record that cannot be read.
type damage struct {
	bucket *bucket
	key    []byte
	why    error
}

func (d *damage) Error() string {
	return fmt.Sprintf("the record in bucket %s with key %x is damaged: %v", d.bucket.name, d.key, d.why)
}

func (d *damage) Unwrap() error { return d.why }

// A reader takes a payload apart. After the first thing that is not there it
// returns zero values only; err says what it was.
type reader struct {
	rest []byte
	err  error
}

var errShort = errors.New("it ends too early")

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err, r.rest = err, nil
	}
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.fail(errShort)
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

func (r *reader) uint() uint64 {
	v, n := binary.Uvarint(r.rest)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

func (r *reader) int() int64 {
	v, n := binary.Varint(r.rest)
	if n <= 0 {
		r.fail(errShort)
		return 0
	}
	r.rest = r.rest[n:]
	return v
}

// count reads a number that must not exceed most; there is no other way to a
// length or an index, so that a damaged one cannot allocate or reach too far.
func (r *reader) count(most int) int {
	v := r.uint()
	if most < 0 || v > uint64(most) {
		r.fail(fmt.Errorf("it says %d where at most %d can be", v, most))
		return 0
	}
	return int(v)
}

// bytes reads a length and that many bytes, without copying them.
func (r *reader) bytes() []byte {
	n := r.count(len(r.rest))
	if n > len(r.rest) { // the length itself took some
		r.fail(errShort)
		return nil
	}
	b := r.rest[:n]
	r.rest = r.rest[n:]
	return b
}

func (r *reader) string() string { return string(r.bytes()) }

// small reads a signed number that fits 32 bits.
func (r *reader) small() int {
	v := r.int()
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.fail(fmt.Errorf("it says %d where 32 bits are enough", v))
		return 0
	}
	return int(v)
}

// end reports what went wrong, including bytes left over.
func (r *reader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		return fmt.Errorf("%d bytes are left over", len(r.rest))
	}
	return r.err
}

func appendString[T ~string | ~[]byte](b []byte, s T) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// Times are milliseconds since 1970 in UTC; math.MinInt64 is no time at all.
const noTime = math.MinInt64

func millis(t time.Time) int64 {
	if t.IsZero() {
		return noTime
	}
	return t.UnixMilli()
}

func timeOf(ms int64) time.Time {
	if ms == noTime {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// whole cuts a time to what the store keeps of it.
func whole(t time.Time) time.Time { return timeOf(millis(t)) }

// Keys are big-endian, so that bbolt's order is the order of the numbers.

func key32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

func key64(high, low uint32) []byte {
	return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, high), low)
}
