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
// engine is in shim.js and collections.js.
//
// Scripts are not trusted to end, to be small or to be right: each run has a
// new VM, a time limit, a limit on memory growth, call depth, tasks and size
// of commands, and can open no file outside the scripts' folder. What cannot
// be limited inside a process is a single engine operation that takes very
// much memory at once, such as joining an array of a billion elements.
package jsjobs
