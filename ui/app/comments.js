// What people write about a frame.
import * as api from './api.js';
import { html, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { Time } from './parts.js';

// useComments is all comments of a job: of(frame) returns those on a frame.
export function useComments(job) {
  const { data, load } = useLive(`comments ${job}`, () => api.comments(job), { wakes: (name, event) => name === 'comments' && event.job_id === job });
  const by = new Map();
  for (const c of data ?? []) by.set(c.frame, [...(by.get(c.frame) ?? []), c]);
  return { of: (frame) => by.get(frame) ?? none, load };
}

const none = [];

export function Comments({ job, frame, comments }) {
  const [busy, setBusy] = useState(false);
  const change = async (what) => {
    setBusy(true);
    try {
      await what();
      await comments.load();
      return true;
    } catch (problem) {
      tell(problem.message);
      return false;
    } finally {
      setBusy(false);
    }
  };
  const add = async (event) => {
    event.preventDefault();
    const form = event.currentTarget, given = new FormData(form);
    if (await change(() => api.addComment(job, { frame, text: given.get('text'), tag: given.get('tag') }))) form.reset();
  };
  const mine = comments.of(frame);
  return html`<div class="comments">${mine.length > 0 && html`<ul>${mine.map((c) => html`<li key=${c.id}>${c.tag && html`<strong>${c.tag}</strong>`}<span class="said">${c.text}</span>
      <span class="quiet">${c.by.name || c.by.address} · <${Time} of=${c.time} /></span>
      <button type="button" class="plain" aria-label=${`Remove the comment “${c.text.slice(0, 40)}”`} onClick=${() => change(() => api.deleteComment(job, c.id))}>×</button></li>`)}</ul>`}
    <form onSubmit=${add}><input name="text" required maxlength="1000" placeholder="Comment on this frame …" aria-label=${`Comment on frame ${frame}`} />
      <input name="tag" maxlength="40" size="8" placeholder="Tag" aria-label="Tag of the comment" list="comment-tags" /><datalist id="comment-tags"><option value="redo" /><option value="approved" /><option value="question" /></datalist>
      <button disabled=${busy}>Comment</button></form></div>`;
}
