// Short messages at the edge of the page, and questions before work is lost.
import { el } from './dom.js';

const STAYS = 8000; // milliseconds

// tell shows a message for a while.
export function tell(message) {
  const node = el('div', { class: 'notice' }, el('span', {}, message),
    el('button', { type: 'button', 'aria-label': 'Dismiss', onclick: () => node.remove() }, '×'));
  document.getElementById('notices').append(node);
  setTimeout(() => node.remove(), STAYS);
}

// ask asks a question and returns the value of the chosen answer, or null when
// the user wants none of them. Choices are [[value, label], …].
export function ask(title, explanation, choices) {
  return new Promise((resolve) => {
    const close = (value) => () => dialog.close(value);
    const dialog = el('dialog', { 'aria-label': title, onclose: () => {
      dialog.remove();
      resolve(dialog.returnValue || null);
    } },
    el('h2', {}, title), el('p', {}, explanation),
    el('div', { class: 'actions' },
      el('button', { type: 'button', autofocus: true, onclick: close('') }, 'Leave it'),
      ...choices.map(([value, label]) => el('button', { type: 'button', class: 'danger', onclick: close(value) }, label))));
    document.body.append(dialog);
    dialog.showModal();
  });
}
