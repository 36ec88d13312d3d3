// The page: its frame, and which parts are shown at which address.
//
//	/app/                     jobs, the last image, workers
//	/app/jobs/JOB[/TASK]      jobs beside one job, and one of its tasks
//	/app/workers              workers
//	/app/last-rendered        the last image, large
import { APP } from './address.js';
import { el, setAttr, setText } from './dom.js';
import { farmMeans } from './format.js';
import { Farm } from './farm.js';
import { LastRendered } from './image.js';
import { Job } from './job.js';
import { Jobs } from './jobs.js';
import { tell } from './notice.js';
import { Workers } from './workers.js';

const farm = new Farm();
const jobs = new Jobs(farm);
const job = new Job(farm);
const workers = new Workers(farm);
const last = new LastRendered(farm);
const main = document.getElementById('main');
const overview = el('div', { class: 'column' });
let page = '';

// place reads the address.
function place() {
  const [what, ...ids] = location.pathname.slice(APP.length).split('/').filter(Boolean).map(decoded);
  switch (what) {
    case 'workers': return { page: 'workers' };
    case 'last-rendered': return { page: 'image' };
    case 'jobs': return ids[0] ? { page: 'job', job: ids[0], task: ids[1] ?? '' } : { page: 'jobs' };
  }
  return { page: 'jobs' };
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // an address typed by hand
  }
}

// go shows what belongs to the address.
function go() {
  const at = place();
  farm.follow(at.job, at.task);
  job.open(at.job ?? '', at.task ?? '');
  jobs.select(at.job ?? '');
  farm.watchesWorkers = at.page === 'jobs' || at.page === 'workers';
  farm.ask();
  const parts = {
    jobs: [jobs.node, overview], job: [jobs.node, job.node], workers: [workers.node], image: [last.node],
  }[at.page];
  if (at.page === 'jobs') overview.replaceChildren(last.node, workers.node);
  if (page !== at.page) main.replaceChildren(...parts);
  page = at.page;
  document.body.dataset.page = page;
  for (const link of document.querySelectorAll('nav a')) {
    setAttr(link, 'aria-current', link.dataset.page === (page === 'job' ? 'jobs' : page) ? 'page' : null);
  }
  title();
}

// Links within the page change the address without leaving it, and a click
// anywhere on a row is a click on its link.
document.addEventListener('click', (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const target = event.target;
  if (!target.closest('a, button, input, summary') && getSelection().type === 'Range') return; // selecting text is no click
  const link = target.closest('a') ?? (target.closest('button, input') ? null : target.closest('tr')?.querySelector('a.name'));
  if (!link || link.target || !link.pathname.startsWith(APP)) return;
  event.preventDefault();
  if (link.href !== location.href) history.pushState(null, '', link.href);
  go();
  if (page === 'job' && !target.closest('.tasks')) scrollTo(0, 0);
});

// The address of the link is the page's, not that of the place within it.
document.querySelector('a.skip').addEventListener('click', (event) => {
  event.preventDefault();
  main.focus();
});

addEventListener('popstate', go);

// title says in the list of windows how the job is going.
function title() {
  const name = farm.version?.name || 'Farm';
  document.title = (page === 'job' ? job.caption() : '') + name;
}

function header() {
  const status = document.getElementById('farm-status');
  setAttr(status, 'data-status', farm.connected ? farm.status : 'lost');
  setText(status, farm.connected ? farm.status : 'connection lost – trying again');
  setAttr(status, 'title', farm.connected ? farmMeans[farm.status] : 'The manager does not answer. This page goes on by itself when it is back.');
  document.body.classList.toggle('lost', !farm.connected && farm.loaded);
  if (farm.version) {
    setText(document.getElementById('name'), farm.version.name || 'Farm');
    setText(document.getElementById('version'), farm.version.version);
  }
  title();
}

farm.on('status', header);
farm.on('jobs', title);
farm.on('trouble', (error) => tell(error.message));
go();
