// Requests that nobody waits for: an open page makes at most one of them in PAUSE, however
// much happens on the farm, and none while it is hidden. What a user asks for is not held
// back here.
const PAUSE = 1000; // milliseconds

const wanted = new Map(); // what is asked for next, by what it brings up to date
let last = -PAUSE, timer = 0;

// later runs fn when its turn comes. One that waits for the same key is replaced in
// its place.
export function later(key, fn) {
  wanted.set(key, fn);
  schedule();
}

// forget takes back what nobody needs any more.
export const forget = (key) => wanted.delete(key);

function schedule() {
  if (timer || wanted.size === 0 || document.hidden) return;
  timer = setTimeout(run, Math.max(0, last + PAUSE - performance.now()));
}

async function run() {
  const next = wanted.entries().next().value;
  if (next) {
    wanted.delete(next[0]);
    last = performance.now();
    try {
      await next[1]();
    } catch {
      // The connection is lost, which the page shows: what it shows is fetched again when it is back.
    }
  }
  timer = 0;
  schedule();
}

document.addEventListener('visibilitychange', schedule);
