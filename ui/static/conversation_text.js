// Text of conversations: titles that are safe to show, what a search compares, files to save.

const TITLE_LENGTH = 80;
const RENAMED_LENGTH = 200;

// Overrides and embeddings turn what stands beside them around; lone surrogates and controls are no text at all.
const UNSHOWN = /[\u202a-\u202e\u2066-\u2069\p{Cs}]/gu;
const CONTROLS = /[\p{Cc}\s]+/gu;
const VISIBLE = /[\p{L}\p{N}\p{P}\p{S}]/u;

/** Text as one line without what could disturb the lines around it; `""` if nothing of it can be seen. */
const oneLine = (text) => {
  const line = text.replace(UNSHOWN, "").replace(CONTROLS, " ").trim();
  return VISIBLE.test(line) ? line : "";
};

/** The segments that fit into so many UTF-16 units. */
const fitting = (text, length, granularity) => {
  let kept = "";
  for (const { segment } of new Intl.Segmenter(undefined, { granularity }).segment(text)) {
    if (kept.length + segment.length > length) break;
    kept += segment;
  }
  return kept.replace(/[\s\p{P}]+$/u, "");
};

/** A line of at most so many UTF-16 units: cut between words, or within one that would leave less than half of it. */
const shortened = (line, length) => {
  if (line.length <= length) return line;
  const start = line.slice(0, 2 * length); // segmenting all of a long text would take a while
  const words = fitting(start, length - 1, "word");
  return `${words.length * 2 < length ? fitting(start, length - 1, "grapheme") : words}…`;
};

/** A title from the first question of a conversation. */
export const titleOf = (question) => shortened(oneLine(question.slice(0, 4000)), TITLE_LENGTH);

/** A title that somebody wrote, or that was stored by who knows whom. */
export const cleanTitle = (title) => shortened(oneLine(title.slice(0, 4000)), RENAMED_LENGTH);

// Accents, Hebrew points, Arabic vowel signs and the stroke that only widens a word; the same as in index/spelling.py.
const SIGNS = /[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06ed]+/g;
const LETTERS = { đ: "d", ð: "d", ø: "o", ł: "l", ħ: "h", þ: "th", æ: "ae", œ: "oe", ς: "σ" };

/** Text as a search compares it: width, case and accents make no difference, in any script. */
export const folded = (text) =>
  text
    .normalize("NFKD")
    .replace(SIGNS, "")
    .toUpperCase() // ß is SS, and ı is I
    .toLowerCase()
    .replace(/[đðøłħþæœς]/g, (letter) => LETTERS[letter])
    .normalize("NFC");

/** Text that Markdown shows as it is, in one line. */
const escapedMarkdown = (text) => oneLine(text).replace(/[\\`*_[\]<>#~|&$]/g, "\\$&");

/** Markdown whose footnotes bear the number of their exchange, so that no two exchanges share a label. */
const withOwnFootnotes = (markdown, number) =>
  markdown.replace(/(\\.)|\[\^([^\]\s]+)\]/gs, (found, escaped, label) => escaped ?? `[^${number}-${label}]`);

/** A conversation as a Markdown document: its title, and each question above its answer. */
export const conversationMarkdown = ({ title, exchanges }) => {
  const parts = title ? [`# ${escapedMarkdown(title)}`] : [];
  exchanges.forEach(({ question, markdown }, index) => {
    parts.push(`## ${escapedMarkdown(question)}`, withOwnFootnotes(markdown, index + 1).trim());
  });
  return `${parts.filter(Boolean).join("\n\n")}\n`;
};

/** A conversation as JSON, as it is stored. */
export const conversationJson = (conversation) => `${JSON.stringify(conversation, null, 2)}\n`;

const NOT_IN_FILE_NAMES = /[<>:"/\\|?*]+/g;
const RESERVED_BY_WINDOWS = /^(con|prn|aux|nul|com\d|lpt\d)$/i;
const FILE_NAME_BYTES = 200; // file systems allow 255, and browsers add " (1)"

/** A name that every file system takes, in any script; its suffix stays. */
export const fileName = (name) => {
  const [, stem, suffix] = /^(.*?)(\.[a-z0-9]{1,8})?$/is.exec(name);
  let kept = oneLine(stem.slice(0, 4000)).replace(NOT_IN_FILE_NAMES, " ").replace(/\s+/g, " ");
  kept = kept.replace(/^[.\s]+|[.\s]+$/g, "");
  if (kept === "" || RESERVED_BY_WINDOWS.test(kept)) kept = `conversation ${kept}`.trim();
  let short = "";
  let bytes = 0;
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "grapheme" }).segment(kept)) {
    bytes += new TextEncoder().encode(segment).length;
    if (bytes > FILE_NAME_BYTES) break;
    short += segment;
  }
  return short.trim() + (suffix ?? "");
};

/** Have the browser save a text as a file. */
export const download = (name, type, text) => {
  const address = URL.createObjectURL(new Blob([text], { type: `${type};charset=utf-8` }));
  const link = document.createElement("a");
  link.href = address;
  link.download = fileName(name);
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // Safari starts reading some time after the click
};
