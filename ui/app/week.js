// A week as half hours, and as the windows that a sleep schedule has.

export const days = ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'];
export const DAY = 48; // half hours

const minutes = (time) => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const clock = (half) => `${String(Math.floor(half / 2)).padStart(2, '0')}:${half % 2 ? '30' : '00'}`;

// cells tells for each half hour of the week whether a window covers it, or a part of it.
// A window that ends before it begins ends on the next day.
export function cells(windows) {
  const asleep = Array(7 * DAY).fill(false);
  for (const w of windows) {
    const from = minutes(w.from || '00:00'), to = minutes(w.to || '24:00');
    const length = to > from ? to - from : 24 * 60 - from + to;
    for (const day of w.days ? w.days.split(' ') : days) {
      const first = days.indexOf(day) * DAY + Math.floor(from / 30), last = days.indexOf(day) * DAY + Math.ceil((from + length) / 30);
      for (let i = first; i < last; i++) asleep[i % asleep.length] = true;
    }
  }
  return asleep;
}

// windowsOf makes windows of half hours; days with the same times share one.
export function windowsOf(asleep) {
  const shared = new Map();
  days.forEach((day, d) => {
    for (let i = 0; i < DAY; i++) {
      if (!asleep[d * DAY + i]) continue;
      const from = i;
      while (i < DAY && asleep[d * DAY + i]) i++;
      const key = `${clock(from)} ${clock(i)}`;
      shared.set(key, [...shared.get(key) ?? [], day]);
    }
  });
  return [...shared].map(([key, on]) => ({ days: on.join(' '), from: key.slice(0, 5), to: key.slice(6) }));
}
