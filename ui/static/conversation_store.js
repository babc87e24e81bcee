// Conversations, kept in this browser: one key of localStorage each, and no index that could disagree with them.

import { cleanTitle, folded, titleOf } from "./conversation_text.js";

export { conversationJson, conversationMarkdown, download } from "./conversation_text.js";

const PREFIX = "footnote.conversation.";
const VERSION = 1;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** The browser has no room for a conversation. What was stored before is still there. */
export class StorageFull extends Error {
  constructor(options) {
    super("The browser has no room for this conversation.", options);
    this.name = "StorageFull";
  }
}

/** Holds strings as localStorage does, until the page is closed. */
class MemoryStorage {
  #values = new Map();
  keys() {
    return [...this.#values.keys()];
  }
  getItem(key) {
    return this.#values.get(key) ?? null;
  }
  setItem(key, value) {
    this.#values.set(key, value);
  }
  removeItem(key) {
    this.#values.delete(key);
  }
}

const isFull = (error) => error?.name === "QuotaExceededError" || error?.name === "NS_ERROR_DOM_QUOTA_REACHED";

/** localStorage, or null where it is blocked or holds nothing at all, as in some private windows. */
const browserStorage = () => {
  let storage;
  try {
    storage = window.localStorage;
    storage.setItem("footnote.probe", "");
    storage.removeItem("footnote.probe");
    return storage;
  } catch (error) {
    return isFull(error) && storage.length > 0 ? storage : null;
  }
};

/** A stored text as a conversation, or null if it is none. */
const parsed = (id, stored) => {
  let read;
  try {
    read = JSON.parse(stored);
  } catch {
    return null;
  }
  const isTime = (value) => typeof value === "string" && TIME.test(value) && !Number.isNaN(Date.parse(value));
  const isExchange = (value) => typeof value?.question === "string" && typeof value.markdown === "string";
  const sound =
    read?.version === VERSION &&
    read.id === id &&
    typeof read.title === "string" &&
    isTime(read.created) &&
    isTime(read.updated) &&
    Array.isArray(read.exchanges) &&
    read.exchanges.every(isExchange);
  return sound ? { ...read, title: cleanTitle(read.title) } : null;
};

/** What is kept of an exchange; from the state on for the server alone, which reads it again (`restored_exchange`). */
const exchange = (given) => {
  const { id, question, markdown, answer = null, rating = null, comment = "" } = given;
  const { state, text, citation_count, failure } = given; // what is undefined is not stored
  return { id, question, markdown, answer, rating, comment, state, text, citation_count, failure };
};

/** What was asked and answered, without ratings, so that it can be compared. */
const spoken = (exchanges) => JSON.stringify(exchanges.map(({ question, markdown }) => [question, markdown]));

const searchable = ({ title, exchanges }) =>
  folded([title, ...exchanges.flatMap(({ question, markdown }) => [question, markdown])].join("\n"));

/** An id that no other conversation has. Works without HTTPS, where `crypto.randomUUID` is missing. */
export const newConversationId = () =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The conversations of this browser. */
export class ConversationStore {
  #storage;
  #callbacks = new Set();
  #seen = new Map(); // by id, what was read of a stored text: parsing all of them again at each key would be slow

  /** Whether conversations outlive the page. */
  isPersistent;

  constructor() {
    const kept = browserStorage();
    this.isPersistent = kept !== null;
    this.#storage = kept ?? new MemoryStorage();
    window.addEventListener("storage", ({ storageArea, key }) => {
      if (storageArea !== kept) return;
      if (key === null) this.#tell(null);
      else if (key.startsWith(PREFIX)) this.#tell(key.slice(PREFIX.length));
    });
  }

  /** `{id, title, updated}` of each conversation, the newest first. What cannot be read is left out and left alone. */
  list() {
    return this.#entries().map(({ id, title, updated }) => ({ id, title, updated }));
  }

  /** A conversation, or null if there is none that can be read. */
  get(id) {
    const stored = this.#storage.getItem(PREFIX + id);
    return stored === null ? null : parsed(id, stored);
  }

  /**
   * Keep a conversation under its id, new or not. Exchanges that are the same as before change nothing; new ratings
   * leave it as old as it was.
   * @throws {StorageFull}
   */
  save(id, exchanges) {
    const known = this.get(id);
    const now = new Date().toISOString();
    const kept = exchanges.map(exchange);
    if (known && JSON.stringify(kept) === JSON.stringify(known.exchanges)) return;
    const { title, created, renamed } = known ?? { created: now };
    this.#write({
      version: VERSION,
      id,
      title: renamed ? title : titleOf(kept[0]?.question ?? ""),
      ...(renamed && { renamed }),
      created,
      updated: known && spoken(known.exchanges) === spoken(kept) ? known.updated : now,
      exchanges: kept,
    });
  }

  /**
   * Give a conversation a title that its questions do not change. An empty one, or an unknown id, changes nothing.
   * @throws {StorageFull}
   */
  rename(id, title) {
    const known = this.get(id);
    const cleaned = cleanTitle(title);
    if (known && cleaned && cleaned !== known.title) this.#write({ ...known, title: cleaned, renamed: true });
  }

  /** Delete a conversation. */
  remove(id) {
    this.#storage.removeItem(PREFIX + id);
    this.#tell(id);
  }

  /** As `list`, but only conversations with all words of a text somewhere in title, questions and answers. */
  search(text) {
    const words = folded(text).split(/\s+/u).filter(Boolean);
    const matches = (entry) => words.every((word) => (entry.searchable ??= searchable(entry.read())).includes(word));
    return this.#entries()
      .filter(matches)
      .map(({ id, title, updated }) => ({ id, title, updated }));
  }

  /**
   * Call back with the id of each conversation that is saved, renamed or removed, here or in another tab of this
   * browser; with null where all of them may be.
   * @returns a function that ends this
   */
  onChange(callback) {
    this.#callbacks.add(callback);
    return () => this.#callbacks.delete(callback);
  }

  #entries() {
    const found = new Map();
    const keys = this.isPersistent ? Object.keys(this.#storage) : this.#storage.keys();
    for (const key of keys) {
      if (!key.startsWith(PREFIX)) continue;
      const id = key.slice(PREFIX.length);
      const stored = this.#storage.getItem(key);
      const seen = this.#seen.get(id);
      found.set(id, seen?.stored === stored ? seen : this.#entry(id, stored));
    }
    this.#seen = found;
    const newestFirst = (one, other) => (one.updated < other.updated ? 1 : one.updated > other.updated ? -1 : 0);
    return [...found.values()].filter(({ updated }) => updated).sort(newestFirst);
  }

  #entry(id, stored) {
    const { title, updated } = parsed(id, stored) ?? {};
    return { id, stored, title, updated, read: () => parsed(id, stored) };
  }

  #write(conversation) {
    try {
      this.#storage.setItem(PREFIX + conversation.id, JSON.stringify(conversation));
    } catch (error) {
      throw isFull(error) ? new StorageFull({ cause: error }) : error;
    }
    this.#tell(conversation.id);
  }

  #tell(id) {
    for (const callback of this.#callbacks) callback(id);
  }
}
