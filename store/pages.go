package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"iter"
	"os"
)

// bbolt trusts its pages: one with a wrong length or number makes it read
// beyond the page, loop, or panic in a goroutine of its own. This is a look at
// the structure of the file from outside, before bbolt gets to see it. Values
// are not looked at; records have checksums.
//
//	page    id u64 | flags u16 | count u16 | overflow u32 | elements… | keys and values…
//	branch  pos u32 | key size u32 | page u64
//	leaf    flags u32 | pos u32 | key size u32 | value size u32
//	meta    magic u32 | version u32 | page size u32 | flags u32 | root u64 | sequence u64 | freelist u64 | pages u64 | tx u64 | sum u64
const (
	pageSize   = 4096
	pageHeader = 16
	elemSize   = 16

	branchPage = 0x01
	leafPage   = 0x02
	bucketLeaf = 0x01

	boltMagic   = 0xED0CDAED
	boltVersion = 2
	metaLen     = 64

	maxDepth = 32
)

var order = binary.NativeEndian // bbolt writes its structures as they are in memory

// A pageChecker walks from the newest meta page to every page in use.
type pageChecker struct {
	file  io.ReaderAt
	pages uint64 // in use, the rest of the file is spare
	seen  []uint64
	yield func(error) bool
	ended bool // yield wants no more
}

// checkPages yields what is wrong with the structure of the file. It needs
// nobody to write meanwhile.
func checkPages(path string) iter.Seq[error] {
	return func(yield func(error) bool) {
		f, err := os.Open(path)
		if err != nil {
			yield(err)
			return
		}
		defer f.Close()
		root, pages, err := newestMeta(f)
		if err != nil {
			yield(err)
			return
		}
		// In order first: on a cold disk the walk alone takes minutes.
		used := int64(pages) * pageSize
		n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{io.LimitReader(f, used)}, make([]byte, 1<<20))
		if err != nil {
			yield(err)
			return
		}
		if n < used {
			yield(fmt.Errorf("the file has %d bytes, and should have %d: it was cut off", n, used))
			return
		}
		c := &pageChecker{file: f, pages: pages, seen: make([]uint64, pages/64+1), yield: yield}
		c.tree(root, nil, nil, 0, c.bucketsIn)
	}
}

// newestMeta returns the root page and the number of pages in use from the
// meta page that bbolt uses: the newer one of those that are whole.
func newestMeta(f io.ReaderAt) (root, pages uint64, err error) {
	newest := uint64(0)
	for page := range int64(2) {
		b := make([]byte, metaLen)
		if _, err := f.ReadAt(b, page*pageSize+pageHeader); err != nil {
			return 0, 0, fmt.Errorf("it is too short to be a database")
		}
		sum := fnv.New64a()
		sum.Write(b[:metaLen-8])
		if order.Uint32(b) != boltMagic || order.Uint32(b[4:]) != boltVersion || order.Uint64(b[56:]) != sum.Sum64() {
			continue
		}
		if size := order.Uint32(b[8:]); size != pageSize {
			return 0, 0, fmt.Errorf("its pages have %d bytes, and Farm's have %d", size, pageSize)
		}
		if tx := order.Uint64(b[48:]); pages == 0 || tx > newest {
			newest, root, pages = tx, order.Uint64(b[16:]), order.Uint64(b[40:])
		}
	}
	if pages == 0 {
		return 0, 0, errors.New("both of its meta pages are damaged")
	}
	return root, pages, nil
}

func (c *pageChecker) report(page uint64, format string, args ...any) {
	if !c.ended {
		c.ended = !c.yield(fmt.Errorf("page %d: %s", page, fmt.Sprintf(format, args...)))
	}
}

// tree checks the pages from the given one down. All their keys must be at
// least low and, if high is not nil, less than high. leaf is called with the elements
// of leaf pages.
func (c *pageChecker) tree(page uint64, low, high []byte, depth int, leaf func(uint64, []element)) {
	if c.ended {
		return
	}
	if depth > maxDepth {
		c.report(page, "is too deep")
		return
	}
	data := c.load(page)
	if data == nil {
		return
	}
	flags := order.Uint16(data[8:])
	elems := c.elements(page, data, flags)
	for i, e := range elems {
		if i > 0 && bytes.Compare(elems[i-1].key, e.key) >= 0 {
			c.report(page, "keys %d and %d are not in order", i-1, i)
			return
		}
		// The first key of a branch may be less than what lies below.
		if i == 0 && flags == branchPage {
			continue
		}
		if bytes.Compare(e.key, low) < 0 || high != nil && bytes.Compare(e.key, high) >= 0 {
			c.report(page, "key %d belongs to another page", i)
			return
		}
	}
	if flags == leafPage {
		leaf(page, elems)
		return
	}
	for i, e := range elems {
		from, to := e.key, high
		if i == 0 {
			from = low
		}
		if i+1 < len(elems) {
			to = elems[i+1].key
		}
		c.tree(e.child, from, to, depth+1, leaf)
	}
}

