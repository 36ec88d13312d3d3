// The calls for submitting from the browser.
import { own } from './api.js';

const id = encodeURIComponent;

// folder lists a folder of the shared storage: {path, entries: [{name, folder, size, modified}], more}.
export const folder = (path) => own('GET', `storage?${new URLSearchParams({ path })}`);

// begin begins with a file of the storage, {path}, or with one that is sent next out of a
// folder, {name, files: [{path, size}]}: {id, name, store}.
export const begin = (file) => own('POST', 'submissions', file);

// needs says what is to be sent of the folder: {send: [path], first, needed, bytes}. With
// first, these have to be looked into before it is known what else is needed.
export const needs = (submission) => own('POST', `submissions/${id(submission)}/needs`);

// check says what the job would be: {name, settings, missing, more, notes}.
export const check = (submission, options) => own('POST', `submissions/${id(submission)}/check`, options);

export const submit = (submission, options) => own('POST', `submissions/${id(submission)}/submit`, options);
export const discard = (submission) => own('DELETE', `submissions/${id(submission)}`);

// source is the script of a job type: {name, file, source}.
export const source = (type) => own('GET', `jobtypes/${id(type)}/source`);
