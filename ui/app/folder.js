// What was dropped or chosen, as a list of its files: {path, file}, the path with forward
// slashes.

// most is how many files a folder may have: as many as the manager takes.
export const most = 20_000;

// Bounds of the manager on a path; see websubmit.checkPath. What has another one is left
// out, and missing if the .blend needs it.
const longest = 1024;
const deepest = 64;

// skipped are names that are no part of a project, and may have a great many files.
const skipped = new Set(['.git', '.svn', '.DS_Store', 'Thumbs.db', 'desktop.ini']);

// What is written on no computer, or means something else on another.
const odd = /[\\\u0000-\u001f\u007f-\u009f\ufffd]/;

const usable = (path) => !odd.test(path) && !path.split('/').some((name) => skipped.has(name) || name === '' || name === '.' || name === '..')
  && path.split('/').length <= deepest && new TextEncoder().encode(path).length <= longest;

export const isBlend = ({ path }) => /\.blend$/i.test(path);

export class TooMany extends Error {}

function add(list, path, file) {
  if (!usable(path)) return;
  if (list.length === most) throw new TooMany(`The folder has more than ${most.toLocaleString('en')} files. Drop the folder of one project, or use “farm submit” or Blender.`);
  list.push({ path, file });
}

// dropped reads what was dropped, folders with all that is in them. A folder that was
// dropped alone is no part of the paths. It has to be called while the drop is handled:
// afterwards the browser has forgotten what was dropped. tell is told how many files were
// found; signal ends it.
export function dropped(transfer, tell, signal) {
  const entries = [...transfer.items].filter((item) => item.kind === 'file').map((item) => item.webkitGetAsEntry()).filter(Boolean);
  return walk(entries, tell, signal);
}

async function walk(entries, tell, signal) {
  const list = [];
  const alone = entries.length === 1 && entries[0].isDirectory;
  let level = entries.map((entry) => ({ entry, path: alone ? '' : entry.name }));
  while (level.length > 0) {
    const next = [];
    for (const { entry, path } of level) {
      signal.throwIfAborted();
      if (entry.isFile) add(list, path, await fileOf(entry));
      else if (path === '' || usable(path)) next.push(...(await within(entry)).map((inner) => ({ entry: inner, path: path ? `${path}/${inner.name}` : inner.name })));
      tell(list.length);
    }
    if (next.length > 2 * most) throw new TooMany(`The folder has more than ${(2 * most).toLocaleString('en')} entries. Drop the folder of one project, or use “farm submit” or Blender.`);
    level = next;
  }
  return list;
}

const fileOf = (entry) => new Promise((resolve, reject) => { entry.file(resolve, reject); });

// within returns what is in a folder. A browser tells some at a time, and none at the end.
async function within(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((resolve, reject) => { reader.readEntries(resolve, reject); });
    if (some.length === 0 || all.length > 2 * most) return all;
    all.push(...some);
  }
}

// chosen reads what was chosen with an input, files or a folder. The folder itself is no
// part of the paths.
export function chosen(files) {
  const list = [];
  for (const file of files) add(list, file.webkitRelativePath ? file.webkitRelativePath.split('/').slice(1).join('/') : file.name, file);
  return list;
}
