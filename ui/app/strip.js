// Drawing a strip of frames. A frame is a bar; where there are more frames than pixels,
// a bar is the worst and slowest of its frames.

const LEAST = 6; // pixels of a bar

// rank says which of several states a bar shows.
const rank = ['failed', 'soft-failed', 'active', 'canceled', 'paused', 'queued', 'completed'];

// draw paints frames, and marks the chosen ones.
export function draw(canvas, frames, wanted) {
  const style = getComputedStyle(canvas);
  const known = new Map();
  const colour = (name) => known.get(name) ?? known.set(name, style.getPropertyValue(name).trim()).get(name);
  const scale = devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const pen = canvas.getContext('2d');
  pen.scale(scale, scale);
  const times = frames.map((f) => f.result?.wall_ms ?? 0).filter(Boolean).sort((a, b) => a - b);
  const tallest = times[Math.floor(times.length * 0.98)] || 1; // one very slow frame does not flatten the others
  const bars = Math.min(frames.length, Math.floor(width / 2));
  for (let b = 0; b < bars; b++) {
    const from = Math.floor((b * frames.length) / bars), to = Math.max(from + 1, Math.floor(((b + 1) * frames.length) / bars));
    const those = frames.slice(from, to);
    const worst = those.reduce((a, f) => (rank.indexOf(f.status) < rank.indexOf(a.status) ? f : a));
    const time = Math.max(...those.map((f) => f.result?.wall_ms ?? 0));
    const tall = time ? LEAST + (height - LEAST - 4) * Math.min(1, time / tallest) : LEAST;
    const x = (b * width) / bars, w = Math.max(1, width / bars - (width / bars > 3 ? 1 : 0));
    if (those.some((f) => wanted.has(f.frame))) {
      pen.fillStyle = colour('--accent-soft');
      pen.fillRect(x, 0, width / bars + 0.5, height);
    }
    pen.fillStyle = colour(`--s-${state(worst.status)}`);
    pen.fillRect(x, height - tall, w, tall);
  }
}

const state = (status) => ({ 'soft-failed': 'paused', active: 'active', completed: 'completed', failed: 'failed', canceled: 'canceled', paused: 'paused' }[status] ?? 'queued');

// frameAt is the index of the frame at a place of the window.
export function frameAt(canvas, frames, x) {
  const box = canvas.getBoundingClientRect();
  return Math.max(0, Math.min(frames.length - 1, Math.floor(((x - box.left) / box.width) * frames.length)));
}
