// Makes elements without HTML: text given here is never read as markup.

/**
 * An element with these properties and children.
 * @param {string} tag
 * @param {object} properties DOM properties (`className`, `textContent`, `ariaLabel`); `data` is its dataset.
 * @param {...(Node|string)} children
 */
export const element = (tag, { data = {}, ...properties } = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  Object.assign(made.dataset, data);
  made.append(...children);
  return made;
};

/** A `<button>` that submits nothing. */
export const button = (properties, ...children) => element("button", { type: "button", ...properties }, ...children);

const SVG = "http://www.w3.org/2000/svg";

/** A picture of 24 × 24 units drawn along a path, hidden from screen readers. */
export const icon = (path) => {
  const picture = document.createElementNS(SVG, "svg");
  picture.setAttribute("viewBox", "0 0 24 24");
  picture.setAttribute("class", "icon");
  picture.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(SVG, "path");
  line.setAttribute("d", path);
  picture.append(line);
  return picture;
};

/** A message with its names in braces filled in: `filled("Delete “{title}”?", { title })`. */
export const filled = (message, values) =>
  message.replace(/\{(\w+)\}/g, (braces, name) => (name in values ? String(values[name]) : braces));
