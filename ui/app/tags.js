// Tags: which jobs go to which workers.
import * as api from './api.js';
import { change } from './actions.js';
import { html, useState } from './lib.js';
import { useLive } from './live.js';
import { ask } from './notice.js';
import { useWorkers } from './workers.js';
import { count } from './format.js';

export function Tags() {
  const { data: tags, error, load } = useLive('tags', api.tags, { wakes: (name) => name === 'tag' });
  const workers = useWorkers();
  const having = (id) => (workers ?? []).filter((w) => w.tags?.some((tag) => tag.id === id)).length;
  const make = async (event) => {
    event.preventDefault();
    const form = event.currentTarget, given = new FormData(form);
    await change([{ id: '', name: given.get('name') }], 'tag', () => api.createTag(given.get('name').trim(), given.get('description').trim()).then(() => form.reset()));
    load();
  };
  return html`<h1 tabindex="-1">Tags</h1><p class="quiet means">A job with a tag goes only to workers that have it. Workers with tags also take jobs without one.</p>
    <section class="card tags">${error && html`<p class="hint">${error.message}</p>`}
      ${tags?.length === 0 && html`<p class="hint">There are no tags: every worker takes every job.</p>`}
      <ul class="plain-list">${tags?.map((tag) => html`<${Tag} key=${tag.id} tag=${tag} workers=${having(tag.id)} done=${load} />`)}</ul>
      <form class="make" onSubmit=${make}><input name="name" required maxlength="64" placeholder="Name" aria-label="Name of the new tag" />
        <input name="description" maxlength="250" placeholder="What it is for" aria-label="What the new tag is for" /><button class="strong">Add the tag</button></form></section>`;
}

function Tag({ tag, workers, done }) {
  const [edits, setEdits] = useState(false);
  const save = async (event) => {
    event.preventDefault();
    const given = new FormData(event.currentTarget);
    await change([tag], 'tag', () => api.updateTag(tag.id, { name: given.get('name').trim(), description: given.get('description').trim() }).then(() => setEdits(false)));
    done();
  };
  const remove = async () => {
    if (!await ask(`Delete the tag “${tag.name}”?`, 'Jobs with it may be done by any worker then.', [['yes', 'Delete the tag']])) return;
    await change([tag], 'tag', () => api.deleteTag(tag.id));
    done();
  };
  if (edits) {
    return html`<li><form class="make" onSubmit=${save}><input name="name" required maxlength="64" value=${tag.name} aria-label="Name" /><input name="description" maxlength="250" value=${tag.description ?? ''} aria-label="What it is for" />
      <button class="strong">Save</button><button type="button" onClick=${() => setEdits(false)}>Leave it</button></form></li>`;
  }
  return html`<li><strong class="name">${tag.name}</strong><span class="quiet">${tag.description}</span><span class="quiet">${count(workers, 'worker')}</span>
    <a href=${`jobs?tag=${tag.id}`}>Its jobs</a><button type="button" onClick=${() => setEdits(true)}>Edit</button><button type="button" class="danger" onClick=${remove}>Delete …</button></li>`;
}
