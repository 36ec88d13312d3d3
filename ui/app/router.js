// Addresses: every view, filter and selection has one.
//
//	/app/                     overview
//	/app/jobs?…               the list of jobs, filtered and sorted
//	/app/jobs/JOB[/TASK]      a job, and one of its tasks
//	/app/workers[/WORKER]     workers, and one of them
//	/app/tags                 tags
//	/app/job-types[/TYPE]     job types, and one of them
//	/app/submit               submitting a file
//	/app/setup                the set-up assistant
//	/app/notifications        who is told of what
//	/app/settings             the manager's settings
//	/app/last-rendered        the last image, large
import { APP } from './address.js';
import { signal, useEffect, useRef } from './lib.js';

export const place = signal(read());

function read() {
  const path = location.pathname.slice(APP.length).split('/').filter(Boolean).map(decoded);
  return { page: path[0] ?? '', ids: path.slice(1), query: new URLSearchParams(location.search) };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address typed by hand
  }
}

// go leads to an address of this page, below APP.
export function go(to, { replace = false } = {}) {
  const href = new URL(to, new URL(APP, location.href)).href;
  if (href !== location.href) history[replace ? 'replaceState' : 'pushState'](null, '', href);
  place.value = read();
}

// ask changes the query of the address: a list, a text, or null for none. It takes the
// place of the present address, unless it is a step of its own to go back from.
export function ask(changes, { step = false } = {}) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const one of [value ?? []].flat()) query.append(name, one);
  }
  const text = query.toString();
  go(location.pathname + (text && `?${text}`), { replace: !step });
}

const SETTLES = 300; // milliseconds after which a text that changes often goes into the address
const LONG = 1500; // letters of a text that an address has no room for

// useAddress keeps a text in the address under a name, and calls take with that of the
// address when it is another one: take returns false as long as it cannot be taken, and is
// asked again with another ready. What is named in also goes with the text.
export function useAddress(name, text, take, { ready = 0, also = [] } = {}) {
  const there = place.value.query.get(name) ?? '';
  const taken = useRef('');
  useEffect(() => {
    if (taken.current !== there && take(there) !== false) taken.current = there;
  }, [there, ready]);
  useEffect(() => {
    const kept = text.length > LONG ? '' : text;
    if (kept === there || (!text && taken.current !== there)) return undefined;
    const timer = setTimeout(() => {
      taken.current = kept;
      ask({ [name]: kept || null, ...(text ? {} : Object.fromEntries(also.map((other) => [other, null]))) }, { step: !there });
    }, SETTLES);
    return () => clearTimeout(timer);
  }, [text]);
}

addEventListener('popstate', () => { place.value = read(); });

// Links within the page change the address without leaving it.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest('a');
  if (!link?.href || link.target || link.hasAttribute('download') || link.origin !== location.origin || !link.pathname.startsWith(APP)) return;
  event.preventDefault();
  if (link.classList.contains('skip')) document.getElementById('main').focus();
  else go(link.href);
});
