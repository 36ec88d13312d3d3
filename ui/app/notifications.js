// Who is told of what: by this browser, and by the manager by mail, chat and webhooks.
import { own } from './api.js';
import { allowed, want, wish } from './desktop.js';
import { count } from './format.js';
import { html, useState } from './lib.js';
import { useLive } from './live.js';
import { tell } from './notice.js';
import { Card, Time } from './parts.js';

const fetchAll = () => own('GET', 'notifications');
const fetchDeliveries = () => own('GET', 'notifications/deliveries');

// sent is what the manager is told: not what only it tells.
const sent = ({ events: _e, kinds: _k, may_change: _m, ways, mail: { has: _h, ...mail }, ...rest }) => ({ ...rest, mail, ways: ways.map(({ has: _w, fixed: _f, ...way }) => way) });

export function Notifications() {
  const { data, error, load } = useLive('notifications', fetchAll);
  const [draft, setDraft] = useState(null), [refused, setRefused] = useState('');
  const all = draft ?? data;
  const put = (next) => {
    setRefused('');
    setDraft({ ...all, ...next });
  };
  const save = async () => {
    try {
      await own('PUT', 'notifications', sent(all));
      setDraft(null);
      load();
      tell('Saved.', { good: true });
    } catch (no) {
      setRefused(no.message);
    }
  };
  return html`<h1 tabindex="-1">Notifications</h1><${Here} />
    ${!all && html`<p class="hint">${error?.message ?? 'Reading …'}</p>`}
    ${all && !all.may_change && html`<p class="why">Who is told of what is changed on the manager's own computer, or with the farm key. Here it can be read.</p>`}
    ${all && html`<fieldset class="plain-field" disabled=${!all.may_change}><legend class="unseen">What the manager tells</legend>
      <${Rules} all=${all} put=${put} /><${Ways} all=${all} put=${put} saved=${!draft} /><${Mail} all=${all} put=${put} /></fieldset>`}
    ${(draft || refused) && html`<div class="save-bar" role="region" aria-label="Changes"><strong>Not saved yet</strong>${refused && html`<span class="bad" role="alert">${refused}</span>`}<span class="spread"></span>
      <button type="button" onClick=${() => { setDraft(null); setRefused(''); }}>Leave it</button><button type="button" class="strong" onClick=${save}>Save</button></div>`}
    <${Deliveries} />`;
}

// Here is the switch for this browser.
function Here() {
  const [which, setWhich] = useState(wish());
  const may = allowed();
  return html`<${Card} title="In this browser" kind="here"><div class="form-row"><label for="tell">Tell me when a job is completed or failed</label><span class="form-value">
      <select id="tell" value=${which} disabled=${!may} onChange=${async (event) => setWhich(await want(event.currentTarget.value))}><option value="">No</option><option value="mine">Jobs submitted in this browser</option><option value="all">All jobs</option></select></span>
    <span class="form-about">${!may ? 'Browsers allow it only on the manager’s own computer or with encryption (https).' : may === 'denied' ? 'The browser does not allow it for this address: change that in its settings.' : 'While a page of the farm is open.'}</span></div></${Card}>`;
}

const toggled = (list, one) => (list.includes(one) ? list.filter((o) => o !== one) : [...list, one]);

function Chips({ label, all, on, put }) {
  return html`<div class="chips" role="group" aria-label=${label}>${all.map(([name, about]) => html`<button type="button" class="chip" key=${name} title=${about} aria-pressed=${on.includes(name) ? 'true' : 'false'} onClick=${() => put(toggled(on, name))}>${name}</button>`)}</div>`;
}

function Rules({ all, put }) {
  const set = (i, next) => put({ rules: all.rules.with(i, { ...all.rules[i], ...next }) });
  const ways = all.ways.map((w) => [w.name, w.kind]);
  return html`<${Card} title="What is told" kind="rules">${all.rules.length === 0 && html`<p class="hint">Nothing. ${ways.length ? '' : 'First add a way below.'}</p>`}
    ${all.rules.map((r, i) => html`<div class="rule" key=${i}><div class="row"><span>When</span><${Chips} label="Events" all=${all.events.map((e) => [e.name, e.about])} on=${r.events} put=${(events) => set(i, { events })} /></div>
      <div class="row"><span>tell</span><${Chips} label="Ways" all=${ways} on=${r.ways} put=${(to) => set(i, { ways: to })} />
        <label>of jobs called <input value=${r.jobs ?? ''} placeholder="anything" aria-label="Names of jobs" title="A pattern such as shot*" onInput=${(event) => set(i, { jobs: event.currentTarget.value })} /></label>
        <button type="button" class="plain" aria-label="Remove this rule" onClick=${() => put({ rules: all.rules.toSpliced(i, 1) })}>×</button></div></div>`)}
    <div class="actions"><button type="button" disabled=${!ways.length} onClick=${() => put({ rules: [...all.rules, { events: ['job-failed'], ways: ways.slice(0, 1).map(([name]) => name) }] })}>Add a rule</button></div>
    <div class="form"><${Line} id="digest" label="Daily summary at" value=${all.digest_at} hint="08:00" about="A time such as 18:30. It goes where a rule has digest." put=${(digest_at) => put({ digest_at })} />
      <${Line} id="stuck" label="A task is stuck after" value=${all.stuck_after === '0s' ? '' : all.stuck_after} hint="15m" about="Without a word, such as 30m." put=${(stuck_after) => put({ stuck_after: stuck_after || '0s' })} />
      <${Line} id="disk" label="A disk is nearly full below" value=${all.disk_free === '0' ? '' : all.disk_free} hint="10GB" about="Such as 50GB." put=${(disk_free) => put({ disk_free: disk_free || '0' })} />
      <${Line} id="link" label="Address in messages" value=${all.link} about="Of this page, as those who get the messages reach it." put=${(link) => put({ link })} /></div></${Card}>`;
}

// Line is a row of a form; hint is what is used if it is empty.
function Line({ id, label, value, hint, about, put }) {
  return html`<div class="form-row"><label for=${`n-${id}`}>${label}</label><span class="form-value"><input id=${`n-${id}`} type="text" placeholder=${hint} value=${value ?? ''} spellcheck="false" autocomplete="off" onInput=${(event) => put(event.currentTarget.value)} /></span>
    ${about && html`<span class="form-about">${about}</span>`}</div>`;
}

function Ways({ all, put, saved }) {
  const set = (i, next) => put({ ways: all.ways.with(i, { ...all.ways[i], ...next }) });
  const fresh = () => {
    let n = 1;
    while (all.ways.some((w) => w.name === `way${n}`)) n++;
    put({ ways: [...all.ways, { name: `way${n}`, kind: 'webhook', url: '' }] });
  };
  return html`<${Card} title="Ways" kind="ways" side=${all.ways.length > 0 && html`<button type="button" disabled=${!saved} onClick=${() => test('')}>Test all</button>`}>
    ${all.ways.length === 0 && html`<p class="hint">No way to reach anybody yet.</p>`}
    ${all.ways.map((w, i) => {
      const kind = all.kinds.find((k) => k.name === w.kind);
      return html`<fieldset class="way" key=${i} disabled=${w.fixed}><legend class="unseen">${w.name}</legend><div class="row"><input aria-label="Name of the way" value=${w.name} onInput=${(event) => set(i, { name: event.currentTarget.value })} />
          <select aria-label="Kind" value=${w.kind} onChange=${(event) => set(i, { kind: event.currentTarget.value })}>${all.kinds.filter((k) => k.name !== 'program' || w.fixed).map((k) => html`<option key=${k.name} value=${k.name}>${k.name}</option>`)}</select>
          <span class="spread"></span><button type="button" disabled=${!saved} title=${saved ? 'Sends a message at once' : 'Save it first'} onClick=${() => test(w.name)}>Test</button>
          <button type="button" class="plain" aria-label=${`Remove ${w.name}`} onClick=${() => put({ ways: all.ways.toSpliced(i, 1), rules: all.rules.map((r) => ({ ...r, ways: r.ways.filter((n) => n !== w.name) })) })}>×</button></div>
        <p class="form-about">${kind?.about}${w.fixed && ' It is changed in farm.yaml only.'}</p>
        <div class="form">${kind?.fields.map((f) => html`<${Line} key=${f} id=${`${i}-${f}`} label=${f} value=${Array.isArray(w[f]) ? w[f].join(', ') : w[f]} about=${w.has?.includes(f) ? 'It is set, and shown to nobody. Empty leaves it as it is.' : kind.needs.includes(f) ? 'Needed.' : ''}
          put=${(value) => set(i, { [f]: ['to', 'program'].includes(f) ? value.split(',').map((v) => v.trim()).filter(Boolean) : value })} />`)}</div></fieldset>`;
    })}
    <div class="actions"><button type="button" onClick=${fresh}>Add a way</button></div></${Card}>`;
}

async function test(way) {
  try {
    const { results } = await own('POST', 'notifications/test', { way });
    for (const r of results) tell(r.ok ? `“${r.way}” took the message.` : `“${r.way}”: ${r.error}`, { good: r.ok });
  } catch (no) {
    tell(no.message);
  }
}

function Mail({ all, put }) {
  const set = (next) => put({ mail: { ...all.mail, ...next } });
  const list = (value) => value.split(',').map((v) => v.trim()).filter(Boolean);
  return html`<${Card} title="Mail, and what submitters may name" kind="mail"><div class="form"><${Line} id="server" label="Mail server" value=${all.mail.server} about="HOST:PORT, such as mail.studio.example:587." put=${(server) => set({ server })} />
      <${Line} id="from" label="From" value=${all.mail.from} put=${(from) => set({ from })} /><${Line} id="user" label="User" value=${all.mail.username} put=${(username) => set({ username })} />
      <${Line} id="password" label="Password" value=${all.mail.password} about=${all.mail.has?.includes('password') ? 'It is set, and shown to nobody. Empty leaves it as it is.' : ''} put=${(password) => set({ password })} />
      <div class="form-row"><label for="n-security">Encryption</label><span class="form-value"><select id="n-security" value=${all.mail.security} onChange=${(event) => set({ security: event.currentTarget.value })}>${[...new Set(['starttls', 'tls', 'none', all.mail.security])].map((s) => html`<option key=${s} value=${s}>${s || 'starttls (default)'}</option>`)}</select></span></div>
      <${Line} id="per-mail" label="Mail addresses that jobs may name" value=${(all.per_job.mail ?? []).join(', ')} about="Patterns such as *@studio.example, with commas between them." put=${(value) => put({ per_job: { ...all.per_job, mail: list(value) } })} />
      <${Line} id="per-urls" label="Addresses that jobs may name" value=${(all.per_job.urls ?? []).join(', ')} about="How they have to begin, with commas between them." put=${(value) => put({ per_job: { ...all.per_job, urls: list(value) } })} /></div></${Card}>`;
}

// Deliveries is what was sent lately, and what could not be.
function Deliveries() {
  const { data, error, load } = useLive('deliveries', fetchDeliveries, { wakes: (name, event) => name === 'job' && event.previous_status });
  return html`<${Card} title="Sent lately" kind="deliveries" side=${html`<span class="quiet">${data && count(data.waiting, 'message')} waiting</span><button type="button" class="plain" onClick=${load}>Look again</button>`}>
    ${!data && html`<p class="hint">${error?.message ?? 'Reading …'}</p>`}${data?.deliveries.length === 0 && html`<p class="hint">Nothing yet.</p>`}
    <ul class="plain-list">${data?.deliveries.map((d) => html`<li key=${d.id}><span class="status" data-status=${{ sent: 'completed', waiting: 'active', dropped: 'failed' }[d.state]}>${d.state}</span><${Time} of=${d.time} />
      <span>${d.job ? html`<a href=${`jobs/${d.job}`}>${d.title}</a>` : d.title}</span><span class="quiet">${d.event} to ${d.way}${d.attempts > 1 && `, tried ${d.attempts} times`}</span>${d.error && html`<span class="reason bad">${d.error}</span>`}</li>`)}</ul></${Card}>`;
}
