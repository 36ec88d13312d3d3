// The calls for submitting from the browser.
import { own, OWN, Refusal } from './api.js';

const id = encodeURIComponent;

// folder lists a folder of the shared storage: {path, entries: [{name, folder, size, modified}], more}.
export const folder = (path) => own('GET', `storage?${new URLSearchParams({ path })}`);

// begin begins with a file of the storage, {path}, or with one that is sent next, {name, size}: {id, name}.
export const begin = (file) => own('POST', 'submissions', file);

// check says what the job would be: {name, settings, missing, more, notes}.
export const check = (submission, options) => own('POST', `submissions/${id(submission)}/check`, options);

export const submit = (submission, options) => own('POST', `submissions/${id(submission)}/submit`, options);
export const discard = (submission) => own('DELETE', `submissions/${id(submission)}`);

// source is the script of a job type: {name, file, source}.
export const source = (type) => own('GET', `jobtypes/${id(type)}/source`);

// send sends the file of a submission and tells how far it is, from 0 to 1. It returns
// {done, cancel}: a promise, and what breaks it off.
export function send(submission, file, progress) {
  const request = new XMLHttpRequest(); // fetch does not tell how much is sent
  const done = new Promise((resolve, refuse) => {
    request.open('PUT', `${OWN}submissions/${id(submission)}/file`);
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    request.upload.onprogress = (event) => progress(event.loaded / (event.total || 1));
    request.onload = () => (request.status < 300 ? resolve() : refuse(new Refusal(request.status, says(request))));
    request.onerror = () => refuse(new Refusal(0, 'The connection broke off. Send the file again.'));
    request.onabort = () => refuse(new Refusal(0, ''));
    request.send(file);
  });
  return { done, cancel: () => request.abort() };
}

function says(request) {
  try {
    return JSON.parse(request.responseText).message;
  } catch {
    return `The manager answered ${request.status} ${request.statusText}.`;
  }
}
