// Gradio compiles the templates of its HTML component with `Function`. The page's policy forbids that, because it would
// let any text become a script. Ours are of three forms, all known beforehand, for which no compiler is needed; what is
// of another form goes to the browser, which refuses it. Runs before Gradio, as all our modules do.
const MADE_BY_HANDLEBARS = /^\s*return "((?:\$\{value\})?)";\s*$/;
const TEMPLATE = /^return `((?:\$\{value\})?)`;$/;
const HANDED_TO_SCRIPT = /^\(window\.footnote \?\?= \[\]\)\.push\(\{name: '(\w+)', element, trigger, server, watch, props\}\);/;

const known = (names, body) => {
  const constant = MADE_BY_HANDLEBARS.exec(body)?.[1];
  if (constant !== undefined) return () => constant;
  const template = TEMPLATE.exec(body)?.[1];
  if (template !== undefined) return (...values) => (template ? String(values[names.indexOf("value")]) : "");
  const name = HANDED_TO_SCRIPT.exec(body)?.[1];
  if (name)
    return (element, trigger, props, server, upload, watch) =>
      (window.footnote ??= []).push({ name, element, trigger, server, watch, props });
};

const find = (parameters) => known(parameters.slice(0, -1), String(parameters.at(-1)));

window.Function = new Proxy(window.Function, {
  apply: (original, self, parameters) => find(parameters) ?? Reflect.apply(original, self, parameters),
  construct: (original, parameters) => find(parameters) ?? Reflect.construct(original, parameters),
});
