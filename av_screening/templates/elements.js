// Making and finding elements. Text is only ever set as text, so that names and notes that hold
// HTML stay text.
const byId = (id) => document.getElementById(id);
const readJson = (id) => JSON.parse(byId(id).textContent);

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

const make = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);
const draw = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function press(button, on) {
  button.setAttribute("aria-pressed", String(on));
}

// What went wrong, in sight until it is put right or another message follows.
function tell(text) {
  byId("message").textContent = text;
  byId("message").hidden = !text;
}

// The same order for the same word on every machine (xmur3 and mulberry32).
function shuffled(values, word) {
  let seed = 1779033703 ^ word.length;
  for (let i = 0; i < word.length; i += 1) {
    seed = Math.imul(seed ^ word.charCodeAt(i), 3432918353);
    seed = (seed << 13) | (seed >>> 19);
  }
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const found = [...values];
  for (let i = found.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [found[i], found[j]] = [found[j], found[i]];
  }
  return found;
}
