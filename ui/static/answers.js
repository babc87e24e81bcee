// The conversation: footnotes, what is done with an answer, questions that are offered, the newest question in view.
import { showToast } from "./dialogs.js";
import { element } from "./elements.js";
import { ignoreDoublePresses } from "./presses.js";

const stillness = matchMedia("(prefers-reduced-motion: reduce)");
const show = (target, block) => target.scrollIntoView({ behavior: stillness.matches ? "auto" : "smooth", block });

export async function mountAnswers(page, conversations, reader) {
  const { messages } = page;
  const [welcome, earlier, latest, suggestions] = await Promise.all(
    ["welcome", "earlier", "latest", "suggestions"].map(page.part),
  );

  ignoreDoublePresses();
  for (const part of [welcome, suggestions])
    part.element.addEventListener("click", (event) => {
      const offered = event.target.closest("[data-question]");
      if (offered) part.trigger("example_select", { question: offered.dataset.question });
    });

  const copy = async (text) => {
    try {
      await navigator.clipboard.writeText(text);
      showToast(messages.copied);
    } catch {
      showToast(messages.copy_failed);
    }
  };

  const rate = (part, actions, button) => {
    const withdrawn = button.getAttribute("aria-pressed") === "true";
    for (const other of actions.querySelectorAll("[aria-pressed]")) other.setAttribute("aria-pressed", "false");
    actions.parentElement.querySelector("form.comment")?.remove();
    const opinion = { exchange: actions.dataset.exchange, rating: withdrawn ? "" : button.dataset.action, comment: "" };
    part.trigger("like", opinion);
    if (withdrawn) return;
    button.setAttribute("aria-pressed", "true");
    actions.after(commentForm(part, opinion));
  };

  const commentForm = (part, opinion) => {
    const text = element("textarea", { rows: 2, maxLength: 2000, dir: "auto" });
    const form = element(
      "form",
      { className: "comment" },
      element("label", {}, element("span", {}, messages.comment), text),
      element("button", { type: "submit", className: "quiet" }, messages.send),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (text.value.trim()) part.trigger("like", { ...opinion, comment: text.value.trim() });
      form.remove();
      showToast(messages.thanks);
    });
    return form;
  };

  for (const part of [earlier, latest])
    part.element.addEventListener("click", (event) => {
      const button = event.target.closest(".actions [data-action]");
      if (!button) return;
      const action = button.dataset.action;
      if (action === "copy") copy(button.dataset.markdown);
      if (action === "good" || action === "bad") rate(part, button.closest(".actions"), button);
      if (action === "repeat") latest.trigger("retry");
      if (action === "edit") {
        latest.trigger("edit");
        page.focusQuestion();
      }
    });

  // Footnotes and titles open their document; from a quote a number leads back to its mark.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-document], a[data-mark]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (link.dataset.mark) {
      const mark = document.getElementById(link.getAttribute("href").slice(1));
      mark?.focus({ preventScroll: true });
      if (mark) show(mark, "center");
      return;
    }
    emphasise(link);
    reader.open(link);
  });

  const emphasise = (link) => {
    for (const mark of document.querySelectorAll("mark.emphasised")) mark.classList.remove("emphasised");
    if (!link.dataset.footnote) return;
    for (const mark of link.closest(".turn").querySelectorAll(`mark[data-footnotes~="${link.dataset.footnote}"]`))
      mark.classList.add("emphasised");
  };

  // page.css makes room below the latest turn, so that it can come to the top however short it is.
  const chat = document.getElementById("chat");
  const makeRoom = () => chat.style.setProperty("--earlier", `${earlier.element.offsetHeight}px`);
  new ResizeObserver(makeRoom).observe(earlier.element);

  let shown = 0;
  new MutationObserver(() => {
    const asked = document.querySelectorAll(".turn").length;
    const newest = latest.element.querySelector(".question");
    if (newest && asked > shown) {
      makeRoom(); // the observer of sizes comes only after this
      show(newest, "start");
    }
    shown = asked;
  }).observe(latest.element, { childList: true, subtree: true });
}
