// Gradio tells in English what went wrong on the way, in a corner. Here it is told in the reader's language, in ours.
import { showToast } from "./dialogs.js";

/** Says what Gradio's notices mean; they themselves are hidden by page.css. */
export const translateNotices = (messages) => {
  const meaning = (text) => {
    if (/queue|busy/i.test(text)) return messages.busy;
    if (/too large|file size|maximum allowed size/i.test(text)) return messages.too_large;
    if (/connection|network|fetch/i.test(text)) return messages.offline;
    return messages.failed;
  };
  let shown = new Set();
  new MutationObserver(() => {
    const notices = new Set(document.querySelectorAll(".toast-body"));
    for (const notice of notices) if (!shown.has(notice)) showToast(meaning(notice.textContent));
    shown = notices;
  }).observe(document.body, { childList: true, subtree: true });
};
