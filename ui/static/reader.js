// The panel with the document behind a footnote, and what a footnote says before it is opened.
import { showToast } from "./dialogs.js";
import { element } from "./elements.js";

const root = document.documentElement;
const isNarrow = matchMedia("(max-width: 900px)");
// The characters of a quote that are shown beside its footnote.
const TIP_LENGTH = 280;
const BLOCKS = ".text :is(h3, h4, h5, h6, p, li, tr, pre, blockquote)";

const number = (text) => (text === undefined || text === "" ? null : Number(text));

export function mountReader(page, { element: host, server, trigger }) {
  const { messages } = page;
  let asked = 0;
  let opener = null;
  let place = null;

  const body = element("div", { className: "panel-body" });
  const button = (label, className, onclick) =>
    element("button", { type: "button", className, title: label, ariaLabel: label, onclick });
  const panel = element(
    "aside",
    // Gradio says of its boxes that they read from the left.
    { className: "panel", dir: messages.direction, tabIndex: -1, hidden: true, ariaLabel: messages.document },
    element(
      "div",
      { className: "panel-head" },
      element("span", { className: "label" }, messages.document),
      button(messages.only_this, "icon only", () => askOnlyThis()),
      button(messages.copy_link, "icon link", () => copyLink()),
      button(messages.close, "icon close", () => reader.close()),
    ),
    body,
  );
  host.append(panel);

  const askOnlyThis = () => {
    trigger("apply", { document: place.document });
    reader.close();
    page.focusQuestion();
  };

  const copyLink = async () => {
    const address = new URL(location.href.split(/[?#]/)[0]);
    for (const name of ["document", "start", "end"])
      if (place[name] !== null && place[name] !== undefined) address.searchParams.set(name, place[name]);
    try {
      await navigator.clipboard.writeText(address.href);
      showToast(messages.copied);
    } catch {
      showToast(messages.copy_failed);
    }
  };

  // The outermost blocks of the text that is shown, from the side on which more is asked for.
  const blocksFrom = (side) => {
    const blocks = [...body.querySelectorAll(BLOCKS)];
    return side === "before" ? blocks : blocks.reverse();
  };
  const inwards = { before: "bottom", after: "top" };
  const edge = (side) => {
    const [outermost, next] = blocksFrom(side);
    if (!outermost) return null;
    const place = outermost.getBoundingClientRect()[inwards[side]];
    return { side, words: outermost.textContent, next: next?.textContent, place };
  };
  /** Bring what was at the edge back to its place; its outer end may have been cut off there. */
  const returnTo = ({ side, words, next, place }) => {
    const blocks = blocksFrom(side);
    const holds = side === "before" ? "endsWith" : "startsWith";
    const same = blocks.find((one, at) => one.textContent[holds](words) && blocks[at + 1]?.textContent === next);
    if (same) body.scrollTop += same.getBoundingClientRect()[inwards[side]] - place;
  };

  const fill = async (wanted, { from = "" } = {}) => {
    const turn = ++asked;
    body.setAttribute("aria-busy", "true");
    if (!from) body.replaceChildren(element("p", { className: "waiting" }, messages.loading));
    let html;
    try {
      html = await server.read_document(wanted);
    } catch {
      if (turn !== asked) return;
      body.replaceChildren(element("p", { className: "failed", role: "alert" }, messages.offline));
      body.setAttribute("aria-busy", "false");
      return;
    }
    if (turn !== asked) return; // another document was asked for meanwhile
    const read = from && edge(from);
    body.innerHTML = html; // escaped by ui/document_html.py
    body.setAttribute("aria-busy", "false");
    const quoted = body.querySelector("#quoted");
    if (read) returnTo(read);
    else if (quoted) {
      quoted.focus({ preventScroll: true });
      quoted.scrollIntoView({ block: "center" });
    } else body.scrollTop = 0;
  };

  const translate = async (offer) => {
    const into = offer.parentElement;
    into.replaceChildren(element("p", { className: "waiting" }, messages.loading));
    try {
      into.innerHTML = await server.translate_quote({ quote: offer.dataset.quote }); // escaped by ui/render.py
    } catch {
      into.replaceChildren(element("p", { className: "failed", role: "alert" }, messages.offline));
    }
  };

  body.addEventListener("click", (event) => {
    const clicked = event.target.closest("[data-from], [data-action]");
    if (!clicked) return;
    if (clicked.dataset.action === "translate") translate(clicked);
    else if (clicked.dataset.from !== undefined) {
      const before = clicked.compareDocumentPosition(body.querySelector(".text") ?? body) & Node.DOCUMENT_POSITION_FOLLOWING;
      const wanted = { ...place, from: number(clicked.dataset.from), to: number(clicked.dataset.to) };
      fill(wanted, { from: before ? "before" : "after" });
    }
  });

  const reader = {
    get isOpen() {
      return !panel.hidden;
    },
    open(link) {
      const { document: source, start, end, quote } = link.dataset;
      reader.openAt({ document: source, start: number(start), end: number(end), quote: quote ?? null }, link);
    },
    openAt(wanted, from = null) {
      hideTip();
      place = wanted;
      opener = from;
      panel.hidden = false;
      root.dataset.panel = "open";
      if (isNarrow.matches) {
        document.getElementById("middle").inert = true;
        history.pushState({ footnotePanel: true }, "");
      }
      panel.focus({ preventScroll: true });
      fill(wanted);
    },
    close() {
      if (history.state?.footnotePanel) history.back(); // which closes it
      else hide();
    },
    openFromAddress() {
      const asked = new URLSearchParams(location.search);
      const source = asked.get("document");
      if (!source) return;
      const offset = (name) => (/^\d{1,9}$/.test(asked.get(name) ?? "") ? Number(asked.get(name)) : null);
      reader.openAt({ document: source, start: offset("start"), end: offset("end"), quote: null });
    },
  };

  const hide = () => {
    asked++;
    panel.hidden = true;
    delete root.dataset.panel;
    document.getElementById("middle").inert = false;
    if (opener?.isConnected) opener.focus();
    else page.focusQuestion();
  };
  window.addEventListener("popstate", () => {
    if (reader.isOpen) hide();
  });

  // -- What a footnote says when it is pointed at or focused
  const tip = element("div", { id: "footnote-tip", role: "tooltip", hidden: true, dir: "auto" });
  document.body.append(tip);
  const hideTip = () => {
    tip.hidden = true;
    document.querySelector("[aria-describedby='footnote-tip']")?.removeAttribute("aria-describedby");
  };
  const showTip = (link) => {
    hideTip(); // of another footnote
    const quote = link.dataset.quote;
    const shortened = quote.length > TIP_LENGTH ? `${quote.slice(0, TIP_LENGTH)}…` : quote;
    tip.replaceChildren(
      element("strong", { dir: "auto" }, link.dataset.title),
      element("q", { dir: "auto" }, shortened),
    );
    tip.hidden = false;
    link.setAttribute("aria-describedby", "footnote-tip");
    const at = link.getBoundingClientRect();
    const size = tip.getBoundingClientRect();
    const left = Math.min(Math.max(at.left + at.width / 2 - size.width / 2, 8), innerWidth - size.width - 8);
    const below = at.bottom + 8 + size.height < innerHeight;
    tip.style.left = `${left}px`;
    tip.style.top = `${below ? at.bottom + 8 : Math.max(at.top - size.height - 8, 8)}px`;
  };
  const footnoteOf = (event) => event.target.closest?.("a[data-footnote]");
  document.addEventListener("mouseover", (event) => {
    const link = footnoteOf(event);
    if (link) showTip(link);
    else if (!event.target.closest?.("#footnote-tip")) hideTip();
  });
  document.addEventListener("focusin", (event) => {
    const link = footnoteOf(event);
    hideTip();
    // One that was out of sight is scrolled to first.
    if (link?.matches(":focus-visible")) requestAnimationFrame(() => link === document.activeElement && showTip(link));
  });
  const followScrolling = () => {
    const link = tip.hidden ? null : document.querySelector("a[aria-describedby='footnote-tip']:hover");
    if (link) showTip(link);
    else hideTip();
  };
  document.addEventListener("scroll", followScrolling, { capture: true, passive: true });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || tip.hidden) return;
    hideTip();
    event.preventDefault();
  }, true);
  return reader;
}
