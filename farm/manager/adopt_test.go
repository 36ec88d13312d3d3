package manager_test

import (
	"path/filepath"
	"strings"
	"testing"

	"renderfarm/farm"
	"renderfarm/farm/manager"
	"renderfarm/store"
)

// bcryptOf is "right" at the least cost, and slowOf the same with a cost that takes a second.
const (
	bcryptOf = "$2a$04$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC"
	slowOf   = "$2a$14$abcdefghijklmnopqrstuuFmEfrkTQnczNzw475xE2VhDrK1uwJiC"
)

func TestAdopt(t *testing.T) {
	f := openFarm(t)
	gpu, err := f.CreateTag(farm.Tag{Name: "gpu"})
	if err != nil {
		t.Fatal(err)
	}
	known, err := f.Register(manager.Registration{Name: "known", Secret: "s", Platform: "linux"})
	if err != nil {
		t.Fatal(err)
	}
	id := func() farm.WorkerID { return farm.WorkerID(farm.NewUUID().String()) }
	theirs, night, unnamed := farm.Tag{ID: "t1", Name: "gpu"}, farm.Tag{ID: "t2", Name: " night "}, farm.Tag{ID: "t3"}
	twice := id()
	workers := []farm.Worker{
		{ID: twice, Name: "good", TaskTypes: []string{"Blender", "blender"}, Tags: []farm.TagID{"t1", "t2", "t3", "t4"}, SecretHash: []byte(bcryptOf)},
		{ID: twice, Name: "good again", SecretHash: []byte(bcryptOf)},
		{ID: known.ID, Name: "other name", SecretHash: []byte(bcryptOf)},
		{ID: id(), Name: "slow", SecretHash: []byte(slowOf)},
		{ID: id(), Name: "plain", SecretHash: []byte("secret")},
		{ID: id(), Name: strings.Repeat("n", 200), SecretHash: []byte(bcryptOf)},
	}
	f.stop()
	db, err := store.Open(store.Options{Path: filepath.Join(f.home, "farm.db")})
	if err != nil {
		t.Fatal(err)
	}
	offline := manager.Offline{Store: db}
	for _, dryRun := range []bool{true, false} {
		done, err := offline.Adopt([]farm.Tag{theirs, night, unnamed}, workers, dryRun)
		if err != nil {
			t.Fatal(err)
		}
		if len(done.Tags) != 1 || done.Tags[0].Name != "night" || len(done.Workers) != 1 || len(done.Known) != 2 || len(done.Left) != 4 {
			t.Errorf("dry run %t: %+v", dryRun, done)
		}
	}
	// The database is there, and is not looked at if there is none.
	if done, err := (manager.Offline{}).Adopt(nil, workers[2:3], true); err != nil || len(done.Workers) != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	f.start()
	t.Cleanup(f.stop)
	w, err := f.Worker(twice)
	if err != nil || w.Name != "good" || len(w.TaskTypes) != 1 || len(w.Tags) != 2 || w.Tags[0] != gpu.ID || w.Tags[1] != "t2" {
		t.Errorf("%+v, %v", w, err)
	}
	for secret, right := range map[string]bool{"wrong": false, "": false, strings.Repeat("right", 20): false, "right": true} {
		if _, err := f.Authenticate(string(twice), secret); (err == nil) != right {
			t.Errorf("%q: %v", secret, err)
		}
	}
	w, err = f.Worker(twice)
	if err != nil || strings.HasPrefix(string(w.SecretHash), "$2") {
		t.Errorf("the hash is %q, %v", w.SecretHash, err)
	}
	if _, err := f.Authenticate(string(twice), "right"); err != nil {
		t.Error(err)
	}
	if _, err := f.Authenticate(string(twice), "wrong"); err == nil {
		t.Error("a wrong secret is right")
	}
}
