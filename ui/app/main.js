// The page: its frame, and what is shown at which address.
import './desktop.js';
import { Happened, showHappened } from './happened.js';
import { Job } from './job.js';
import { Jobs } from './jobs.js';
import { Keys, showKeys, wall, walled } from './keys.js';
import { LastRendered } from './image.js';
import { later } from './later.js';
import { html, render, useEffect, useLayoutEffect, useRef } from './lib.js';
import { connected, everConnected, farmStatus, follow, version } from './live.js';
import { farmMeans } from './format.js';
import { Notices, Question } from './notice.js';
import { Overview } from './overview.js';
import { place } from './router.js';
import { Tags } from './tags.js';
import { Workers } from './workers.js';

const pages = [['', 'Overview'], ['jobs', 'Jobs'], ['workers', 'Workers'], ['tags', 'Tags'], ['job-types', 'Job types'], ['notifications', 'Notifications'], ['settings', 'Settings'], ['last-rendered', 'Last rendered']];

const titles = { submit: 'Submit', setup: 'Set up the farm' }; // of pages that are not in the bar

const JobTypes = later('Job types', async () => (await import('./jobtypes.js')).JobTypes);
const Submit = later('Submit', async () => (await import('./submit.js')).Submit);
const SetUp = later('Set up the farm', async () => (await import('./setup.js')).SetUp);
const Notifications = later('Notifications', async () => (await import('./notifications.js')).Notifications);
const Settings = later('Settings', async () => (await import('./settings.js')).Settings);

function Page({ at }) {
  const [first, second] = at.ids;
  switch (at.page) {
    case 'jobs': return first ? html`<${Job} key=${first} id=${first} task=${second ?? ''} />` : html`<${Jobs} />`;
    case 'workers': return html`<${Workers} id=${first ?? ''} />`;
    case 'tags': return html`<${Tags} />`;
    case 'job-types': return html`<${JobTypes} name=${first ?? ''} />`;
    case 'submit': return html`<${Submit} />`;
    case 'setup': return html`<${SetUp} />`;
    case 'notifications': return html`<${Notifications} />`;
    case 'settings': return html`<${Settings} />`;
    case 'last-rendered': return html`<${LastRendered} />`;
    case '': return html`<${Overview} />`;
  }
  return html`<h1 tabindex="-1">Nothing is here</h1><p class="hint">Try the <a href="./">overview</a>.</p>`;
}

function App() {
  const at = place.value;
  const opened = `${at.page}/${at.page === 'jobs' ? at.ids[0] ?? '' : ''}`;
  const was = useRef(opened);
  useEffect(() => {
    if (was.current === opened) return;
    was.current = opened;
    scrollTo(0, 0);
    document.querySelector('main h1')?.focus({ preventScroll: true });
  }, [opened]);
  const name = version.value?.name || 'Farm';
  useEffect(() => {
    const title = pages.find(([page]) => page === at.page)?.[1] ?? titles[at.page];
    document.title = title && at.page ? `${title} · ${name}` : name;
  }, [opened, name]);
  const lost = !connected.value && everConnected.value;
  useEffect(() => { document.body.classList.toggle('lost', lost); }, [lost]);
  const onWall = walled();
  useLayoutEffect(() => { document.documentElement.classList.toggle('wall', onWall); }, [onWall]);
  return html`<${Header} at=${at} name=${name} lost=${lost} />
    <main id="main" tabindex="-1" data-page=${at.page}><${Page} at=${at} /></main>
    <${Footer} /><${Notices} /><${Question} /><${Keys} /><${Happened} />`;
}

function Header({ at, name, lost }) {
  // On a phone the pages are wider than the window.
  useEffect(() => document.querySelector('nav a[aria-current]')?.scrollIntoView({ inline: 'center', block: 'nearest' }), [at.page]);
  const status = connected.value ? farmStatus.value : lost ? 'lost' : '';
  return html`<header class="top"><a class="brand" href="./"><img src="icon.svg" alt="" width="26" height="26" /><span>${name}</span></a>
    <nav aria-label="Pages">${pages.map(([page, title]) => html`<a key=${page} href=${page || './'} aria-current=${page === at.page ? 'page' : undefined}>${title}</a>`)}</nav>
    <span class="spread"></span><a class="button" href="submit">Submit</a>
    <span id="farm-status" class="status" role="status" data-status=${status} title=${lost ? 'The manager does not answer. This page goes on by itself when it is back.' : farmMeans[status]}>
      ${connected.value ? farmStatus.value : lost ? 'connection lost – trying again' : 'connecting'}</span>
    <a class="quiet" href="../docs/">Docs</a>
    <button type="button" class="plain" aria-label="Keys" title="Keys (?)" onClick=${showKeys}>?</button></header>`;
}

function Footer() {
  return html`<footer><a href="../docs/">Documentation</a>
    <a href="../farm-addon.zip" download title="Submit from Blender: a zip to install in its preferences">Blender add-on</a>
    <a href="../api/v3/swagger-ui/">API</a><button type="button" class="plain" onClick=${showHappened}>What happened</button><button type="button" class="plain" onClick=${wall}>Whole screen</button>
    <span id="version" class="quiet">${version.value ? `Farm ${version.value.version}` : ''}</span></footer>`;
}

follow();
render(html`<${App} />`, document.getElementById('app'));