// load reads a page with those that continue it.
func (c *pageChecker) load(page uint64) []byte {
	if page < 2 || page >= c.pages {
		c.report(page, "is referred to, and there are %d", c.pages)
		return nil
	}
	data := make([]byte, pageSize)
	if _, err := c.file.ReadAt(data, int64(page)*pageSize); err != nil {
		c.report(page, "cannot be read: %v", err)
		return nil
	}
	more := uint64(order.Uint32(data[12:]))
	if id := order.Uint64(data); id != page || more >= c.pages-page {
		c.report(page, "says it is page %d with %d more", id, more)
		return nil
	}
	if more > 0 {
		data = make([]byte, (more+1)*pageSize)
		if _, err := c.file.ReadAt(data, int64(page)*pageSize); err != nil {
			c.report(page, "cannot be read: %v", err)
			return nil
		}
	}
	for p := page; p <= page+more; p++ {
		if c.seen[p/64]&(1<<(p%64)) != 0 {
			c.report(p, "is used twice")
			return nil
		}
		c.seen[p/64] |= 1 << (p % 64)
	}
	return data
}

// An element is one entry of a page.
type element struct {
	key    []byte
	value  []byte // of a leaf
	child  uint64 // of a branch
	bucket bool   // the value of a leaf is a bucket
}

// elements takes a branch or leaf page apart. bbolt lays keys and values out one
// behind the other without gaps, which makes nearly every wrong bit in the
// elements show.
func (c *pageChecker) elements(page uint64, data []byte, flags uint16) []element {
	count := int(order.Uint16(data[10:]))
	if flags != branchPage && flags != leafPage {
		c.report(page, "is neither branch nor leaf, but %#x", flags)
		return nil
	}
	at := pageHeader + count*elemSize
	elems := make([]element, 0, count)
	for i := range count {
		start := pageHeader + i*elemSize
		if start+elemSize > len(data) {
			c.report(page, "has no room for %d elements", count)
			return nil
		}
		b := data[start : start+elemSize]
		var e element
		pos, key, value := order.Uint32(b), order.Uint32(b[4:]), uint32(0)
		if flags == leafPage {
			e.bucket = order.Uint32(b) == bucketLeaf
			pos, key, value = order.Uint32(b[4:]), order.Uint32(b[8:]), order.Uint32(b[12:])
			if f := order.Uint32(b); f > bucketLeaf {
				c.report(page, "element %d has flags %#x", i, f)
				return nil
			}
		} else {
			e.child = order.Uint64(b[8:])
		}
		end := uint64(at) + uint64(key) + uint64(value)
		if start+int(pos) != at || end > uint64(len(data)) {
			c.report(page, "element %d is at %d with %d bytes, in place of %d", i, start+int(pos), key+value, at)
			return nil
		}
		e.key, e.value = data[at:at+int(key)], data[at+int(key):end]
		at = int(end)
		elems = append(elems, e)
	}
	if count == 0 && flags == branchPage {
		c.report(page, "is a branch without children")
	}
	return elems
}

// bucketsIn checks the buckets that a leaf of the root tree holds.
func (c *pageChecker) bucketsIn(page uint64, elems []element) {
	for i, e := range elems {
		switch {
		case !e.bucket:
			c.report(page, "element %d is not a bucket", i)
		case len(e.value) < 16:
			c.report(page, "bucket %q has no head", e.key)
		case order.Uint64(e.value) != 0:
			c.tree(order.Uint64(e.value), nil, nil, 1, c.noBuckets)
		default: // a small bucket is a page within the value
			inner := e.value[16:]
			if len(inner) < pageHeader || order.Uint16(inner[8:]) != leafPage {
				c.report(page, "bucket %q is not a page", e.key)
				continue
			}
			elems := c.elements(page, inner, leafPage)
			for i := 1; i < len(elems); i++ {
				if bytes.Compare(elems[i-1].key, elems[i].key) >= 0 {
					c.report(page, "keys %d and %d of bucket %q are not in order", i-1, i, e.key)
				}
			}
			c.noBuckets(page, elems)
		}
	}
}

// noBuckets checks a leaf of a bucket: Farm's buckets are flat.
func (c *pageChecker) noBuckets(page uint64, elems []element) {
	for i, e := range elems {
		if e.bucket {
			c.report(page, "element %d is a bucket in a bucket", i)
		}
	}
}
