// Package jsjobs loads job types written in JavaScript and, within limits,
// plans the tasks of a job with them.
//
// A job type is a script with a global JOB_TYPE, which says what it is called
// and which settings it asks for, and a global function compileJob(job), which
// adds tasks to the job. Two come with the program (folder scripts); those in
// a folder of the user's are added to them, and replace one with the same
// name. A script that was edited is used in its new form from the next request
// on; one that was not is not parsed again.
//
// The engine is otto, which knows ES5. All of it is hidden here. Newer
// JavaScript is lowered to that by package lower, and what it expects of the
// engine is in shim.js and collections.js. What cannot be said in ES5 at all is
// done inside the engine (inside.go): strict mode (strict.go, none.go),
// generators (coroutine.go), proxies (proxy.go) and typed arrays (typed.go).
//
// Scripts are not trusted to end, to be small or to be right. They run in
// child processes of this program (process.go, run.go; what runs there begins
// in serve.go), which limit themselves: one that computes too long or takes too
// much memory tells so and ends, one that dies without a word is explained by
// its manager, and another is started ahead. Each run has a new VM. A child has
// no files, no network and no environment: the modules that a script requires
// it asks its manager for.
//
// Files are looked at when somebody asks for a job type: for what is unchanged
// that is a few system calls, which also work where the system cannot tell of
// changes, as on network shares.
package jsjobs
