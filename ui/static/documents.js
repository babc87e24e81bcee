// The list of documents: searching, opening, reading again, removing. What can be done is rendered by the server.
import { confirmDialog } from "./dialogs.js";
import { element, filled } from "./elements.js";
import { takeOnly } from "./file_choice.js";

const SHOWN_AT_FIRST = 50;
const MILLISECONDS_OF_TYPING = 200;

/** Of a file that is not sent, what ui/documents_html.py writes of one that failed. */
const refusal = (name, reason, messages) => {
  const sign = element("span", { className: "sign", ariaHidden: "true" }, "✗");
  const state = element("span", { className: "state", data: { state: "failed" } }, sign, ` ${messages.state_failed}`);
  const why = element("span", { className: "reason", dir: "auto" }, reason);
  return element("li", {}, element("bdi", { className: "name" }, name), " ", state, why);
};

export async function mountDocuments(page, reader) {
  const { messages } = page;
  const [head, outcomes, list] = await Promise.all(["documents_head", "outcomes", "documents"].map(page.part));
  let asked = 0;
  let shown = SHOWN_AT_FIRST;

  // Gradio writes from left to right, whatever the page's language.
  for (const { element: part } of [head, list]) part.dir = document.documentElement.dir;
  const { types, megabytes, writable } = head.props;
  const limits = filled(messages.file_limits, { types, megabytes });
  head.element.append(
    element("button", { type: "button", className: "quiet back", onclick: () => page.focusQuestion() }, messages.back_to_chat),
    element("h1", { className: "title", tabIndex: -1 }, messages.manage_documents),
    element("p", { className: "lead" }, writable ? limits : messages.cannot_add),
  );

  const search = element("input", { type: "search", dir: "auto", maxLength: 200 });
  const table = element("div", { className: "table" });
  list.element.append(
    element("label", { className: "search" }, element("span", { className: "hidden" }, messages.search_documents), search),
    table,
  );
  search.placeholder = messages.search_documents;

  if (writable) {
    const place = list.element.closest("#documents"); // Gradio's place for files may be built after this
    const refused = element("ul", { className: "outcomes refused", ariaLive: "polite" });
    list.element.prepend(refused);
    takeOnly(place, {
      isTaken: ({ name, size }) =>
        types.toLowerCase().split(", ").includes(name.toLowerCase().split(".").at(-1)) &&
        size <= Number(megabytes) * 1024 * 1024,
      onChoice: (names) => refused.replaceChildren(...names.map((name) => refusal(name, limits, messages))),
    });
    // Gradio names its place for files in English, and makes it anew after each choice.
    const named = () => place.querySelector("button[aria-dropeffect]")?.setAttribute("aria-label", messages.drop_files);
    new MutationObserver(named).observe(place, { childList: true, subtree: true });
    named();
  }

  /** Move focus to the button that has come in the place of one; to the search if there is none any more. */
  const focusAgain = ({ action, document: source }) => {
    const isSame = (button) => button.dataset.action === action && button.dataset.document === source;
    ([...table.querySelectorAll("[data-action]")].find(isSame) ?? search).focus();
  };

  const refresh = async () => {
    const turn = ++asked;
    table.setAttribute("aria-busy", "true");
    let html;
    try {
      html = await list.server.list_documents({ search: search.value, shown });
    } catch {
      table.replaceChildren(element("p", { className: "failed", role: "alert" }, messages.offline));
      return;
    }
    if (turn !== asked) return;
    const held = table.contains(document.activeElement) ? document.activeElement.dataset : null;
    table.innerHTML = html; // escaped by ui/documents_html.py
    table.setAttribute("aria-busy", "false");
    if (held) focusAgain(held);
  };

  let typing;
  search.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      shown = SHOWN_AT_FIRST;
      refresh();
    }, MILLISECONDS_OF_TYPING);
  });

  const change = async (call, source) => {
    table.setAttribute("aria-busy", "true");
    try {
      outcomes.element.querySelector(".changed")?.remove();
      const changed = element("div", { className: "changed" });
      changed.innerHTML = await call({ document: source }); // escaped by ui/documents_html.py
      outcomes.element.prepend(changed);
    } catch {
      table.replaceChildren(element("p", { className: "failed", role: "alert" }, messages.offline));
      return;
    }
    list.trigger("change"); // for the number of documents in the head
    await refresh();
  };

  list.element.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-action]");
    if (!button) return;
    const { action, document: source, title, upload } = button.dataset;
    if (action === "open") reader.openAt({ document: source, start: null, end: null, quote: null }, button);
    if (action === "more") {
      shown = Number(button.dataset.shown);
      refresh();
    }
    if (action === "reindex") change(list.server.reindex_document, source);
    if (action === "remove") {
      const sure = await confirmDialog({
        title: filled(messages.remove_question, { title }),
        text: upload === "true" ? messages.remove_upload : messages.remove_kept,
        confirm: messages.remove,
        cancel: messages.cancel,
      });
      if (sure) change(list.server.remove_document, source);
    }
  });

  outcomes.watch("value", refresh);
  const enter = () => {
    refresh();
    head.element.querySelector("h1").focus();
  };
  document.addEventListener("footnote:view", (event) => {
    if (event.detail === "documents") enter();
  });
  if (document.documentElement.dataset.view === "documents") enter(); // somebody was faster than the page
}
