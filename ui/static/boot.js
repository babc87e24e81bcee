// Takes the opening away once Gradio has built the page and the server has filled it.
const LONGEST_WAIT = 1500; // milliseconds from the first to the second

const built = () => document.querySelector("#question textarea");
const filled = () => document.querySelector("#welcome .title, .turn");
const opening = document.getElementById("opening");

const end = () => {
  watch.disconnect();
  opening.remove();
};
let waiting = false;
const watch = new MutationObserver(() => {
  if (!built()) return;
  if (filled()) end();
  else if (!waiting) waiting = setTimeout(end, LONGEST_WAIT);
});
watch.observe(document.body, { childList: true, subtree: true });
