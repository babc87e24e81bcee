// The menu behind the three dots of a conversation: one for the whole list, opened beside the button pressed.

import { button, element } from "./elements.js";

const ROOM = 220; // pixels the menu needs below its button; with less it opens upwards

/**
 * Make a menu.
 * @param {{label: string, run: (id: string) => void, className?: string}[]} actions
 * @param {{onClose: () => void}} options
 * @returns {{element: HTMLElement, isOpen: () => boolean, buttonFor: (id: string, properties: object, ...children:
 *   Node[]) => HTMLElement}}
 */
export const conversationMenu = (actions, { onClose }) => {
  let opener = null;

  const items = actions.map(({ label, run, className = "" }) => {
    const item = button({ className, textContent: label, tabIndex: -1 });
    item.setAttribute("role", "menuitem");
    item.addEventListener("click", () => {
      close();
      run(opener.dataset.id);
    });
    return item;
  });
  items[0].autofocus = true;
  const menu = element("div", { className: "conversation-menu", popover: "auto" }, ...items);
  menu.setAttribute("role", "menu");

  const place = () => {
    const { left, right, top, bottom } = opener.getBoundingClientRect();
    const toTheRight = getComputedStyle(opener).direction === "rtl";
    const upwards = bottom + ROOM > window.innerHeight && top > ROOM;
    Object.assign(menu.style, {
      left: toTheRight ? `${left}px` : "auto",
      right: toTheRight ? "auto" : `${document.documentElement.clientWidth - right}px`,
      top: upwards ? "auto" : `${bottom}px`,
      bottom: upwards ? `${window.innerHeight - top}px` : "auto",
    });
  };

  const focusItem = (index) => items[(index + items.length) % items.length].focus();
  const close = () => {
    menu.hidePopover();
    opener.focus();
  };

  menu.addEventListener("keydown", (event) => {
    const current = items.indexOf(document.activeElement);
    if (event.key === "ArrowDown") focusItem(current + 1);
    else if (event.key === "ArrowUp") focusItem(current - 1);
    else if (event.key === "Home") focusItem(0);
    else if (event.key === "End") focusItem(-1);
    else if (event.key === "Escape") return void event.stopPropagation(); // the browser closes the menu
    else if (event.key === "Tab") return void close(); // and on from the button
    else return;
    event.preventDefault();
  });

  menu.addEventListener("beforetoggle", ({ newState }) => {
    opener.setAttribute("aria-expanded", String(newState === "open"));
    if (newState === "open") place();
  });
  menu.addEventListener("toggle", ({ newState }) => {
    if (newState === "open") return;
    const lost = document.activeElement === null || document.activeElement === document.body;
    if (lost) opener.focus();
    onClose();
  });
  window.addEventListener("resize", () => menu.hidePopover());

  /** A button that opens the menu for a conversation. */
  const buttonFor = (id, properties, ...children) => {
    const made = button({ data: { id }, ...properties }, ...children);
    made.setAttribute("aria-haspopup", "menu");
    made.setAttribute("aria-expanded", "false");
    made.popoverTargetElement = menu;
    made.addEventListener("click", () => (opener = made)); // before the browser opens the menu
    return made;
  };

  return { element: menu, isOpen: () => menu.matches(":popover-open"), buttonFor };
};
