// Pages that few people open: their code is fetched when somebody does.
import { html, useEffect, useState } from './lib.js';

// later makes a page of a module that is fetched once it is needed. title is what its
// heading says until then.
export function later(title, load) {
  let Page = null;
  return function Later(props) {
    const [, setReady] = useState(false), [error, setError] = useState(null);
    useEffect(() => {
      if (Page) return;
      load().then((loaded) => {
        const focused = document.activeElement?.matches('main h1');
        Page = loaded;
        setReady(true);
        if (focused) setTimeout(() => document.querySelector('main h1')?.focus({ preventScroll: true }));
      }, setError);
    }, []);
    if (Page) return html`<${Page} ...${props} />`;
    return html`<h1 tabindex="-1">${title}</h1><p class="hint">${error ? 'This page could not be fetched. Load it again when the manager is back.' : 'Reading …'}</p>`;
  };
}
