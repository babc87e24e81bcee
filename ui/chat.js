// Footnotes lead to their quotes and back, a new question comes into view. Clicks are caught at the document, because
// the page replaces its parts while an answer streams.
(() => {
  const stillness = matchMedia("(prefers-reduced-motion: reduce)");
  const show = (element, block) =>
    element.scrollIntoView({ behavior: stillness.matches ? "auto" : "smooth", block });
  const target = (link) => document.getElementById(link.getAttribute("href").slice(1));

  const showQuote = (link) => {
    const quote = target(link);
    if (!quote) return;
    for (const element of document.querySelectorAll(".emphasised")) element.classList.remove("emphasised");
    const number = link.dataset.footnote;
    for (const mark of link.closest(".turn").querySelectorAll(`mark[data-footnotes~="${number}"]`))
      mark.classList.add("emphasised");
    quote.closest("mark").focus({ preventScroll: true });
    show(quote, "center");
  };

  const showMark = (link) => {
    const mark = target(link);
    if (!mark) return;
    mark.focus({ preventScroll: true });
    show(mark, "center");
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-footnote], a[data-mark]");
    if (!link) return;
    event.preventDefault();
    if (link.dataset.footnote) showQuote(link);
    else showMark(link);
  });

  // The masthead knows the reader's language; the whole page is read and laid out in it.
  const settle = () => {
    const masthead = document.querySelector(".masthead");
    if (masthead) {
      document.documentElement.lang = masthead.dataset.language;
      document.documentElement.dir = masthead.dir;
    }
    const questions = document.querySelectorAll("#latest .question");
    const newest = questions[questions.length - 1];
    const asked = document.querySelectorAll(".turn").length;
    if (newest && asked > shown) show(newest, "start");
    shown = asked;
  };
  let shown = 0;
  new MutationObserver(settle).observe(document.documentElement, { childList: true, subtree: true });
})();
