// What asks or tells beside the page: a question before something is lost, a list to look at, a note that goes away.

import { element } from "./elements.js";

const TOAST_TIME = 6000; // milliseconds: long enough to read two lines slowly
let dialogs = 0;

/**
 * Show a modal dialog until it is closed: by a button with a value, by Esc or by a click beside it (value `""`).
 * @returns {Promise<string>} the value
 */
const shown = (title, role, body, buttons) => {
  const id = `dialog-${++dialogs}`;
  const heading = element("h2", { id: `${id}-title`, dir: "auto", textContent: title });
  const row = element("div", { className: "buttons" }, ...buttons);
  const form = element("form", { method: "dialog" }, heading, body, row);
  const dialog = element("dialog", { className: "footnote-dialog" }, form);
  dialog.setAttribute("role", role);
  dialog.setAttribute("aria-labelledby", heading.id);
  if (role === "alertdialog") {
    body.id = `${id}-text`;
    dialog.setAttribute("aria-describedby", body.id);
  }
  // The page has plans of its own for Esc.
  dialog.addEventListener("keydown", (event) => event.key === "Escape" && event.stopPropagation());
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close(""));
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
};

/**
 * Ask before something that cannot be undone. Focus goes to `cancel`, and back to where it was.
 * @param {{title: string, text: string, confirm: string, cancel: string}} sentences the question, what follows from
 *   it, and the labels of both buttons
 * @returns {Promise<boolean>} whether it was confirmed
 */
export const confirmDialog = async ({ title, text, confirm, cancel }) => {
  const value = await shown(title, "alertdialog", element("p", { dir: "auto", textContent: text }), [
    element("button", { value: "", autofocus: true, textContent: cancel }),
    element("button", { value: "confirm", className: "alert", textContent: confirm }),
  ]);
  return value === "confirm";
};

/**
 * Show a list of keys and what they do.
 * @param {{title: string, rows: [string, string][], close: string}} content a row is keys that are pressed together
 *   (`"Ctrl+K"`) and what they do; `close` is the label of the button
 * @returns {Promise<void>} when it is closed
 */
export const infoDialog = async ({ title, rows, close }) => {
  const list = element("dl");
  for (const [keys, text] of rows) {
    const pressed = keys.split("+").map((key) => element("kbd", { textContent: key }));
    list.append(element("div", {}, element("dt", { textContent: text }), element("dd", { dir: "ltr" }, ...pressed)));
  }
  await shown(title, "dialog", list, [element("button", { value: "", autofocus: true, textContent: close })]);
};

let toast = null;

const newToast = () => {
  const text = element("p", { dir: "auto" });
  text.setAttribute("role", "status");
  const box = element("div", { className: "footnote-toast", popover: "manual" }, text);
  let timer;
  const hide = () => box.matches(":popover-open") && box.hidePopover();
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(hide, TOAST_TIME);
  };
  // Nothing that somebody points at goes away under the pointer.
  box.addEventListener("pointerenter", () => clearTimeout(timer));
  box.addEventListener("pointerleave", wait);
  document.body.append(box);
  return { box, text, wait };
};

/** Tell something in passing: it is read aloud when nothing else is, and goes away by itself. */
export const showToast = (message) => {
  toast ??= newToast();
  const { box, text, wait } = toast;
  if (box.matches(":popover-open")) box.hidePopover(); // shown anew it lies above a dialog opened since
  text.textContent = "";
  box.showPopover();
  // Only text that comes into a live region already on the page is read aloud.
  setTimeout(() => (text.textContent = message), 50);
  wait();
};
