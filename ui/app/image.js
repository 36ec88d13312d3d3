// Images as they are rendered.
import { placed } from './address.js';
import * as api from './api.js';
import { later } from './budget.js';
import { on, useLive } from './live.js';
import { html, useEffect, useRef, useState } from './lib.js';
import { Card } from './parts.js';

// Picture is the last image of a job, in a frame of a fixed shape, so that nothing moves
// when the first one arrives. info is what the protocol says of it, {base, suffixes}, or
// null; size is the part of a name that tells the wanted size from the others.
export function Picture({ job, info, alt, size = '-small', hint = 'Its last rendered image appears here' }) {
  const [shown, setShown] = useState(null);
  const wanted = useRef({}).current;
  wanted.show = (given) => show(given, size, wanted, setShown);
  useEffect(() => {
    wanted.job = job;
    setShown(null);
    if (info) wanted.show(info);
    const off = on((name, event) => {
      if (name === 'last-rendered' && event.job_id === job) later(`image ${job}`, () => wanted.show(event.thumbnail));
    });
    return () => {
      wanted.job = null;
      off();
    };
  }, [job, info?.base]);
  const image = shown && html`<img src=${shown.src} alt=${alt} />`;
  return shown ? html`<a class="picture" href=${shown.whole} target="_blank" rel="noopener">${image}</a>`
    : html`<span class="picture"><span class="hint">${hint}</span></span>`;
}

// Thumb is the last image of a job, small, in a list.
export function Thumb({ job }) {
  const [version, setVersion] = useState(job.updated);
  useEffect(() => on((name, event) => {
    if (name === 'last-rendered' && event.job_id === job.id) later(`thumb ${job.id}`, () => setVersion(Date.now()));
  }), [job.id]);
  if (!job.last_rendered) return null;
  const { base, suffixes } = job.last_rendered;
  return html`<img class="thumb" loading="lazy" alt="" src=${`${placed(base)}/${suffixes.find((name) => name.includes('-tiny')) ?? suffixes.at(-1)}?${version}`} />`;
}

// show puts the new image in place when it is ready to be seen: no flicker.
async function show({ base, suffixes }, size, wanted, put) {
  const { job } = wanted;
  const at = (name) => `${placed(base)}/${name}?${Date.now()}`; // the same file changes with each frame
  const image = new Image();
  image.src = at(suffixes.find((name) => name.includes(size)) ?? suffixes[0]);
  try {
    await image.decode();
  } catch {
    return; // replaced while it was read, or gone: the next event brings another
  }
  if (wanted.job === job) put({ src: image.src, whole: at(suffixes[0]) });
}

// LastRendered is the page with the last image of the whole farm.
export function LastRendered() {
  const wakes = (name) => name === 'last-rendered';
  const { data } = useLive('last', newest, { wakes });
  return html`<h1 tabindex="-1" class="unseen">Last rendered</h1>
    <${Card} title=${data?.job ? html`<a href=${`jobs/${data.job.id}`}>${data.job.name}</a>` : 'Last rendered'} kind="last">
      <${Picture} key=${data?.job?.id} job=${data?.job?.id ?? ''} info=${data?.info} size="last-rendered.jpg" alt=${`The last rendered image, of ${data?.job?.name}`}
        hint="The last rendered image of the farm appears here" /></${Card}>`;
}

// newest finds the job of the last image: the folder of its files has its id as its name.
async function newest() {
  const info = await api.lastRendered('');
  if (!info) return {};
  return { info, job: await api.job(info.base.split('/').at(-1)) };
}
