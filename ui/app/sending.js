// Sends files of the user's folder for a submission: into the file store, where each is found
// by its content, so that nothing is sent that the manager has; without a file store as they are.
import { sha256 } from '../vendor/noble-hashes/sha2.js';
import { bytesToHex } from '../vendor/noble-hashes/utils.js';
import { BASE, own, OWN, post, Refusal } from './api.js';

// part is how much of a file is read and hashed at a time: some 20 ms.
const part = 4 << 20;

// tries is how often an upload that breaks off is continued.
const tries = 5;

// alive is how often the manager is told that a submission is still wanted, in ms.
const alive = 300_000;

// A Sending belongs to one submission, {id, store}; files are its files by path. tell is
// told how far it is: {doing, share, bytes, of}.
export class Sending {
  constructor(begun, files, tell) {
    Object.assign(this, { begun, files, tell, stopping: null });
  }

  cancel() {
    this.stopping?.abort(new Refusal(0, ''));
  }

  // send sends the files with the paths. It fails with a Refusal; without a message if it
  // was canceled.
  async send(paths) {
    this.stopping = new AbortController();
    const keep = setInterval(() => own('POST', `submissions/${this.begun.id}/files`, { files: [] }).catch(() => {}), alive);
    try {
      await (this.begun.store ? this.#store(paths) : this.#plain(paths));
    } finally {
      clearInterval(keep);
    }
  }

  // #begin begins with something that is done with so many bytes; what it returns is to be
  // told of each that is done.
  #begin(doing, of) {
    let bytes = 0;
    const more = (n) => {
      bytes += n;
      this.tell({ doing, bytes, of, share: of ? bytes / of : 1 });
    };
    more(0);
    return more;
  }

  #size = (paths) => paths.reduce((sum, path) => sum + this.files.get(path).size, 0);

  async #plain(paths) {
    const more = this.#begin('Sending', this.#size(paths));
    for (const path of paths) {
      const query = new URLSearchParams({ path });
      await this.#request('PUT', `${OWN}submissions/${this.begun.id}/file?${query}`, this.files.get(path), more);
    }
  }

  async #store(paths) {
    const hashed = this.#begin('Reading', this.#size(paths));
    const files = [];
    for (const path of paths) files.push({ path, size: this.files.get(path).size, sha: await this.#hash(path, hashed) });
    // Their paths are checked with those of the job, later.
    const { files: unknown } = await post('shaman/checkout/requirements', { files: files.map(({ sha, size }, i) => ({ sha, size, path: `file-${i}` })) });
    const missing = new Map(unknown.map((f) => [`${f.sha} ${f.size}`, null]));
    for (const f of files) if (missing.has(`${f.sha} ${f.size}`)) missing.set(`${f.sha} ${f.size}`, f);
    const wanted = [...missing.values()].filter(Boolean);
    const more = this.#begin('Sending', this.#size(wanted.map((f) => f.path)));
    for (const f of wanted) await this.#upload(f, more);
    await own('POST', `submissions/${this.begun.id}/files`, { files });
  }

  async #hash(path, more) {
    const file = this.files.get(path);
    const sum = sha256.create();
    for (let at = 0; at < file.size; at += part) {
      this.stopping.signal.throwIfAborted();
      const piece = await file.slice(at, at + part).arrayBuffer().catch(() => {
        throw new Refusal(0, `“${path}” cannot be read any more, or was changed. Drop the folder again.`);
      });
      sum.update(new Uint8Array(piece));
      more(piece.byteLength);
    }
    return bytesToHex(sum.digest());
  }

  // #upload sends one file to the file store, and continues where it broke off.
  async #upload({ path, sha, size }, more) {
    const file = this.files.get(path);
    const url = `${BASE}shaman/files/${sha}/${size}`;
    let offset = 0;
    for (let turn = 1; ; turn++) {
      try {
        await this.#request('POST', url, file.slice(offset), more, { 'Upload-Offset': String(offset) });
        return;
      } catch (refused) {
        const broke = refused.status === 0 || refused.status === 408 || refused.status === 409;
        if (this.stopping.signal.aborted || turn === tries || !broke) throw new Refusal(refused.status, refused.message && `${path}: ${refused.message}`);
      }
      await new Promise((resolve) => { setTimeout(resolve, 1000 * turn); });
      const told = await fetch(url, { cache: 'no-store' }).catch(() => null);
      const have = Number(told?.headers.get('Upload-Offset') ?? 0);
      more(have - offset);
      offset = have;
    }
  }

  // #request sends content. XMLHttpRequest tells how much of it is sent, fetch does not.
  #request(method, url, content, more, headers = {}) {
    const { signal } = this.stopping;
    return new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const request = new XMLHttpRequest();
      const stop = () => request.abort();
      signal.addEventListener('abort', stop);
      let told = 0;
      const at = (n) => {
        more(n - told);
        told = n;
      };
      const fail = (status, message) => {
        at(0);
        reject(new Refusal(status, message));
      };
      request.open(method, url);
      for (const [name, value] of Object.entries({ 'Content-Type': 'application/octet-stream', ...headers })) request.setRequestHeader(name, value);
      request.upload.onprogress = (event) => at(event.loaded);
      request.onload = () => {
        if (request.status >= 300) return fail(request.status, says(request));
        at(content.size);
        return resolve();
      };
      request.onerror = () => fail(0, 'The connection broke off, or the file was changed. Send it again.');
      request.onabort = () => fail(0, '');
      request.onloadend = () => signal.removeEventListener('abort', stop);
      request.send(content);
    });
  }
}

function says(request) {
  try {
    return JSON.parse(request.responseText).message;
  } catch {
    return `The manager answered ${request.status} ${request.statusText}.`;
  }
}
