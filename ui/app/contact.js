// The contact sheet: every frame that is there as a small picture.

export function Contact() {
  return null;
}
