package bench

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"renderfarm/farm"
	"renderfarm/farm/api"
	"renderfarm/store"
)

var against = flag.String("against", "", "another `build` of the program, which BenchmarkMixed measures in turn with this one")

const (
	mixedJobs = 200
	mixedSets = 1000 // different sets of tags and task types among the workers
	mixedTags = 10   // 2^10 sets of them
)

var mixedTypes = []string{"blender", "ffmpeg", "file-management", "misc"}

// BenchmarkMixed is BenchmarkThroughput on a farm where no two workers are alike:
// 1,000 workers of as many sets of tags and task types, and 200 jobs of different
// priorities, tags and types. With -against, both builds are measured in turn.
func BenchmarkMixed(b *testing.B) {
	b.Log(machine())
	builds := map[string]string{"this": program(b)}
	names := []string{"this"}
	if *against != "" {
		builds["against"] = *against
		names = append(names, "against")
	}
	results := map[string][][]figure{}
	for round := range *rounds {
		if round%2 == 1 && len(names) == 2 { // who goes first gets the cooler machine
			names[0], names[1] = names[1], names[0]
		}
		for _, name := range names {
			results[name] = append(results[name], mixed(b, builds[name]))
		}
	}
	for name := range builds {
		b.Logf("%s, rounds: %s", name, each(results[name], "tasks/s"))
		report(b, "build="+name, medians(results[name]))
	}
}

// mixed measures one load on one build.
func mixed(b *testing.B, build string) []figure {
	b.Helper()
	l := newLoad(nil)
	home := quickHome(b)
	tags := fillMixed(b, filepath.Join(home, "farm.db"), 4*l.total())
	p := launchBuild(b, build, home, freeAddress(b), "serve")
	p.awaitReady()
	l.p = p
	all := hireMixed(b, p, tags)
	if err := l.run(all); err != nil {
		b.Fatalf("%v\nlog of the manager:\n%s", err, p.log.String())
	}
	figures := l.figures(b, all)
	p.stop()
	p.complaints()
	return figures
}

// fillMixed makes a database with tags and jobs. Half of the jobs are for any
// worker, so that nobody is ever without work.
func fillMixed(tb testing.TB, path string, tasks int) (tags []farm.TagID) {
	tb.Helper()
	s, err := store.Open(store.Options{Path: path})
	if err != nil {
		tb.Fatal(err)
	}
	for i := range mixedTags {
		tag := farm.Tag{ID: farm.TagID(farm.NewUUID().String()), Name: fmt.Sprintf("tag-%d", i)}
		tags = append(tags, tag.ID)
		if err := s.Update(func(tx *store.Tx) error { tx.PutTag(tag); return nil }); err != nil {
			tb.Fatal(err)
		}
	}
	for i := range mixedJobs {
		plan := renderPlan(i, tasks/mixedJobs)
		plan.Priority = 50 + i%5
		if i%2 == 1 {
			plan.Tag = tags[i/2%mixedTags]
		}
		for t := range plan.Tasks {
			plan.Tasks[t].Type = mixedTypes[i/4%len(mixedTypes)]
		}
		n, err := store.Prepare(plan)
		if err != nil {
			tb.Fatal(err)
		}
		if err := s.Update(func(tx *store.Tx) error { tx.AddJob(n); return nil }); err != nil {
			tb.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		tb.Fatal(err)
	}
	return tags
}

// hireMixed registers the workers, no two of which are for the same work.
func hireMixed(tb testing.TB, p *process, tags []farm.TagID) []*simulated {
	tb.Helper()
	all := make([]*simulated, mixedSets)
	turns, errs := make(chan struct{}, 16), make(chan error, mixedSets)
	client := p.client()
	for i := range all {
		go func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			// The number's bits are its tags; one type it always has, and some others.
			types := []string{mixedTypes[i%len(mixedTypes)], mixedTypes[i/7%len(mixedTypes)], mixedTypes[i/31%len(mixedTypes)]}
			var err error
			all[i], err = newSimulated(tb.Context(), client, p.address, fmt.Sprintf("simulated-%04d", i), 10*time.Minute, types)
			if err == nil {
				err = tagWorker(tb.Context(), client, all[i].id, tags, i+1)
			}
			errs <- err
		}()
	}
	for range all {
		if err := <-errs; err != nil {
			tb.Fatal(err)
		}
	}
	return all
}

// tagWorker gives a worker the tags that are set in bits.
func tagWorker(ctx context.Context, client *api.Client, id farm.WorkerID, tags []farm.TagID, bits int) error {
	var carried []farm.TagID
	for i, tag := range tags {
		if bits>>i&1 == 1 {
			carried = append(carried, tag)
		}
	}
	return client.SetWorkerTags(ctx, id, api.WorkerTagChangeRequest{TagIDs: carried})
}
