// Addresses. The page may be behind a path of a proxy, which nobody tells it: all
// are relative to where it was loaded from. The manager writes how far down that
// is into the page's <base>.

// APP is where this page begins, '/app/' without a proxy; ROOT is the manager's.
export const APP = new URL('.', document.baseURI).pathname;
export const ROOT = new URL('..', document.baseURI).pathname;

// MANAGER is the address that programs on other computers use for the manager.
export const MANAGER = (location.origin + ROOT).replace(/\/$/, '');

// placed returns an address that the manager gave, which counts from its own root.
export const placed = (address) => address?.replace(/^\//, ROOT);
