package store

import (
	"bytes"
	"path/filepath"
	"testing"

	bolt "go.etcd.io/bbolt"

	"renderfarm/farm"
)

func notices(t *testing.T, s *Store, limit int) (list []farm.Notice) {
	t.Helper()
	if err := s.View(func(v *View) error { list = v.Notices(limit); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

func TestNotices(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	job := addJob(t, s, frames(1, false))
	update(t, s, func(tx *Tx) {
		tx.AddNotice(farm.Notice{Event: farm.NoticeCompleted, Job: job, Time: testTime})
		tx.AddNotice(farm.Notice{Event: farm.NoticeWorkerLost, Worker: "node1", Time: testTime})
	})
	clean(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	// They are records like others: an export has them.
	to := filepath.Join(t.TempDir(), "farm.db")
	if _, err := Import(bytes.NewReader(exported(t, path)), to, testTime); err != nil {
		t.Fatal(err)
	}
	s = open(t, to)
	list := notices(t, s, 10)
	if len(list) != 2 || list[0].Job != job || list[1].Worker != "node1" || list[0].Number == 0 || list[1].Number <= list[0].Number || !list[0].Time.Equal(testTime) {
		t.Fatalf("%+v", list)
	}
	if one := notices(t, s, 1); len(one) != 1 || one[0].ID() != list[0].ID() || list[0].ID() == list[1].ID() {
		t.Errorf("%+v", one)
	}
	update(t, s, func(tx *Tx) { tx.RemoveNotices(list[0].Number, 12345) })
	if left := notices(t, s, 10); len(left) != 1 || left[0].Number != list[1].Number {
		t.Errorf("%+v", left)
	}
	clean(t, s)
}

// TestDamagedNotice loses a message, and nothing else.
func TestDamagedNotice(t *testing.T) {
	path := filepath.Join(t.TempDir(), "farm.db")
	s := open(t, path)
	update(t, s, func(tx *Tx) { tx.AddNotice(farm.Notice{Event: farm.NoticeDisk, Time: testTime}) })
	key := noticeKey(notices(t, s, 1)[0].Number)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db, err := bolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket.name).Put(key, []byte("nonsense")) })
	if err != nil || db.Close() != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if left := notices(t, s, 1); len(left) != 0 {
		t.Errorf("%+v", left)
	}
	clean(t, s)
}
