package store

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"time"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

// An export is a database as lines of JSON: a head, a line for each record, in the order
// of buckets and keys, and an end. What programs rely on is in docs/export.md.
//
// A record is what it is in the file: bucket, key, and the payload as raw, unless that is
// JSON anyway. An older layout is so imported as what it is, and brought to the newest by
// the same migrations as a database. value says in words what raw does, for whoever reads
// an export without Farm.

// exportVersion is the version of the lines. What the records in them are is their layout.
const exportVersion = 1

type exportHead struct {
	Export  int       `json:"farm_export"` // exportVersion
	Layout  int       `json:"layout"`
	Program string    `json:"program"` // the version of Farm that laid the database out
	Made    time.Time `json:"made"`
}

type exportLine struct {
	Bucket string          `json:"bucket"`
	Key    string          `json:"key"`             // hexadecimal
	Value  json.RawMessage `json:"value,omitempty"` // what an import reads if there is no raw
	Raw    []byte          `json:"raw,omitempty"`   // base64
}

type exportEnd struct {
	Records *int `json:"records"` // lines between the first and this one
}

// maxExportLine bounds a line, in bytes. The longest record is that of a job's settings.
const maxExportLine = 128 << 20

// maxExportValue bounds what is said in words of one record, in bytes.
const maxExportValue = 16 << 20

// Export writes a database, which nobody may be using, or a backup. It returns how many
// records it wrote.
func Export(path string, w io.Writer, now time.Time) (records int, err error) {
	for err := range Check(path) {
		return 0, err
	}
	db, err := openBolt(path, &bolt.Options{ReadOnly: true, Timeout: lockTimeout, PageSize: pageSize})
	if err != nil {
		return 0, openError(path, err)
	}
	defer db.Close()
	out := bufio.NewWriterSize(w, 1<<20)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	err = db.View(func(tx *bolt.Tx) error {
		l, err := readLayout(tx)
		if err == nil && l.number < newestLayout() {
			err = farm.Errorf(farm.Conflict, "the database %s has the layout of an older version of Farm: start the manager once, which upgrades it, and stop it again", path)
		}
		if err != nil {
			return err
		}
		if err := enc.Encode(exportHead{exportVersion, l.number, l.program, now.UTC().Truncate(time.Second)}); err != nil {
			return err
		}
		records, err = exportRecords(tx, enc)
		return err
	})
	if err != nil {
		return records, openError(path, err)
	}
	if err := enc.Encode(exportEnd{&records}); err != nil {
		return records, err
	}
	return records, out.Flush()
}

func exportRecords(tx *bolt.Tx, enc *json.Encoder) (n int, err error) {
	x := &exporter{tx: tx, names: []farm.WorkerID{""}}
	if err := records(tx, workerBucket, nil, func(_, payload []byte) error {
		w, err := decodeWorker(payload, appendSeen(nil, &farm.Worker{})[1:])
		x.names = append(x.names, w.ID)
		return err
	}); err != nil {
		return 0, err
	}
	for _, b := range buckets {
		err := records(tx, b, nil, func(key, payload []byte) error {
			if b == metaBucket && string(key) == string(layoutKey) {
				return nil // which is in the head
			}
			line, err := x.line(b, key, payload)
			if err != nil {
				return err
			}
			n++
			return enc.Encode(line)
		})
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// line returns the line of a record.
func (x *exporter) line(b *bucket, key, payload []byte) (line exportLine, err error) {
	line = exportLine{Bucket: string(b.name), Key: hex.EncodeToString(key)}
	if isJSON(b) {
		line.Value = payload
		if b == jobdefBucket {
			line.Value, err = unpack(payload, maxDetail)
		}
		return line, err
	}
	line.Raw = payload
	value, err := x.value(b, key, payload)
	if err != nil || value == nil {
		return line, err
	}
	line.Value, err = json.Marshal(value)
	if len(line.Value) > maxExportValue {
		line.Value = nil
	}
	if len(line.Value)+len(payload)*4/3 > maxExportLine-4096 {
		return line, fmt.Errorf("it is too long for an export")
	}
	return line, err
}

// isJSON reports whether the records of a bucket are JSON: they need no raw.
func isJSON(b *bucket) bool {
	switch b {
	case jobdefBucket, workerBucket, tagBucket, auditBucket, workerAuditBucket:
		return true
	}
	return false
}
