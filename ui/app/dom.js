// Elements, built without markup: whatever comes from the farm becomes text,
// never HTML, so that the name of a job can do nothing but be read.

// el makes an element. Of its properties, functions are listeners ("onclick"),
// true and false set and leave out attributes, everything else is an attribute.
// Children are nodes or text; null and false are left out.
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, '');
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child != null && child !== false));
  return node;
}

// setText changes a node's text. A text that stays is left alone, so that a
// selection or a screen reader in the middle of it is not disturbed.
export function setText(node, text) {
  text = String(text ?? '');
  if (node.textContent !== text) node.textContent = text;
}

// setName is setText for a name in a narrow place, which may break after the
// marks that file names are made of.
export function setName(node, name) {
  if (node.textContent === name) return;
  node.replaceChildren(...String(name).split(/(?<=[_.\-/])/).flatMap((part) => [part, document.createElement('wbr')]));
}

// setAttr sets an attribute, or removes it for null, undefined and false.
export function setAttr(node, name, value) {
  if (value == null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

// show makes a node visible or not; what is hidden takes no room.
export function show(node, visible) {
  node.hidden = !visible;
}

// Rows keeps the children of a node in step with a list of items. Items have an
// id; the row of an id is made once and then changed in place, so that focus,
// hover and selections stay where they are while the farm works.
export class Rows {
  // make() returns a row: {node, update(item)}.
  constructor(parent, make) {
    this.parent = parent;
    this.make = make;
    this.rows = new Map();
  }

  update(items) {
    const gone = new Set(this.rows.keys());
    let place = this.parent.firstChild;
    for (const item of items) {
      let row = this.rows.get(item.id);
      if (!row) this.rows.set(item.id, row = this.make());
      gone.delete(item.id);
      row.update(item);
      if (row.node === place) place = place.nextSibling;
      else this.parent.insertBefore(row.node, place);
    }
    for (const id of gone) {
      this.rows.get(id).node.remove();
      this.rows.delete(id);
    }
  }
}

// soon returns a function that calls fn a moment after it was called, once for
// all calls in between: a busy farm changes faster than anyone can read. The
// pause is in milliseconds, given or computed.
export function soon(fn, pause = 60) {
  let timer = 0;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      fn();
    }, typeof pause === 'function' ? pause() : pause);
  };
}
