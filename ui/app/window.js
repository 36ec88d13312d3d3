// Long tables: of many rows of one height, only those near the view are there.
import { useScale } from './keys.js';
import { html, useEffect, useLayoutEffect, useRef, useState } from './lib.js';

const MORE = 12; // rows above and below the view, for fast scrolling

// LongTable shows total rows of a height, in pixels where letters have their usual size. row(index) makes the <tr> of one; wants(first, last) is told
// which are in view. columns are [[class, title, sort key], …]; sort is the present order.
// at is the row to bring into view when it changes, -1 for none.
export function LongTable({ label, columns, total, height: usual, row, wants, sort, onSort, at = -1, empty, onKey }) {
  const height = Math.round(usual * useScale());
  const box = useRef(null);
  const [view, setView] = useState({ first: 0, last: 40 });
  const look = () => {
    const { scrollTop, clientHeight } = box.current;
    const first = Math.max(0, Math.floor(scrollTop / height) - MORE);
    const last = Math.ceil((scrollTop + clientHeight) / height) + MORE;
    setView((v) => (v.first === first && v.last === last ? v : { first, last }));
  };
  useLayoutEffect(() => {
    look();
    const watch = new ResizeObserver(look);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, [height]);
  const last = Math.min(total, view.last), first = Math.min(view.first, last);
  useEffect(() => { if (last > first) wants?.(first, last); }, [first, last, wants]);
  useEffect(() => {
    if (at < 0) return;
    const { scrollTop, clientHeight } = box.current;
    if (at * height < scrollTop || (at + 2) * height > scrollTop + clientHeight) box.current.scrollTop = Math.max(0, at * height - clientHeight / 3);
  }, [at]);
  const rows = [];
  for (let i = first; i < last; i++) rows.push(row(i));
  const space = (n) => n > 0 && html`<tr class="space" aria-hidden="true"><td colspan=${columns.length} style=${{ height: `${n * height}px` }}></td></tr>`;
  return html`<div class="scroll" ref=${box} onScroll=${look} onKeyDown=${onKey} tabindex=${total ? 0 : undefined} role="region" aria-label=${label}>
    <table aria-label=${label} aria-rowcount=${total + 1} style=${{ '--row': `${height}px` }}>
      <thead><tr>${columns.map(([kind, title, key]) => html`<th key=${kind} class=${kind} scope="col" aria-sort=${order(sort, key)}>
        ${key && onSort ? html`<button type="button" class="plain" onClick=${() => onSort(sort === key ? `-${key}` : sort === `-${key}` ? key : key === 'name' ? key : `-${key}`)}>${title}<span aria-hidden="true">${mark(sort, key)}</span></button>` : title || html`<span class="unseen">Choose</span>`}</th>`)}</tr></thead>
      <tbody>${space(first)}${rows}${space(total - last)}</tbody></table>${total === 0 && empty}</div>`;
}

const order = (sort, key) => (!key ? undefined : sort === key ? 'ascending' : sort === `-${key}` ? 'descending' : undefined);
const mark = (sort, key) => (sort === key ? ' ↑' : sort === `-${key}` ? ' ↓' : '');
