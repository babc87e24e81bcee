// The list of conversations in the sidebar: open, search, rename, save as a file, delete.

import { conversationMenu } from "./conversation_menu.js";
import { conversationJson, conversationMarkdown, download, StorageFull } from "./conversation_store.js";
import { confirmDialog, showToast } from "./dialogs.js";
import { button, element, filled, icon } from "./elements.js";

const AT_ONCE = 100;
const PLUS = "M12 5v14M5 12h14";
const DOTS = "M6 12h.01M12 12h.01M18 12h.01";
const GLASS = "M11 4a7 7 0 1 0 0 14a7 7 0 1 0 0-14M16 16l4.5 4.5";

// Isolates keep a title that reads the other way from pulling at the sentence around it.
const isolated = (text) => `\u2068${text}\u2069`;

/** A function that writes a time as the page's language does: today's hour, the day of this year, or the whole date. */
const dateWriter = () => {
  const language = document.documentElement.lang || undefined;
  const now = new Date();
  // Making one takes longer than all else about an item, so a list shares them.
  const hour = new Intl.DateTimeFormat(language, { hour: "numeric", minute: "2-digit" });
  const day = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
  const date = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", year: "numeric" });
  return (time) => {
    if (time.toDateString() === now.toDateString()) return hour.format(time);
    return (time.getFullYear() === now.getFullYear() ? day : date).format(time);
  };
};

class ConversationList {
  #store;
  #messages;
  #onOpen;
  #onNew;
  #onRemove;

  #current = null;
  #renaming = null;
  #limit = AT_ONCE;
  #isBehind = false;

  #search;
  #list;
  #empty;
  #more;
  #menu;

