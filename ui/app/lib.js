// What the page uses of others, under one roof: preact, its hooks and signals, and htm.
import { h } from '../vendor/preact/preact.mjs';
import htm from '../vendor/htm/htm.mjs';

export { render } from '../vendor/preact/preact.mjs';
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact/hooks.mjs';
export { computed, effect, signal } from '../vendor/signals/signals.mjs';

// html makes elements of a template. What is put into it becomes text, never markup, so
// that the name of a job can do nothing but be read.
export const html = htm.bind(h);
