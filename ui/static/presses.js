// Pressed twice, a button or Enter asks once. A fast answer is there before the second press reaches the server, which
// would take it for the next question; and where the button to ask was, there is the one to stop by then.
const DOUBLE_PRESS = 500; // milliseconds

const questionBox = () => document.querySelector("#question textarea");

/** What a press would ask; `null` if nothing. */
const askedBy = ({ type, target, key, shiftKey, isComposing }) => {
  if (type === "input") return null;
  if (type === "keydown") {
    const isSent = target === questionBox() && key === "Enter" && !shiftKey && !isComposing;
    return isSent ? target.value : null;
  }
  if (target.closest("#ask")) return questionBox().value;
  if (target.closest(".action.repeat")) return "repeat";
  return target.closest("[data-question]")?.dataset.question ?? null;
};

/** Let no second press through that asks the same at once. */
export const ignoreDoublePresses = () => {
  let last = null;
  let pressedAt = -DOUBLE_PRESS;
  const look = (event) => {
    const isQuick = event.timeStamp - pressedAt < DOUBLE_PRESS;
    const asked = askedBy(event);
    const stops = event.detail > 1 && event.target.closest?.("#stop");
    if (isQuick && (stops || (asked !== null && asked === last))) {
      event.preventDefault();
      event.stopImmediatePropagation();
    } else {
      last = asked; // whatever else is pressed or typed in between makes it no double press
      if (asked !== null) pressedAt = event.timeStamp;
    }
  };
  for (const kind of ["click", "keydown", "input"]) document.addEventListener(kind, look, { capture: true });
};
