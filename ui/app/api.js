// The calls that this page makes: of the v3 protocol, and a few that only Farm has.
import { ROOT, placed } from './address.js';
import { clockOf } from './format.js';

export const BASE = `${ROOT}api/v3/`;
export const OWN = `${ROOT}api/farm/`;

// Refusal is an answer that says no; its message is the manager's own sentence.
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// call makes a request and returns the JSON of the answer, null if it has none.
async function call(method, path, body, base = BASE) {
  const request = { method, headers: {}, cache: 'no-store' };
  if (body !== undefined) {
    request.headers['Content-Type'] = 'application/json';
    request.body = JSON.stringify(body);
  }
  let answer;
  try {
    answer = await fetch(base + path, request);
  } catch {
    throw new Refusal(0, 'The manager does not answer. Is it still running?');
  }
  clockOf(answer.headers.get('Date'));
  if (answer.status === 401) location.reload(); // the farm has another key, or one now: the manager answers with a page to sign in
  if (!answer.ok) throw new Refusal(answer.status, await reason(answer));
  return answer.status === 204 ? null : answer.json();
}

// reason finds the sentence in an answer that says no.
export async function reason(answer) {
  try {
    return (await answer.json()).message || answer.statusText;
  } catch {
    return `The manager answered ${answer.status} ${answer.statusText}.`;
  }
}

const get = (path) => call('GET', path);
export const post = (path, body) => call('POST', path, body);
export const own = (method, path, body) => call(method, path, body, OWN);
const id = encodeURIComponent;

export const jobTypes = async () => (await get('jobs/types')).job_types ?? [];
export const version = () => get('version');
export const job = (jobID) => get(`jobs/${id(jobID)}`);
export const attempts = async (taskID) => (await own('GET', `tasks/${id(taskID)}/attempts`)).attempts ?? [];
export const task = (taskID) => get(`tasks/${id(taskID)}`);
export const worker = (workerID) => get(`worker-mgt/workers/${id(workerID)}`);
export const workers = async () => (await own('GET', 'workers')).workers ?? [];
export const tags = async () => (await get('worker-mgt/tags')).tags ?? [];
export const files = () => own('GET', 'files');
export const broken = async () => (await own('GET', 'jobtypes/broken')).broken ?? [];
export const costs = (jobID) => own('GET', `jobs/${id(jobID)}/costs`);
export const farmNow = () => own('GET', 'now');
export const findings = () => own('GET', 'findings');
export const workerHistory = (workerID) => own('GET', `workers/${id(workerID)}/history`);
export const output = (jobID, platform) => own('GET', `jobs/${id(jobID)}/output?${new URLSearchParams({ platform })}`);
export const comments = async (jobID) => (await own('GET', `jobs/${id(jobID)}/comments`)).comments ?? [];
export const addComment = (jobID, comment) => own('POST', `jobs/${id(jobID)}/comments`, comment);
export const deleteComment = (jobID, comment) => own('DELETE', `jobs/${id(jobID)}/comments/${comment}`);
export const workerCosts = (workerID) => own('GET', `workers/${id(workerID)}/costs`);
export const audit = (what, itemID) => own('GET', `${what}/${id(itemID)}/audit`);
export const blocklist = async (jobID) => (await get(`jobs/${id(jobID)}/blocklist`)) ?? [];
export const schedule = (workerID) => own('GET', `workers/${id(workerID)}/schedule`);

// frames returns the frames of some tasks of a job, those behind the one with a number:
// {frames, next}.
export const frames = (jobID, after, limit) => own('GET', `jobs/${id(jobID)}/frames?${new URLSearchParams({ after, limit })}`);

// why says why something is not at work: {running, reason, next, details}; what is
// jobs, tasks or workers.
export const why = (what, itemID) => own('GET', `${what}/${id(itemID)}/why`);

// jobs looks for jobs: see searchJobs of the API for the query.
export const jobs = (query) => own('GET', `jobs?${new URLSearchParams(query)}`);

// tasks returns the tasks of a job after the one with a number, at most limit, with one
// of the statuses if there are any.
export async function tasks(jobID, after, limit, statuses = []) {
  const query = new URLSearchParams([['limit', limit], ['after', after], ...statuses.map((s) => ['status', s])]);
  return (await get(`jobs/${id(jobID)}/tasks?${query}`)).tasks ?? [];
}

// lastRendered returns where the previews of a job are, or of the farm without
// a job; null if there are none yet.
export const lastRendered = (jobID) => get(jobID ? `jobs/${id(jobID)}/last-rendered` : 'jobs/last-rendered');

// logInfo says where the log of a task is: {url, size}; null if it has none.
export async function logInfo(taskID) {
  const info = await get(`tasks/${id(taskID)}/log`);
  return info && { ...info, url: placed(info.url) };
}

// ending returns the last bytes of a file of the manager, from the first whole line on.
export async function ending(url, most) {
  const answer = await fetch(url, { headers: { Range: `bytes=-${most}` }, cache: 'no-store' });
  if (answer.status === 416) return ''; // an empty file has no last bytes
  if (!answer.ok) throw new Refusal(answer.status, `The log could not be read: ${answer.statusText}.`);
  const text = await answer.text();
  const cut = answer.status === 206 && !/^bytes 0-/.test(answer.headers.get('Content-Range') ?? '');
  return cut ? text.slice(text.indexOf('\n') + 1) : text;
}

const reasonGiven = 'requested on the web page';

export const setJobStatus = (jobID, status) => call('POST', `jobs/${id(jobID)}/setstatus`, { status, reason: reasonGiven });
export const requeueFailed = (jobID) => own('POST', `jobs/${id(jobID)}/requeue`, { tasks: 'failed', reason: reasonGiven });
export const rerender = (jobID, frames) => own('POST', `jobs/${id(jobID)}/rerender`, { frames, reason: reasonGiven });
export const unblock = (jobID, blocks) => call('DELETE', `jobs/${id(jobID)}/blocklist`, blocks);
export const setJobTag = (jobID, tagID) => call('POST', `jobs/${id(jobID)}/settag`, tagID ? { id: tagID } : {});
export const setJobPriority = (jobID, priority) => call('POST', `jobs/${id(jobID)}/setpriority`, { priority });
export const deleteJob = (jobID) => call('DELETE', `jobs/${id(jobID)}`);
export const setTaskStatus = (taskID, status) => call('POST', `tasks/${id(taskID)}/setstatus`, { status, reason: reasonGiven });
export const setWorkerStatus = (workerID, status, lazy) =>
  call('POST', `worker-mgt/workers/${id(workerID)}/setstatus`, { status, is_lazy: lazy });
export const approveWorker = (workerID) => own('POST', `workers/${id(workerID)}/approve`);
export const deleteWorker = (workerID) => call('DELETE', `worker-mgt/workers/${id(workerID)}`);
export const setWorkerTags = (workerID, tagIDs) => call('POST', `worker-mgt/workers/${id(workerID)}/settags`, { tag_ids: tagIDs });
export const setSchedule = (workerID, schedule) => own('PUT', `workers/${id(workerID)}/schedule`, schedule);
export const removeSchedule = (workerID) => own('DELETE', `workers/${id(workerID)}/schedule`);
export const createTag = (name, description) => call('POST', 'worker-mgt/tags', { name, description });
export const updateTag = (tagID, tag) => call('PUT', `worker-mgt/tag/${id(tagID)}`, tag);
export const deleteTag = (tagID) => call('DELETE', `worker-mgt/tag/${id(tagID)}`);
