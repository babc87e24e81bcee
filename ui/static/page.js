// The page's script: hands Gradio's parts to those who work with them, switches views, listens to the keyboard.
import { mountAnswers } from "./answers.js";
import { mountConversations } from "./conversations.js";
import { infoDialog } from "./dialogs.js";
import { mountDocuments } from "./documents.js";
import { element } from "./elements.js";
import { mountLandmarks } from "./landmarks.js";
import { translateNotices } from "./notices.js";
import { mountReader } from "./reader.js";

const root = document.documentElement;
const messages = JSON.parse(document.getElementById("footnote-messages").textContent);

// Gradio writes there which language it speaks itself: another one where it lacks the page's, or English.
const keepLanguage = () => {
  if (root.lang !== messages.language) root.lang = messages.language;
};
new MutationObserver(keepLanguage).observe(root, { attributeFilter: ["lang"] });

// Gradio's parts arrive one by one (`handed_to_script` in ui/chat/parts.py), some perhaps before this script.
const arrived = new Map();
const awaited = new Map();
const arrive = (part) => {
  arrived.set(part.name, part);
  awaited.get(part.name)?.resolve(part);
};
const part = (name) => {
  if (arrived.has(name)) return Promise.resolve(arrived.get(name));
  if (!awaited.has(name)) awaited.set(name, Promise.withResolvers());
  return awaited.get(name).promise;
};
const early = window.footnote ?? [];
window.footnote = { push: arrive };
early.forEach(arrive);

const isNarrow = matchMedia("(max-width: 900px)");
const questionBox = () => document.querySelector("#question textarea");

const page = {
  messages,
  part,
  focusQuestion() {
    page.show("chat");
    questionBox()?.focus();
  },
  show(view) {
    root.dataset.view = view;
    page.closeSidebar();
    document.dispatchEvent(new CustomEvent("footnote:view", { detail: view }));
  },
  toggleSidebar() {
    if (isNarrow.matches) root.toggleAttribute("data-sidebar-open");
    else root.toggleAttribute("data-sidebar-closed");
    const open = isNarrow.matches ? root.hasAttribute("data-sidebar-open") : !root.hasAttribute("data-sidebar-closed");
    if (open) document.querySelector("#sidebar button")?.focus();
  },
  closeSidebar() {
    const holdsFocus = root.hasAttribute("data-sidebar-open") && document.activeElement?.closest("#sidebar");
    root.removeAttribute("data-sidebar-open");
    if (holdsFocus) document.querySelector("#masthead .menu")?.focus();
  },
};

const showShortcuts = () =>
  infoDialog({
    title: messages.shortcuts,
    close: messages.close,
    rows: [
      ["Ctrl+K", messages.shortcut_question],
      ["Alt+Shift+N", messages.shortcut_new],
      ["Alt+Shift+D", messages.shortcut_documents],
      ["Esc", messages.shortcut_close],
      ["Ctrl+/", messages.shortcut_help],
    ],
  });

const chooseLanguage = (language) => {
  document.cookie = `footnote-language=${language}; path=/; max-age=31536000; SameSite=Lax`;
  location.reload();
};

const settings = () => {
  const choice = element("select", {
    id: "language",
    onchange: () => chooseLanguage(choice.value),
  });
  for (const { code, name } of messages.languages)
    choice.append(element("option", { value: code, lang: code, selected: code === messages.language }, name));
  const parts = [
    element("button", { type: "button", className: "plain", onclick: () => page.show("documents") }, messages.manage_documents),
    element("button", { type: "button", className: "plain", onclick: showShortcuts }, messages.shortcuts),
    element("label", { className: "language-choice" }, element("span", {}, messages.interface_language), choice),
  ];
  if (messages.user)
    parts.push(
      element(
        "form",
        { method: "post", action: "logout" },
        element("button", { type: "submit", className: "plain" }, `${messages.log_out} (${messages.user})`),
      ),
    );
  return element("footer", { className: "settings" }, ...parts);
};

const start = async () => {
  // Before all else, so that no click on it is lost.
  const masthead = await part("masthead");
  masthead.element.addEventListener("click", (event) => {
    const action = event.target.closest("[data-action]")?.dataset.action;
    if (action === "menu") page.toggleSidebar();
    if (action === "documents") page.show(root.dataset.view === "documents" ? "chat" : "documents");
  });

  const reader = mountReader(page, await part("panel"));
  const sidebar = await part("sidebar");
  const conversations = await mountConversations(page, sidebar.element);
  sidebar.element.append(settings());
  await mountAnswers(page, conversations, reader);
  await mountDocuments(page, reader);
  await mountLandmarks(page);

  // What has the focus must not lie below the drawer.
  for (const kind of ["click", "focusin"])
    document.addEventListener(kind, (event) => {
      const outside = !event.target.closest("#sidebar, #masthead, dialog");
      if (outside) page.closeSidebar();
    });

  document.addEventListener("keydown", (event) => {
    const key = event.code;
    if (event.key === "Escape" && !event.defaultPrevented && !document.querySelector("dialog[open]")) {
      if (root.hasAttribute("data-sidebar-open")) page.closeSidebar();
      else if (reader.isOpen) reader.close();
      else document.querySelector("#stop")?.click();
    } else if ((event.ctrlKey || event.metaKey) && key === "KeyK") {
      page.focusQuestion();
      event.preventDefault();
    } else if ((event.ctrlKey || event.metaKey) && key === "Slash") {
      showShortcuts();
      event.preventDefault();
    } else if (event.altKey && event.shiftKey && key === "KeyN") {
      conversations.begin();
      event.preventDefault();
    } else if (event.altKey && event.shiftKey && key === "KeyD") {
      page.show(root.dataset.view === "documents" ? "chat" : "documents");
      event.preventDefault();
    }
  });
  reader.openFromAddress();
};

root.dataset.view = "chat";
translateNotices(messages);
start();
