// The last rendered image, of the farm or of one job.
import { APP, placed } from './address.js';
import * as api from './api.js';
import { el, setAttr, setText, show } from './dom.js';
import { card } from './parts.js';

// Picture is a frame of a fixed shape, so that nothing moves when the first
// image arrives.
export class Picture {
  // size is the part of the name that tells the wanted size from the others.
  constructor(hint, size = 'last-rendered.jpg') {
    this.size = size;
    this.image = el('img', { alt: '', hidden: true });
    this.hint = el('span', { class: 'hint' }, hint);
    this.node = el('a', { class: 'picture', target: '_blank', rel: 'noopener' }, this.image, this.hint);
    this.wanted = null;
    this.loading = false;
    this.cleared = 0; // how often there was no image any more: what is being loaded then is not shown
  }

  // update shows the preview that is described as in the protocol, {base,
  // suffixes}, or the hint for null. Of many in a hurry, some are left out.
  update(info, alt = '') {
    this.wanted = info && { base: placed(info.base), suffixes: info.suffixes, alt };
    if (!info) {
      this.cleared++;
      show(this.image, false);
      show(this.hint, true);
      setAttr(this.node, 'href', null);
    } else if (!this.loading) {
      this.load();
    }
  }

  // load replaces the image when the new one is ready to be seen: no flicker.
  async load() {
    this.loading = true;
    while (this.wanted) {
      const { base, suffixes, alt } = this.wanted;
      const { cleared } = this;
      this.wanted = null;
      const changed = Date.now(); // the same file changes with each frame
      const address = `${base}/${suffixes.find((name) => name.includes(this.size)) ?? suffixes[0]}?${changed}`;
      const image = new Image();
      image.src = address;
      try {
        await image.decode();
      } catch {
        continue; // replaced while it was read, or gone: the next event brings another
      }
      if (this.wanted === null && cleared === this.cleared) this.put(address, `${base}/${suffixes[0]}?${changed}`, alt);
    }
    this.loading = false;
  }

  put(address, whole, alt) {
    setAttr(this.image, 'src', address);
    setAttr(this.image, 'alt', alt);
    setAttr(this.node, 'href', whole);
    show(this.image, true);
    show(this.hint, false);
  }
}

// LastRendered is the last image of the whole farm, with the job it is of.
export class LastRendered {
  constructor(farm) {
    this.farm = farm;
    this.picture = new Picture('The last rendered image appears here');
    this.link = el('a');
    this.caption = el('p', { class: 'caption', hidden: true }, this.link);
    this.node = card('Last rendered', { class: 'last' }, this.picture.node, this.caption);
    farm.on('image', (event) => this.update({ ...event.thumbnail, job: event.job_id }));
    farm.on('fresh', (all) => all && this.fetch());
    farm.on('jobs', () => this.name());
  }

  async fetch() {
    try {
      this.update(await api.lastRendered());
    } catch {
      // The notice about the jobs, which were fetched with it, says enough.
    }
  }

  update(info) {
    this.job = info && (info.job ?? jobOf(info.base));
    this.picture.update(info, 'The last rendered image of the farm');
    this.name();
  }

  name() {
    const job = this.farm.jobs.get(this.job);
    show(this.caption, Boolean(job));
    if (!job) return;
    setText(this.link, job.name);
    setAttr(this.link, 'href', `${APP}jobs/${job.id}`);
  }
}

// jobOf finds a job's id in the address of its previews, whose last folder it is.
function jobOf(base) {
  return base.split('/').at(-1);
}
