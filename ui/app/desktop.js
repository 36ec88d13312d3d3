// Notifications of the browser itself, when a job is over. It asks for permission only when
// somebody switches them on, and tells only while a page of the farm is open.
import { on, unseen } from './live.js';
import { APP } from './address.js';
import { word } from './format.js';

const SWITCH = 'farm.tell', MINE = 'farm.mine', KEPT = 200;

const read = (key, otherwise) => {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? otherwise;
  } catch {
    return otherwise; // no storage, or not ours
  }
};
const keep = (key, value) => {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch { /* it lasts as long as the page */ }
};

// wish is which jobs somebody wants to be told of: '' none, 'mine' those submitted in this
// browser, 'all'.
export const wish = () => read(SWITCH, '');

// allowed says whether the browser lets this page notify: '' if it cannot at all.
export const allowed = () => ('Notification' in window && window.isSecureContext ? Notification.permission : '');

// want switches notifications on or off, and returns what is in effect.
export async function want(which) {
  if (which && allowed() === 'default') await Notification.requestPermission();
  keep(SWITCH, allowed() === 'granted' ? which : '');
  return wish();
}

// submitted remembers that a job was submitted in this browser.
export const submitted = (job) => keep(MINE, [...read(MINE, []).slice(-KEPT), job]);

// A page that nobody sees lets go of its stream, unless it is to tell of jobs.
unseen.needed = () => Boolean(wish()) && allowed() === 'granted';

const over = new Map(); // jobs whose end was heard of, and how they ended

on((name, event) => {
  if (name !== 'job' || !event.previous_status || event.status === event.previous_status) return;
  if (!['completed', 'failed'].includes(event.status)) {
    over.delete(event.id); // it was begun again
    return;
  }
  if (over.get(event.id) === event.status) return; // the same once more
  if (over.size > KEPT) over.clear();
  over.set(event.id, event.status);
  const which = wish();
  if (!which || allowed() !== 'granted' || (which === 'mine' && !read(MINE, []).includes(event.id))) return;
  const note = new Notification(event.name ?? 'A job', { body: `The job is ${word(event.status)}.`, tag: `${event.id} ${event.status}`, icon: `${APP}icon.png` });
  note.onclick = () => {
    window.focus();
    location.href = `${APP}jobs/${event.id}`;
  };
});
