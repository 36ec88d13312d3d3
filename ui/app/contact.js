// The contact sheet: every frame that is rendered as a small picture, as it arrives.
import { forget, later } from './budget.js';
import { useComments } from './comments.js';
import { html, memo, useEffect, useRef, useState } from './lib.js';
import { described, ranges } from './frames.js';
import { Fold } from './parts.js';
import { useAddress } from './router.js';
import { Viewer, pictureOf, shows } from './viewer.js';
import { word } from './format.js';

const MOST = 240; // pictures on a sheet

export function Contact(its) {
  return html`<${Fold} title="Contact sheet" open><${Sheet} ...${its} /></${Fold}>`;
}

function Sheet({ job, frames, wanted, choose, fps }) {
  const [from, setFrom] = useState(0);
  const [shown, setShown] = useState(''); // frames may come in between
  const open = shown ? frames.findIndex((f) => keyOf(f) === shown) : -1;
  const setOpen = (i) => setShown(i < 0 ? '' : keyOf(frames[i]));
  const clicked = useRef(-1);
  const show = (number) => {
    const i = number ? frames.findIndex((f) => f.frame === Number(number) && shows(f)) : -1;
    setOpen(i);
    return i >= 0 || !number;
  };
  useAddress('frame', String(frames[open]?.frame ?? ''), show, { ready: frames, also: ['compare'] });
  const comments = useComments(job);
  const those = frames.slice(from, from + MOST);
  const toggle = (event, i) => { // with Shift all from the last one
    const { frame } = frames[i], last = clicked.current;
    clicked.current = i;
    if (event.shiftKey && last >= 0) choose(ranges([...wanted, ...frames.slice(Math.min(last, i), Math.max(last, i) + 1)]));
    else choose(ranges(wanted.has(frame) ? [...wanted].filter((n) => n !== frame) : [...wanted, frame]));
  };
  const does = useRef({}).current; // stays the same, so that what does not change is not drawn again
  Object.assign(does, { toggle, setOpen });
  return html`<ul class="contact">${those.map((f, i) => html`<${Item} key=${keyOf(f)} frame=${f} at=${from + i} chosen=${wanted.has(f.frame)} comments=${comments.of(f.frame)} does=${does} />`)}</ul>
    ${frames.length > MOST && html`<div class="actions"><button type="button" disabled=${from === 0} onClick=${() => setFrom(Math.max(0, from - MOST))}>‹ Earlier</button>
      <button type="button" disabled=${from + MOST >= frames.length} onClick=${() => setFrom(from + MOST)}>Later ›</button></div>`}
    ${open >= 0 && html`<${Viewer} job=${job} comments=${comments} frames=${frames} at=${open} go=${setOpen} fps=${fps} />`}`;
}

const Item = memo(({ frame: f, at, chosen, comments, does }) => html`<li class=${`frame ${chosen ? 'wanted' : ''}`} data-status=${f.status}>
      <${Thumb} frame=${f} open=${() => does.setOpen(at)} /><${Said} comments=${comments} />
      <label class=${f.warns ? 'bad' : 'quiet'} title=${described(f)}><input type="checkbox" checked=${chosen} onClick=${(event) => does.toggle(event, at)} aria-label=${`Choose frame ${f.frame}`} /> ${f.frame}</label></li>`);

const keyOf = (f) => `${f.task_id} ${f.frame}`;

// Said is the tags of the comments on a frame.
function Said({ comments }) {
  if (comments.length === 0) return null;
  return html`<span class="said" title=${comments.map((c) => c.text).join('\n').slice(0, 1000)}>${comments.map((c) => c.tag || 'comment').join(', ').slice(0, 60)}</span>`;
}

function Thumb({ frame: f, open }) {
  const [gone, setGone] = useState(false);
  const now = shows(f) ? pictureOf(f, 'small') : '';
  const [src, setSrc] = useState(now);
  useEffect(() => {
    if (now === src) return undefined;
    const put = () => {
      setGone(false);
      setSrc(now);
    };
    if (now) later(`frame ${f.task_id} ${f.frame}`, put); // those that arrive take their turn
    else put();
    return () => forget(`frame ${f.task_id} ${f.frame}`);
  }, [now]);
  if (!src || gone) return html`<span class="picture"><span class="hint">${gone ? 'not in the storage' : word(f.status)}</span></span>`;
  return html`<button type="button" class="picture" aria-label=${`Frame ${f.frame}, larger`} onClick=${open}><img loading="lazy" src=${src} alt="" onError=${() => setGone(true)} /></button>`;
}
