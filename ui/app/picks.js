// Choosing several rows of a list: by boxes, with Shift and Ctrl, and by the keyboard.
import { useState } from './lib.js';

// usePicks returns which items are chosen. at(index) is an item, if it is there.
export function usePicks(at, total) {
  const [picked, setPicked] = useState(new Map());
  const [from, setFrom] = useState(-1);
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
    setFrom(index);
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
    click(index, event) {
      if (event.shiftKey && from >= 0) range(from, index);
      else toggle(index);
    },
    key: (event) => key(event, { at, total, range, toggle, from, setFrom, clear: () => setPicked(new Map()), some: picked.size > 0 }),
  };
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
