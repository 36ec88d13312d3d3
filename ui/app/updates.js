// Updates: bring workers to the manager's version, one after the other, and how far that is.
import { own } from './api.js';
import { count } from './format.js';
import { html, useEffect, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';

const WORDS = { waiting: 'waits', asked: 'finishes its task, or fetches the program', away: 'tries the program', updated: 'updated', failed: 'not updated', skipped: 'not updated' };

// old are the workers that are here and not of the manager's version.
export function Updates({ old }) {
  const { data, load } = useLive('rollout', () => own('GET', 'rollout'));
  const [asked, setAsked] = useState(false);
  const running = data && !data.over;
  useEffect(() => { // nothing else tells how far it is
    if (!running) return undefined;
    const timer = setInterval(load, 2000);
    return () => clearInterval(timer);
  }, [running]);
  const change = async (...request) => {
    try {
      await own(...request);
      setAsked(true);
      await load();
    } catch (error) {
      tell(error.message);
    }
  };
  if (!data || (!running && old.length === 0 && !asked)) return null;
  return html`<section class="card updates" aria-label="Updates"><p>${running ? `Workers are updated to ${data.version}, one after the other.` : old.length > 0 && `${count(old.length, 'worker')} of another version than the manager's ${data.version}.`}
      ${' '}${running ? html`<button type="button" onClick=${() => change('DELETE', 'rollout')}>Stop</button>` : old.length > 0 && html`<button type="button" onClick=${() => change('POST', 'rollout', {})}>Update ${count(old.length, 'worker')}</button>`}</p>
    ${data.stopped && html`<p class="why bad">No more workers are updated: ${data.stopped}.</p>`}
    ${(running || asked || data.stopped) && html`<ul>${data.workers.map((w) => html`<li key=${w.id}>${w.name}: ${WORDS[w.state]}${w.reason && ` – ${w.reason}`}</li>`)}</ul>`}</section>`;
}
