// The priority of a job in its list: a number that is dragged up or down, or changed by
// Alt and an arrow, or typed after a click.
import { html, useRef, useState } from './lib.js';
import { prioritize, setPriority } from './jobtools.js';

const STEP = 5; // pixels of one
const LONG = 400; // milliseconds after an answer by which its event has arrived

const within = (value) => Math.max(0, Math.min(100, value));

export function Priority({ job }) {
  const [soon, setSoon] = useState(null); // what it is about to be
  const drag = useRef(null);
  const at = (event) => within(drag.current.from + Math.round((drag.current.y - event.clientY) / STEP));
  const down = (event) => {
    if (event.button !== 0) return;
    drag.current = { y: event.clientY, from: job.priority };
    event.currentTarget.setPointerCapture(event.pointerId);
  };
  const move = (event) => drag.current && setSoon(at(event));
  const up = async (event) => {
    if (!drag.current) return;
    const value = at(event), moved = Math.abs(event.clientY - drag.current.y) > 2;
    drag.current = null;
    if (!moved) prioritize([job]);
    else if (value !== job.priority) await setPriority([job], value);
    setTimeout(() => setSoon(null), LONG); // where the farm said no, its own number shows again
  };
  const cancel = () => {
    drag.current = null;
    setSoon(null);
  };
  return html`<button type="button" class="plain priority" tabindex="-1" title="Drag up or down, or click to type" aria-label=${`Priority ${job.priority} of ${job.name.slice(0, 80)}`}
    onPointerDown=${down} onPointerMove=${move} onPointerUp=${up} onPointerCancel=${cancel}>${soon ?? job.priority}</button>`;
}

// priorityKey changes the priority of the job whose row has the focus, by one, with Shift
// by ten. It returns whether the key was for it.
export function priorityKey(event, at) {
  const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
  const row = event.target.closest('tr[data-index]');
  const job = row && at(Number(row.dataset.index));
  if (!by || !event.altKey || event.ctrlKey || event.metaKey || !job) return false;
  event.preventDefault();
  const value = within(job.priority + by * (event.shiftKey ? 10 : 1));
  if (value !== job.priority) setPriority([job], value);
  return true;
}