  constructor(container, { store, messages, onOpen, onNew, onRemove }) {
    this.#store = store;
    this.#messages = messages;
    this.#onOpen = onOpen;
    this.#onNew = onNew;
    this.#onRemove = onRemove;
    this.#menu = conversationMenu(
      [
        { label: messages.rename, run: (id) => this.#rename(id) },
        { label: messages.export_markdown, run: (id) => this.#export(id, "md", "text/markdown", conversationMarkdown) },
        { label: messages.export_json, run: (id) => this.#export(id, "json", "application/json", conversationJson) },
        { label: messages.delete, run: (id) => this.#delete(id), className: "alert" },
      ],
      { onClose: () => this.#catchUp() },
    );
    container.classList.add("conversation-list");
    container.replaceChildren(...this.#parts());
    store.onChange(() => this.refresh());
    this.refresh();
  }

  /** Mark a conversation as the open one; null for none. */
  setCurrent(id) {
    this.#current = id;
    for (const opener of this.#list.querySelectorAll(".conversation-open")) {
      if (opener.dataset.id === id) opener.setAttribute("aria-current", "true");
      else opener.removeAttribute("aria-current");
    }
  }

  /** Show what the store holds now; while a menu or a name is open, as soon as it is closed. */
  refresh() {
    if (this.#renaming !== null || this.#menu.isOpen()) this.#isBehind = true;
    else this.#render();
  }

  #parts() {
    const { new_conversation, search_conversations, show_more } = this.#messages;
    const start = button({ className: "conversation-new" }, icon(PLUS), element("span", {}, new_conversation));
    start.addEventListener("click", () => this.#onNew());

    this.#search = element("input", { type: "search", autocomplete: "off", dir: "auto" });
    this.#search.placeholder = search_conversations;
    this.#search.addEventListener("input", () => {
      this.#limit = AT_ONCE;
      this.refresh();
    });
    this.#search.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#search.value) event.stopPropagation(); // it empties the box, and no more
    });
    const label = element("span", { className: "visually-hidden", textContent: search_conversations });
    const search = element("label", { className: "conversation-search" }, icon(GLASS), label, this.#search);

    this.#list = element("ul", { className: "conversations" });
    this.#empty = element("p", { className: "conversations-empty", dir: "auto" });
    this.#empty.setAttribute("role", "status");
    this.#more = button({ className: "conversations-more", textContent: show_more });
    this.#more.addEventListener("click", () => this.#showMore());
    const scrolled = element("div", { className: "conversations-scrolled" }, this.#list, this.#empty, this.#more);
    return [start, search, scrolled, this.#menu.element];
  }

  #render() {
    this.#isBehind = false;
    const focused = document.activeElement;
    const held = this.#list.contains(focused) ? [focused.dataset.id, focused.className] : null;
    const wanted = this.#search.value.trim();
    const found = wanted ? this.#store.search(wanted) : this.#store.list();
    const written = dateWriter();
    const items = found.slice(0, this.#limit).map((conversation) => this.#item(conversation, written));
    this.#list.replaceChildren(...items);
    this.#list.hidden = found.length === 0;
    this.#more.hidden = found.length <= this.#limit;
    const { no_conversations, no_conversation_found } = this.#messages;
    this.#empty.textContent = found.length > 0 ? "" : wanted ? no_conversation_found : no_conversations;
    if (held) this.#focus(...held);
  }

  #item({ id, title, updated }, written) {
    const name = title || this.#messages.untitled;
    const open = button(
      { className: "conversation-open", title: name, data: { id } },
      element("span", { className: "conversation-title", dir: "auto", textContent: name }),
      element("time", { dateTime: updated, textContent: written(new Date(updated)) }),
    );
    if (id === this.#current) open.setAttribute("aria-current", "true");
    open.addEventListener("click", () => this.#onOpen(id));
    const label = `${this.#messages.more_actions}: ${isolated(name)}`;
    const more = this.#menu.buttonFor(id, { className: "conversation-actions", ariaLabel: label }, icon(DOTS));
    return element("li", { className: "conversation", data: { id } }, open, more);
  }

  #showMore() {
    const shown = this.#list.children.length;
    this.#limit += AT_ONCE;
    this.#render();
    this.#list.children[shown]?.querySelector("button").focus();
  }

  #rename(id) {
    const item = this.#itemOf(id);
    const opener = item.querySelector(".conversation-open");
    const value = this.#store.get(id)?.title ?? "";
    const input = element("input", { className: "conversation-name", value, maxLength: 200, dir: "auto" });
    input.setAttribute("aria-label", this.#messages.rename);
    this.#renaming = id;

    const end = (save) => {
      if (this.#renaming === null) return; // removing the input takes its focus away, which is heard as well
      const wasBehind = this.#isBehind;
      const hadFocus = document.activeElement === input;
      if (save) this.#keepName(id, input.value);
      this.#renaming = null;
      const conversation = this.#store.get(id);
      // The other items stay, so that a press on one of them, which ended this, still becomes a click.
      if (wasBehind || !conversation) this.#render();
      else item.replaceWith(this.#item(conversation, dateWriter()));
      this.#isBehind = false;
      if (hadFocus) this.#focus(id, "conversation-open");
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation(); // what is typed here is no shortcut of the page
      if (event.isComposing) return; // Enter and Esc belong to the input method
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault(); // or Enter would press the button that gets the focus
      end(event.key === "Enter");
    });
    input.addEventListener("blur", () => end(true));
    opener.hidden = true;
    item.prepend(input);
    input.focus();
    input.select();
  }

  #keepName(id, name) {
    try {
      this.#store.rename(id, name);
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error;
      showToast(this.#messages.storage_full);
    }
  }

  #export(id, suffix, type, written) {
    const conversation = this.#store.get(id);
    if (!conversation) return;
    download(`${conversation.title || this.#messages.untitled}.${suffix}`, type, written(conversation));
  }

  async #delete(id) {
    const item = this.#itemOf(id);
    const name = item.querySelector(".conversation-open").title;
    const neighbour = (item.nextElementSibling ?? item.previousElementSibling)?.dataset.id;
    const confirmed = await confirmDialog({
      title: filled(this.#messages.delete_question, { title: isolated(name) }),
      text: this.#messages.delete_hint,
      confirm: this.#messages.delete,
      cancel: this.#messages.cancel,
    });
    if (!confirmed) return this.#focus(id, "conversation-actions");
    this.#store.remove(id);
    this.#onRemove(id);
    if (!neighbour || !this.#focus(neighbour, "conversation-open")) this.#search.focus();
  }

  #catchUp() {
    if (this.#isBehind && this.#renaming === null) this.#render();
  }

  #itemOf(id) {
    return [...this.#list.children].find((item) => item.dataset.id === id);
  }

  /** Move focus to a button of a conversation; false if it is not in the list. */
  #focus(id, className) {
    const found = this.#itemOf(id)?.querySelector(`.${className}`);
    found?.focus();
    return Boolean(found);
  }
}

/**
 * Fill an element with the list of a store's conversations, and keep it up to date.
 * @param {HTMLElement} container
 * @param {object} options
 * @param {import("./conversation_store.js").ConversationStore} options.store
 * @param {Record<string, string>} options.messages sentences by the keys of `ui/locales/en.toml`
 * @param {(id: string) => void} options.onOpen somebody chose a conversation
 * @param {() => void} options.onNew somebody wants a new one
 * @param {(id: string) => void} options.onRemove one has been deleted
 * @returns {{setCurrent: (id: string | null) => void, refresh: () => void}}
 */
export const mountConversationList = (container, options) => {
  const list = new ConversationList(container, options);
  return { setCurrent: (id) => list.setCurrent(id), refresh: () => list.refresh() };
};
