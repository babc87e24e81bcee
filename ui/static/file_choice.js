// Which of the files that somebody chose or dropped are sent. Gradio would refuse the others in English and in passing.

/**
 * Keep files that are not taken from the place for files of Gradio's.
 * @param {HTMLElement} place
 * @param {object} options
 * @param {(file: File) => boolean} options.isTaken
 * @param {(names: string[]) => void} options.onChoice what was refused of a choice, which may be nothing
 */
export const takeOnly = (place, { isTaken, onChoice }) => {
  // Both listen on the way down, before Gradio does.
  place.addEventListener(
    "change",
    (event) => {
      const input = event.target;
      if (input.type !== "file") return;
      const taken = new DataTransfer();
      const refused = [];
      for (const file of input.files) {
        if (isTaken(file)) taken.items.add(file);
        else refused.push(file.name);
      }
      onChoice(refused);
      if (taken.files.length === 0) event.stopPropagation();
      if (refused.length > 0) input.files = taken.files;
    },
    true,
  );
  place.addEventListener(
    "drop",
    (event) => {
      const dropped = event.dataTransfer?.files ?? [];
      const input = place.querySelector("input[type=file]");
      if (!input || [...dropped].every(isTaken)) return onChoice([]);
      // What was dropped cannot be changed, but it can be handed on as if it had been chosen.
      event.preventDefault();
      event.stopPropagation();
      event.target.dispatchEvent(new DragEvent("dragleave", { bubbles: true }));
      input.files = dropped;
      input.dispatchEvent(new Event("change", { bubbles: true }));
    },
    true,
  );
};
