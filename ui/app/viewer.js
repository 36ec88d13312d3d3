// The viewer: a frame as large as there is room. Arrows lead to others, the space bar
// plays the sequence at its speed, and two frames can be compared.
import { ROOT } from './address.js';
import { Comments } from './comments.js';
import { described } from './frames.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './lib.js';
import { useAddress } from './router.js';

const FPS = 24, AHEAD = 12; // frames that are fetched before it is their turn

const at = (f, what) => `${ROOT}api/farm/tasks/${f.task_id}/frames/${f.frame}/${what}`;

// pictureOf is where the picture of a frame is. A frame that is rendered again has another.
export const pictureOf = (f, size) => `${at(f, 'picture')}?${new URLSearchParams({ size, v: f.result?.saved ?? '1' })}`;

// shows says whether the manager can make a picture of the file of a frame.
export const shows = (f) => f.picture;

export function Viewer({ job, comments, frames, at: index, go, fps = FPS }) {
  const dialog = useRef(null);
  const [plays, setPlays] = useState(false);
  const [other, setOther] = useState(null); // the number of the frame that it is compared with
  const seen = frames.filter(shows);
  const f = frames[index];
  useAddress('compare', other === null ? '' : String(other), (number) => {
    if (number && !seen.some((s) => s.frame === Number(number))) return false;
    setOther(number ? Number(number) : null);
    return true;
  }, { ready: frames });
  const with_ = other === null ? null : seen.find((s) => s.frame === other);
  useLayoutEffect(() => {
    dialog.current.showModal();
    dialog.current.focus(); // not a button, which the space bar would press
  }, []);
  const step = (by) => {
    const i = seen.indexOf(f);
    go(frames.indexOf(seen[(i + by + seen.length) % seen.length]));
  };
  useSharp(plays, seen, seen.indexOf(f));
  usePlayer(plays, seen, seen.indexOf(f), fps, (next) => go(frames.indexOf(next)));
  const compare = () => {
    setPlays(false);
    const i = seen.indexOf(f);
    setOther(other === null ? (seen[i - 1] ?? seen[i + 1] ?? f).frame : null);
  };
  const key = (event) => {
    if (event.target.matches('input, textarea, select') && event.key !== 'Escape') return;
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by) step(by);
    else if (event.key === ' ' && event.target.tagName !== 'BUTTON') setPlays(!plays);
    else if (event.key === 'c') compare();
    else return;
    event.preventDefault();
  };
  return html`<dialog ref=${dialog} class="viewer" tabindex="-1" aria-label=${`Frame ${f.frame}`} onClose=${() => go(-1)} onKeyDown=${key}>
    ${with_ ? html`<${Compare} one=${with_} two=${f} />` : html`<img src=${pictureOf(f, plays && !sharp.has(pictureOf(f, 'large')) ? 'small' : 'large')} alt=${described(f)} />`}
    <div class="row"><span class="quiet">${described(f)}</span><span class="spread"></span>
      <button type="button" onClick=${() => step(-1)} aria-label="The frame before">‹</button><button type="button" onClick=${() => step(1)} aria-label="The next frame">›</button>
      <button type="button" onClick=${() => setPlays(!plays)}>${plays ? 'Stop' : 'Play'}</button>
      ${seen.length > 1 && html`<button type="button" aria-pressed=${with_ ? 'true' : 'false'} title="Key c" onClick=${compare}>Compare</button>`}
      ${with_ && html`<select aria-label="Compare with" value=${other} onChange=${(event) => setOther(Number(event.currentTarget.value))}>${seen.map((s) => html`<option key=${s.frame} value=${s.frame}>frame ${s.frame}</option>`)}</select>`}
      <a class="button" href=${at(f, 'file')} download>Save the file</a><button type="button" onClick=${() => dialog.current.close()}>Close</button></div>
    ${!plays && html`<${Comments} key=${f.frame} job=${job} frame=${f.frame} comments=${comments} />`}</dialog>`;
}

// usePlayer goes on to the next frame when its time has come and its picture is there.
function usePlayer(plays, seen, index, fps, show) {
  useEffect(() => {
    if (!plays || seen.length === 0) return undefined;
    const ready = []; // pictures of the frames that are next
    for (let i = 1; i <= Math.min(AHEAD, seen.length - 1); i++) {
      const image = new Image();
      const large = pictureOf(seen[(index + i) % seen.length], 'large');
      image.src = sharp.has(large) ? large : pictureOf(seen[(index + i) % seen.length], 'small');
      ready.push(image);
    }
    const due = performance.now() + 1000 / fps;
    let timer = 0;
    const look = () => {
      if (performance.now() < due || !(ready[0]?.complete ?? true)) timer = requestAnimationFrame(look);
      else show(seen[(index + 1) % seen.length]);
    };
    timer = requestAnimationFrame(look);
    return () => cancelAnimationFrame(timer);
  }, [plays, index]);
}

const sharp = new Set(); // addresses of large pictures that were fetched

// useSharp fetches the large pictures while the small ones play, one after the other, so that
// the sequence is sharp the next time around.
function useSharp(plays, seen, index) {
  const list = useRef(seen);
  list.current = seen;
  useEffect(() => {
    if (!plays) return undefined;
    let over = false;
    const fetch = async () => {
      for (let i = 0; i < list.current.length && !over; i++) {
        const large = pictureOf(list.current[(index + i) % list.current.length], 'large');
        if (sharp.has(large)) continue;
        const image = new Image();
        image.src = large;
        await image.decode().then(() => sharp.add(large), () => {}); // gone, or broken off: the small one stays
      }
    };
    fetch();
    return () => { over = true; };
  }, [plays]);
}

// Compare lays one frame over another, and a slider moves the border between them.
function Compare({ one, two }) {
  const [border, setBorder] = useState(50);
  return html`<div class="compare"><div class="both"><img src=${pictureOf(one, 'large')} alt=${described(one)} />
      <img src=${pictureOf(two, 'large')} alt=${described(two)} style=${{ clipPath: `inset(0 0 0 ${border}%)` }} /></div>
    <label class="row"><span class="quiet">Frame ${one.frame}</span><input type="range" min="0" max="100" value=${border} aria-label=${`Border between frame ${one.frame} and frame ${two.frame}`}
      onInput=${(event) => setBorder(Number(event.currentTarget.value))} /><span class="quiet">Frame ${two.frame}</span></label></div>`;
}
