// Add a computer: one line to type there, with a join code.
import { own } from './api.js';
import { exactly } from './format.js';
import { html, useEffect, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { Command, Fold } from './parts.js';

const TIMES = [['1h', 'an hour'], ['24h', 'a day'], ['168h', 'a week']];

export function AddComputer() {
  const [uses, setUses] = useState(1);
  const [valid, setValid] = useState('1h');
  const [service, setService] = useState(false);
  const [code, setCode] = useState(null);
  const [wrong, setWrong] = useState('');
  const make = async (event) => {
    event.preventDefault();
    setWrong('');
    try {
      setCode(await own('POST', 'join-codes', { uses, valid, note: 'page of workers' }));
    } catch (error) {
      setCode(null);
      setWrong(error.message);
    }
  };
  return html`<form class="add-computer" onSubmit=${make}>
    <label>For <input type="number" min="1" max="1000" value=${uses} onInput=${(event) => setUses(Number(event.currentTarget.value))} aria-label="Computers" /> computers</label>
    <label>within <select value=${valid} onChange=${(event) => setValid(event.currentTarget.value)} aria-label="Within">${TIMES.map(([value, text]) => html`<option key=${value} value=${value}>${text}</option>`)}</select></label>
    <label><input type="checkbox" checked=${service} onChange=${(event) => setService(event.currentTarget.checked)} /> start the worker with the computer</label>
    <button type="submit" class="strong">Make a line to type</button></form>
    ${wrong && html`<p class="why bad" role="alert">${wrong}</p>`}
    ${code && html`<${Lines} code=${code} service=${service} />`}
    <${Fold} title="Lines that are still good"><${Codes} made=${code?.id} /></${Fold}>`;
}

// Codes are the lines that were made and still let computers join; the codes themselves are not shown again.
function Codes({ made }) {
  const { data: codes, error, load } = useLive('join codes', async () => (await own('GET', 'join-codes')).codes ?? [], { wakes: (name) => name === 'worker' });
  useEffect(() => { if (made) load(); }, [made]);
  if (!codes) return html`<p class="hint">${error?.message ?? 'Reading …'}</p>`;
  if (codes.length === 0) return html`<p class="hint">There is none.</p>`;
  const revoke = async (id) => {
    try {
      await own('DELETE', `join-codes/${id}`);
    } catch (refused) {
      tell(refused.message);
    }
    load();
  };
  return html`<ul class="plain-list codes">${codes.map((c) => html`<li key=${c.id}><span>${c.id}${c.note && `, ${c.note}`}</span>
    <span class="quiet">${(c.used ?? []).length} of ${c.uses} joined${c.used?.length ? `: ${c.used.join(', ')}` : ''}; until ${exactly(c.expires)}</span>
    <button type="button" onClick=${() => revoke(c.id)} aria-label=${`Revoke ${c.id}`}>Revoke</button></li>`)}</ul>`;
}

// Lines are what to type, for each kind of computer. The code in them is not shown again.
function Lines({ code, service }) {
  const { unix, windows, unix_service, windows_service } = code.commands;
  return html`<div class="join-lines" role="status">
    <p>On Linux and macOS, in a terminal:</p><${Command} line=${service ? unix_service : unix} />
    <p>On Windows, in PowerShell:</p><${Command} line=${service ? windows_service : windows} />
    <p class="quiet">Good for ${code.uses === 1 ? 'one computer' : `${code.uses} computers`} until ${new Date(code.expires).toLocaleString()}. It fetches Farm from this manager, checks it, and starts a worker that needs neither the key of the farm nor approval.</p>
    ${code.missing?.length > 0 && html`<p class="quiet">The manager has no program yet for ${code.missing.join(', ')}: put those of its version into the folder binaries of its home.</p>`}
    <details><summary>As a QR code</summary><${QR} rows=${code.qr} /><p class="quiet">It opens a page with these lines.</p></details></div>`;
}

// QR draws a code, dark on light in either theme, with the margin that cameras want.
function QR({ rows }) {
  const size = rows.length + 8;
  const path = rows.flatMap((row, y) => [...row].map((bit, x) => (bit === '1' ? `M${x + 4} ${y + 4}h1v1h-1z` : ''))).join('');
  return html`<svg class="qr" viewBox=${`0 0 ${size} ${size}`} width=${size * 4} height=${size * 4} role="img" aria-label="The link as a QR code" shape-rendering="crispEdges">
    <rect width=${size} height=${size} fill="#fff" /><path d=${path} fill="#000" /></svg>`;
}
