// Package scheduler decides which task a worker gets next, and says why one gets
// none. It lives in memory, reads no clock and does no I/O: whoever owns it (the
// writer of package store) tells it of every job, task and worker, and of every
// change, in the same order in which they are stored. One goroutine may use it
// at a time.
//
// # What it is told
//
//   - Of a job: its Plan, which never changes (types, priorities and needs of
//     its tasks), and its Terms: whether its tasks are handed out, its priority,
//     its tag. See SetTerms.
//   - Of a task: its status and who failed it. See SetTask. And who completed
//     it, and whose failures came in a row, which it only counts: see Results.
//   - Of a worker: which types it takes, which tags it carries, whether it is
//     awake. See SetWorker. And who is blocked from what. See Block.
//
// # How a task is chosen
//
// A task may be handed to a worker if all conditions hold (conditions.go): its
// job runs; the task waits, and all that it needs is completed; the worker takes
// its type, carries its job's tag, is not blocked from it, and has not failed it
// while somebody else who is awake could do it; and one with a mirror of the storage
// leaves what reads many files to those that have the storage (gather.go). Of those, Pick returns the best:
//
//  1. the highest job priority,
//  2. then the highest task priority,
//  3. then the oldest job,
//  4. then the least index in the job's plan.
//
// A worker may also ask for its next task while it works on one: it gets what Pick
// returns if that is of the same job and type, and the task is active from then on. As
// long as it was not begun, Suits and Precedes say whether it should go to somebody else,
// or wait for a better one.
//
// Nobody goes through tasks to find that one. The conditions are kept instead,
// each where it is cheap:
//
//   - Each job has one counter per list of needs (needs.go): how many of the
//     needed tasks are not completed. When it reaches zero, the tasks with that
//     list become runnable. A video that needs 100,000 frames is one list with
//     one counter.
//   - Each job has one bitmap of its runnable tasks (bitmap.go), ordered by type,
//     then priority, then index: the first bit of a type is the best task of it.
//   - Each pair of tag and task type that is in use has one queue (queue.go): the
//     jobs with runnable tasks of that type and that tag, best first.
//   - Each queue counts its capacity (worker.go): how many workers could be given
//     its tasks, and how many of them are awake.
//   - What else keeps tasks from a worker is the same for all tasks with the same past:
//     who failed them and whether for want of memory, who is blocked from them, and
//     whether they read what many others made. The runnable tasks of a job that have it in
//     common are a lot of the job (lot.go), and the lots of a queue that do are a group
//     (group.go), best first.
//
// So Pick looks at the groups of each queue that fits the worker, the one with the best
// task first. One task says of the whole group whether the worker may have it, and the
// first one that it may have is the best.
//
// # What it costs
//
//	Pick        tags x types of the worker, however many jobs and tasks wait, plus each
//	            group past which it has to look: different sets of workers that failed
//	            tasks or are blocked, however many jobs and tasks they have in common
//	SetTask     log64(tasks), plus log(jobs) where the job's best task changes,
//	            plus each task that becomes runnable
//	SetTerms    types of the job, and its lots, x log(jobs)
//	SetWorker   tags x types of the worker, where they or its being awake change
//	memory      about 1.2 bytes a task, and less than 1,000 for a job and its places
//
// Benchmarks with 10^6 tasks and with 1,000 kinds of workers are beside it.
//
// # Why not
//
// Obstacle returns the first condition that keeps one task from one worker.
// Demands, Match, JobsAhead, FirstUnready and Mismatch (inquiry.go) answer the
// same for whole jobs and workers from what is kept, at a cost that does not grow
// with the number of tasks.
//
// # That it is right
//
// Everything here follows from what it was told, so one that is told the same
// from the beginning is the same: Compare says where two differ, and
// store.Store.Check compares the one that runs with one made of the database.
package scheduler
