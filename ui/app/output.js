// What a job made, for those who have the shared storage and those who have not: its
// folder, its frames in one file, and its video.
import { ROOT } from './address.js';
import * as api from './api.js';
import { html } from './lib.js';
import { useLive } from './live.js';
import { Copy, Facts } from './parts.js';

const at = (job, what) => `${ROOT}api/farm/jobs/${job}/${what}`;

// platform is whose names of folders this computer knows.
const platform = /Win/.test(navigator.platform) ? 'windows' : /Mac/.test(navigator.platform) ? 'darwin' : 'linux';

export function Output({ job }) {
  const { data } = useLive(`output ${job.id}`, () => api.output(job.id, platform), { wakes: (name, event) => name === 'job' && event.id === job.id && event.previous_status });
  if (!data?.folder && !data?.video) return null;
  const done = data.stored && job.steps_completed > 0;
  return html`<section class="card output"><div class="card-head"><h2>Output</h2>
      <div class="actions">${done && html`<a class="button" href=${at(job.id, 'frames.zip')} download>Download all frames (.zip)</a>`}
        ${data.video_ready && html`<a class="button" href=${at(job.id, 'video?download=1')} download>Download the video</a>`}</div></div>
    <${Facts} list=${[
      ['Folder', data.folder && html`<span class="path">${data.folder}</span><${Copy} text=${data.folder} what="the path" />`],
      ['Video', data.video && html`<span class="path">${data.video}</span>${!data.video_ready && html`<span class="quiet"> not made yet, or not in the shared storage</span>`}`],
    ]} />
    ${!data.stored && html`<p class="hint">The folder is not in the shared storage of this farm, so the frames are only to be had there.</p>`}
    ${data.video_ready && html`<video controls preload="metadata" key=${job.status} src=${at(job.id, 'video')} aria-label=${`The video ${data.video}`}></video>`}</section>`;
}
