// Between Gradio's conversation, which lives on the server, and the ones that this browser keeps.
import { mountConversationList } from "./conversation_list.js";
import { ConversationStore, StorageFull } from "./conversation_store.js";
import { showToast } from "./dialogs.js";

// Which conversation this tab shows, so that a reload shows it again.
const CURRENT = "footnote.current";
const tab = {
  recall() {
    try {
      return sessionStorage.getItem(CURRENT) ?? "";
    } catch {
      return ""; // a browser that keeps nothing
    }
  },
  remember(id) {
    try {
      sessionStorage.setItem(CURRENT, id);
    } catch {
      // Then a reload begins anew.
    }
  },
};

export async function mountConversations(page, sidebar) {
  const { messages } = page;
  const store = new ConversationStore();
  const kept = await page.part("kept");
  let shown = tab.recall();

  const remember = (id) => {
    shown = id;
    tab.remember(id);
    list.setCurrent(id || null);
  };

  const begin = () => {
    page.show("chat");
    kept.trigger("clear");
  };

  const load = (id) => {
    const conversation = store.get(id);
    if (conversation) kept.trigger("select", { conversation: id, exchanges: conversation.exchanges });
  };

  const open = (id) => {
    page.show("chat");
    load(id);
  };

  const keep = (id, exchanges) => {
    try {
      store.save(id, exchanges);
    } catch (error) {
      if (!(error instanceof StorageFull)) throw error;
      showToast(messages.storage_full);
    }
  };

  const save = ({ conversation, exchange, replaces }) => {
    // All others stay, also those that another tab has added.
    const others = (store.get(conversation)?.exchanges ?? []).filter(({ id }) => id !== exchange.id && id !== replaces);
    keep(conversation, [...others, exchange]);
    remember(conversation);
  };

  const rated = ({ rated, rating, comment }) => {
    const exchanges = store.get(shown)?.exchanges;
    if (exchanges) keep(shown, exchanges.map((one) => (one.id === rated ? { ...one, rating, comment } : one)));
  };

  const opened = (id) => {
    remember(id);
    page.focusQuestion();
  };

  kept.watch("value", () => {
    const value = kept.props.value;
    if (!value) return;
    if (value.exchange) save(value);
    else if (value.opened) opened(value.conversation);
    else if (value.rated) rated(value);
    else if (value.failed) showToast(value.failed);
  });

  const place = document.createElement("nav");
  place.setAttribute("aria-label", messages.conversations);
  sidebar.append(place);
  const list = mountConversationList(place, {
    store,
    messages,
    onOpen: open,
    onNew: begin,
    onRemove: (id) => {
      if (id === shown) begin();
    },
  });

  if (shown) load(shown);
  return { begin };
}
