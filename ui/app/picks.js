// Choosing several rows of a list: by boxes, with Shift and Ctrl, and by the keyboard.
import { useEffect, useState } from './lib.js';
import { on } from './live.js';
import { useAddress } from './router.js';

// usePicks returns which items are chosen. at(index) is an item, if it is there. kind is
// that of the events about them: also what is out of view stays as it is on the farm. of is
// what the list is of: with another one nothing is chosen. fetch reads an item by its id: with
// it, what is chosen is in the address.
export function usePicks(at, total, { kind, of, fetch } = {}) {
  const [picked, setPicked] = useState(new Map());
  const [anchor, setAnchor] = useState(null); // id of what was chosen last
  useEffect(() => on((name, event) => name === kind && setPicked((before) => changed(before, event))), [kind]);
  useEffect(() => setPicked((before) => (before.size ? new Map() : before)), [of]);
  const take = (ids) => {
    if (!fetch || (ids && total === 0)) return false;
    choose(ids.split(',').filter(Boolean), at, total, fetch).then((items) => setPicked(new Map(items.map((item) => [item.id, item]))));
    return true;
  };
  useAddress('chosen', fetch ? [...picked.keys()].join() : '', take, { ready: total > 0 });
  const range = (a, b, to = new Map(picked)) => {
    for (let i = Math.min(a, b); i <= Math.max(a, b); i++) {
      if (at(i)) to.set(at(i).id, at(i));
    }
    setPicked(to);
  };
  const toggle = (index) => {
    const item = at(index);
    if (!item) return;
    const to = new Map(picked);
    if (!to.delete(item.id)) to.set(item.id, item);
    setPicked(to);
    setAnchor(item.id);
  };
  // What is chosen is shown as it is now, where it is in view.
  const now = new Map();
  for (let i = 0; picked.size > 0 && i < total; i++) {
    const item = at(i);
    if (!item) continue;
    if (picked.has(item.id)) now.set(item.id, item);
    if (now.size === picked.size) break;
  }
  return {
    has: (id) => picked.has(id),
    items: [...picked.values()].map((item) => now.get(item.id) ?? item),
    clear: () => setPicked(new Map()),
    add: (items) => setPicked(new Map([...picked, ...items.map((item) => [item.id, item])])),
    click(index, event) {
      const from = event.shiftKey && anchor ? rowOf(anchor, at, total) : -1;
      if (from >= 0) range(from, index);
      else toggle(index);
    },
    key: (event) => key(event, { at, total, range, toggle, clear: () => setPicked(new Map()), some: picked.size > 0 }),
  };
}

// choose returns the items with these ids, those that there are.
async function choose(ids, at, total, fetch) {
  const known = new Map();
  for (let i = 0; i < total; i++) {
    const item = at(i);
    if (item) known.set(item.id, item);
  }
  const items = await Promise.allSettled(ids.map((id) => known.get(id) ?? fetch(id)));
  return items.flatMap(({ value }) => value ?? []);
}

// changed is what is chosen after an event.
function changed(picked, event) {
  if (!picked.has(event.id)) return picked;
  const to = new Map(picked);
  if (event.was_deleted || event.deleted_at) to.delete(event.id);
  else to.set(event.id, { ...picked.get(event.id), ...event });
  return to;
}

// rowOf finds an item, which may have moved since it was chosen.
function rowOf(id, at, total) {
  for (let i = 0; i < total; i++) {
    if (at(i)?.id === id) return i;
  }
  return -1;
}

// key is what the keyboard does on a row: arrows move, with Shift they choose; the space
// bar chooses; Ctrl-A chooses all that were read; Esc chooses none.
function key(event, list) {
  const row = event.target.closest('tr[data-index]');
  const index = row ? Number(row.dataset.index) : -1;
  const move = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
  if (move && !event.ctrlKey && !event.metaKey && !event.altKey && event.target.type !== 'text') {
    const next = event.currentTarget.querySelector(`tr[data-index="${index + move}"] a.name`);
    if (!next) return;
    next.focus();
    if (event.shiftKey && index >= 0) list.range(index, index + move);
  } else if (event.key === ' ' && row && event.target.tagName !== 'BUTTON' && event.target.type !== 'checkbox') {
    list.toggle(index);
  } else if (event.key === 'a' && (event.ctrlKey || event.metaKey)) {
    list.range(0, Math.min(list.total, 100_000) - 1);
  } else if (event.key === 'Escape' && list.some) {
    list.clear();
    event.stopPropagation();
  } else {
    return;
  }
  event.preventDefault();
}
