// What this page knows of the farm: all jobs and workers, kept up to date by
// the stream of events. The parts of the page read it and listen to it:
//
//	status      the farm's status, name, version or the connection changed
//	jobs        jobs changed
//	workers     workers changed
//	job         detail: the protocol's event of one job, as it happens
//	task, log   detail: likewise, of the job and the task that are followed
//	image       detail: a job has a new preview
//	fresh       detail: true if everything must be fetched again; else what is
//	            followed has changed, and its events are complete from now on
import * as api from './api.js';
import { Stream } from './stream.js';
import { soon } from './dom.js';

// Workers are asked one by one what they are doing: the list of workers does
// not say it. This is how many at a time, and how long to wait, in
// milliseconds, between two rounds: the more workers, the longer.
const ASKING = 4;
const ASK_ANYWAY = 20_000; // even if nothing happens: a worker that idles is still seen
const askPause = (workers) => Math.max(1000, 50 * workers);

export class Farm extends EventTarget {
  constructor() {
    super();
    this.jobs = new Map(); // by id; those of events lack what events do not tell
    this.workers = new Map(); // by id, with what asking them added
    this.status = '';
    this.version = null;
    this.connected = false;
    this.loaded = false; // the first fetch is done
    this.held = null; // events that came in while fetching
    this.changed = true; // something happened since workers were asked why they idle
    this.jobsChanged = soon(() => this.say('jobs'));
    this.workersChanged = soon(() => this.say('workers'));
    this.ask = soon(() => this.askWorkers(), () => askPause(this.workers.size));
    this.watchesWorkers = true; // whether the page shows what workers are doing
    setInterval(this.ask, ASK_ANYWAY);
    this.stream = new Stream({
      event: (name, data) => this.take(name, data),
      fresh: (all) => this.fresh(all),
      connected: (yes) => this.setConnected(yes),
    });
  }

  say(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // on calls fn with the detail of every event of a name.
  on(name, fn) {
    this.addEventListener(name, (event) => fn(event.detail));
  }

  // follow makes the events of a job's tasks and of a task's log arrive too.
  follow(job, task) {
    this.stream.follow(job, task);
  }

  setConnected(yes) {
    this.connected = yes;
    this.say('status');
    if (yes) this.checkVersion();
  }

  // A manager that was updated brings a new page with it.
  async checkVersion() {
    try {
      const version = await api.version();
      const was = this.version;
      if (was && was.version !== version.version) location.reload();
      this.version = version;
      this.say('status');
    } catch {
      // The connection is gone again: the next one asks anew.
    }
  }

  async fresh(all) {
    if (all) {
      try {
        await this.load();
      } catch (error) {
        this.say('trouble', error);
      }
    }
    this.say('fresh', all);
  }

  // load fetches everything. What happens meanwhile is held, and told after.
  async load() {
    const held = this.held = [];
    const [jobs, workers] = await Promise.all([this.fetchJobs(), api.workers()]);
    if (held !== this.held) return; // a later call took over
    this.held = null;
    this.jobs = jobs;
    const old = this.workers;
    this.workers = new Map(workers.map((w) => [w.id, { ...old.get(w.id), ...w, status_change: w.status_change }]));
    this.loaded = true;
    for (const [name, data] of held) this.keep(name, data);
    this.jobsChanged();
    this.workersChanged();
    this.askWorkers();
  }

  async fetchJobs() {
    const all = new Map();
    for await (const page of api.jobs()) {
      // Lists need no settings, which can be long.
      for (const { settings, metadata, ...job } of page) all.set(job.id, job);
    }
    return all;
  }

  take(name, data) {
    this.held?.push([name, data]);
    this.keep(name, data);
    if (name === 'job' || name === 'task' || name === 'log') this.say(name, data);
    else if (name === 'last-rendered') this.say('image', data);
  }

  // keep notes what an event tells; noting it twice does no harm.
  keep(name, data) {
    this.changed = true;
    switch (name) {
      case 'hello':
      case 'status':
        if (!data.status) return;
        this.status = data.status;
        return this.say('status');
      case 'job':
        this.keepJob(data);
        this.jobsChanged();
        return this.ask();
      case 'worker':
        if (data.deleted_at) this.workers.delete(data.id);
        else this.workers.set(data.id, { ...this.workers.get(data.id), ...data, status_change: data.status_change, unable: data.unable, in_use: data.in_use });
        this.workersChanged();
        return this.ask();
    }
  }

  keepJob(data) {
    if (data.was_deleted) {
      this.jobs.delete(data.id);
      return;
    }
    // A job that is new to us was made just now: its first event says when.
    this.jobs.set(data.id, { created: data.updated, ...this.jobs.get(data.id), ...data });
  }

  // askWorkers asks the workers that are there what they are doing, and those
  // never asked for the rest of what their details say.
  async askWorkers() {
    if (document.hidden || this.asking || !this.watchesWorkers) return;
    this.asking = true;
    const whys = this.changed;
    this.changed = false;
    const asked = [...this.workers.values()]
      .filter((w) => !w.supported_task_types || w.status === 'awake' || w.status === 'asleep');
    const one = async () => {
      for (let w = asked.pop(); w; w = asked.pop()) {
        try {
          const detail = await api.worker(w.id);
          const { status_change, task, unable, in_use } = detail; // may be missing, which means there is none
          const idle = task?.status !== 'active' && ['awake', 'asleep'].includes(detail.status);
          const why = idle && (whys || !w.why) ? await api.why('workers', w.id) : idle ? w.why : null;
          if (this.workers.has(w.id)) this.workers.set(w.id, { ...this.workers.get(w.id), ...detail, status_change, task, unable, in_use, why });
        } catch {
          return; // deleted meanwhile, or the connection is lost: the next round asks again
        }
      }
    };
    await Promise.all(Array.from({ length: ASKING }, one));
    this.asking = false;
    this.workersChanged();
  }
}
