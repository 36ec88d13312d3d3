// What the page uses of others, under one roof: preact, its hooks and signals, and htm.
import { h } from '../vendor/preact/preact.mjs';
import htm from '../vendor/htm/htm.mjs';

export { render } from '../vendor/preact/preact.mjs';
export { useEffect, useLayoutEffect, useMemo, useRef, useState } from '../vendor/preact/hooks.mjs';
export { computed, effect, signal } from '../vendor/signals/signals.mjs';

// html makes elements of a template. What is put into it becomes text, never markup, so
// that the name of a job can do nothing but be read.
export const html = htm.bind(h);

// memo makes of a component one that is drawn again only when one of its properties is
// another: of long lists, which are drawn often, little changes.
export function memo(Component) {
  function differs(next) {
    const names = Object.keys(next);
    return names.length !== Object.keys(this.props).length || names.some((name) => next[name] !== this.props[name]);
  }
  return function Memo(props) {
    this.shouldComponentUpdate = differs;
    return h(Component, props);
  };
}
