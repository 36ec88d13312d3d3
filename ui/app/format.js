// What numbers, times and statuses look like to people.

// How far the manager's clock is ahead of this computer's, in milliseconds.
let ahead = 0;

// clockOf takes the manager's time from the Date header of an answer: "5 seconds
// ago" must be right on a computer whose clock is not.
export function clockOf(header) {
  const theirs = Date.parse(header ?? '');
  // Headers have whole seconds: a difference below that says nothing.
  if (!Number.isNaN(theirs)) ahead = Math.abs(theirs - Date.now()) < 2000 ? 0 : theirs - Date.now();
}

export const now = () => Date.now() + ahead;

const MINUTE = 60_000, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

// ago says how long ago a time is, in few letters. Years before 2000 are the
// protocol's way to say never.
export function ago(time, at = now()) {
  const then = Date.parse(time ?? '');
  if (Number.isNaN(then) || then < Date.UTC(2000)) return 'never';
  const passed = at - then;
  if (passed < 5000) return 'just now';
  if (passed < MINUTE) return `${Math.floor(passed / 5000) * 5} s ago`;
  if (passed < HOUR) return `${Math.floor(passed / MINUTE)} min ago`;
  if (passed < DAY) return `${Math.floor(passed / HOUR)} h ago`;
  if (passed < 14 * DAY) return `${Math.floor(passed / DAY)} d ago`;
  return new Date(then).toISOString().slice(0, 10);
}

// exactly gives a time in full, as the people of this place write it.
export function exactly(time) {
  const then = new Date(time ?? '');
  return Number.isNaN(then.valueOf()) || then.valueOf() < Date.UTC(2000) ? '' : then.toLocaleString();
}

// between gives the two times within which something is expected, "14:05–14:20", each
// with its day unless that is today: in less than a week, "Tue 00:05".
export function between(earliest, latest, at = now()) {
  const two = (n) => String(n).padStart(2, '0');
  const day = (time) => `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const [first, last] = [earliest, latest].map((given) => {
    const time = new Date(given);
    const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
    if (day(time) === day(new Date(at))) return clock;
    return `${Math.abs(time - at) < 6 * DAY ? time.toLocaleDateString('en', { weekday: 'short' }) : day(time)} ${clock}`;
  });
  return first === last ? first : `${first}–${last}`;
}

// remaining says how long it is until two times, as a range: "3–8 min", "1.5–2 h".
export function remaining(earliest, latest, at = now()) {
  const [least, most] = [earliest, latest].map((time) => Math.max(0, (Date.parse(time) - at) / 1000));
  if (most < 60) return 'under a minute';
  const [[a, of], [b, unit]] = [least, most].map((s) => {
    const [by, name, digits] = s < 100 * 60 ? [60, 'min', 0] : s < 48 * 3600 ? [3600, 'h', 1] : [86_400, 'days', 1];
    return [(s / by).toLocaleString('en', { maximumFractionDigits: digits }), name];
  });
  if (a === '0') return `up to ${b} ${unit}`;
  return of !== unit ? `${a} ${of}–${b} ${unit}` : `${a === b ? a : `${a}–${b}`} ${unit}`;
}

// pace gives frames per hour, as they are, in few digits.
export const pace = (rate) => `${rate.toLocaleString('en', { maximumFractionDigits: rate < 10 ? 1 : 0 })} frames/h`;

// percent gives progress in whole percent: 100 only when all is done.
export function percent(done, total) {
  if (!(total > 0)) return 0;
  return Math.max(0, Math.min(100, Math.floor((100 * done) / total)));
}

// bytes gives a size the way file managers do.
export function bytes(n) {
  if (n < 1000) return `${n} B`;
  if (n < 1000_000) return `${(n / 1000).toFixed(1)} kB`;
  if (n < 1000_000_000) return `${(n / 1000_000).toFixed(1)} MB`;
  return n < 1e12 ? `${(n / 1e9).toFixed(n < 1e10 ? 1 : 0)} GB` : `${(n / 1e12).toFixed(1)} TB`;
}

// seconds gives how long something took, in few letters.
export function seconds(s) {
  if (s < 100) return `${s.toFixed(s < 10 ? 1 : 0)} s`;
  return s < 6000 ? `${Math.round(s / 60)} min` : `${(s / 3600).toFixed(1)} h`;
}

// count gives a number with its noun: "1 step", "25 steps".
export function count(n, noun) {
  return `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

// The statuses whose protocol name is not what one would say.
const words = {
  '': 'new',
  'pause-requested': 'pausing',
  'cancel-requested': 'canceling',
  'under-construction': 'preparing',
  'soft-failed': 'to be retried',
};

// word gives a status of a job, task or worker in one or two words.
export function word(status) {
  return words[status ?? ''] ?? status;
}

// What the statuses of the farm mean.
export const farmMeans = {
  active: 'Workers are busy with a job.',
  idle: 'Workers are ready, and there is nothing to do.',
  waiting: 'There is work, but no worker is awake for it.',
  asleep: 'All workers are asleep, and there is nothing to do.',
  inoperative: 'No worker is connected.',
};

// text writes any JSON value: strings as they are, lists an item a line.
export function text(value) {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.length > 0) return value.map(text).join('\n');
  return JSON.stringify(value);
}
