// What those need who do not see the page or use no mouse: a way past the rest, a heading, answers read aloud.
import { element } from "./elements.js";

export async function mountLandmarks(page) {
  const { messages } = page;
  const [latest, kept] = await Promise.all(["latest", "kept"].map(page.part));

  const skip = element("a", { className: "skip", href: "#question" }, messages.skip);
  skip.addEventListener("click", (event) => {
    event.preventDefault();
    page.focusQuestion();
  });
  document.body.prepend(skip);

  // The heading of a conversation: that of the welcome has gone by then.
  const heading = element("h1", { className: "hidden", hidden: true }, messages.title);
  document.getElementById("chat").prepend(heading);
  new MutationObserver(() => (heading.hidden = !latest.element.querySelector(".turn"))).observe(latest.element, {
    childList: true,
    subtree: true,
  });

  // An answer is read aloud once, when it is complete: each update replaces all of the turn, a live region in it too.
  const spoken = element("div", { className: "hidden" });
  spoken.setAttribute("role", "status");
  document.body.append(spoken);
  kept.watch("value", () => {
    const exchange = kept.props.value?.exchange;
    if (!exchange) return;
    spoken.lang = exchange.answer?.language ?? "";
    spoken.textContent = exchange.state === "failed" ? "" : withoutMarks(exchange.text); // a failure is an alert
  });
}

const withoutMarks = (text) => text.replace(/\s*\[\d+\]/g, "");
