// Package store puts farm's records in one bbolt file and finds them again.
//
// # The file
//
// Buckets are flat. Numbers in keys are big-endian, so that bbolt's order is
// theirs; seq is a job's number, index a task's place in its plan. What changes
// often is tiny and apart from what does not change.
//
//	meta                                            written with every commit
//	├─ schema                     layout of the file: layout.go
//	├─ uuid                       of this database
//	├─ counters                   commits, events, jobs, workers so far
//	├─ last-rendered              job with the newest preview
//	└─ notice, number             what people are to be told of, until it is in the queue: notices.go
//	job         seq               what lists show, and counts per status
//	jobdef      seq               settings, metadata, submitter          constant
//	jobuuid     UUID              seq
//	plan        seq               runs of (type, priority, steps, needs) constant
//	def         seq, chunk        definitions of 256 tasks, compressed   constant
//	task        seq, index        state; absent: queued and never touched
//	worker      number            what it is
//	seen        number            what it does, and when it was last seen
//	workeruuid  UUID              number
//	block       seq, number, type when the worker was blocked in the job
//	inrow       seq, number, type how many tasks it failed since it last completed one
//	frame       seq, page         what each frame cost, of 32 neighbours
//	framecost   seq               what the frames of the job cost as a whole
//	tag         id                name, description
//	audit       seq, n            who did what to the job, the last 200 times
//	workeraudit number, n         likewise to the worker
//
// Every value is ver | payload | crc32c over bucket, key, ver and payload. A
// task's id is derived from the job's UUID and the index (ids.go) and needs no
// bucket.
//
// Whatever changes the bytes of a record, or what a number in it means, makes a
// new layout of the file, and is a migration: migrate.go.
//
// # Writing
//
// One goroutine, the writer, runs all operations given to Update one after the
// other against an index in memory (index.go), which is private to it. What they
// want written is collected, written in one commit, and synced; then they are
// answered. While it syncs, the next group queues up: there is no timer, and one
// sync serves hundreds of operations. A failed commit, and an operation that
// breaks a rule, end the process: see writer.go. A crash at any moment leaves the
// file as of the last commit, and everything that was answered in it.
//
// # Reading
//
// View reads the file, never the index, and begins behind a commit that is under
// way: nothing is read that a power cut could take back.
//
// # Damage
//
// A file whose pages make no sense is refused (pages.go). A damaged record is found by
// its checksum, by whoever reads it and by Verify (verify.go), and the rest goes on:
// the start makes good what belongs to no single job (repair.go), a running store what
// it meets (heal.go), and a job that cannot do without its record is in quarantine
// (quarantine.go). Backups are made without what is damaged (salvage.go).
//
// # Scheduling
//
// What decides which task a worker gets is package scheduler, which knows nothing
// of the file. The index holds one and tells it of every job, task and worker, at
// the start (load.go) and with every change (tx.go, txjob.go, txworker.go).
// schedule.go asks it, and turns its answers into the handles that callers hold:
// Job, Task and Worker. Store.Check proves that it is what a rebuilt one would be.
package store
