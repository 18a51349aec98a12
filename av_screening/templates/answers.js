// What a reader answers, kept in this browser for each run, reader and photograph (by
// content and name), so that another cohort's photograph is not taken for it.
const ANSWERS = ["0", "1", "2", "3", "questionable", "cannot_grade", "no_crossing", "vein_above"];
const ANSWER_NAMES = { questionable: translate("questionable"), cannot_grade: translate("cannot grade"),
  no_crossing: translate("no crossing"), vein_above: translate("vein above") };
const REASONS = ["blurred", "too_dark_or_bright", "vein_too_thin", "on_the_disc", "vessels_parallel",
  "hidden", "other"];
const REASON_NAMES = { blurred: translate("blurred"), too_dark_or_bright: translate("too dark or bright"),
  vein_too_thin: translate("vein too thin"), on_the_disc: translate("on the disc"),
  vessels_parallel: translate("vessels parallel"), hidden: translate("hidden"), other: translate("other") };
const GRADABLE = ["0", "1", "2", "3", "questionable"]; // answers that signs can stand beside
// Signs that a reader says of a vein, and the words for each; see docs/FORMATS.md, review file.
const SIGNS = { side_first: ["0", "1", "2", "3"], side_second: ["0", "1", "2", "3"], bent: ["y", "n"] };
const SIGN_NAMES = { side_first: translate("first side"), side_second: translate("second side") };
const words = (name) => name.replaceAll("_", " ");

const photographs = readJson("photographs");
const photographOf = new Map(photographs.map((entry) => [entry.key, entry]));
const ROOT = `av-nicking-review:${settings.run}`;
const session = { reader: "", blind: false };
let kept = new Map(); // photograph's key → {name, seen, answers: {id: {…}}}
let undoable = [];

function storage(act) {
  try {
    return act(window.localStorage);
  } catch {
    tell(translate("This browser keeps nothing more (private window, or full): download the review before you close the page."));
    return null;
  }
}

const prefixOf = (reader) => `${ROOT}:${encodeURIComponent(reader)}:`;

function parsed(text) {
  try {
    const value = JSON.parse(text);
    return value && typeof value.answers === "object" ? value : null;
  } catch {
    return null;
  }
}

// All that this reader has answered in this run, also for photographs that this page does not show.
function readKept() {
  kept = new Map();
  storage((store) => {
    const prefix = prefixOf(session.reader);
    for (let i = 0; i < store.length; i += 1) {
      const name = store.key(i);
      const value = name.startsWith(prefix) ? parsed(store.getItem(name)) : null;
      if (value) kept.set(name.slice(prefix.length), value);
    }
  });
}

function reviewOf(key) {
  return kept.get(key) || { name: photographOf.get(key)?.name ?? "", answers: {} };
}

function keep(key, review) {
  kept.set(key, review);
  storage((store) => store.setItem(prefixOf(session.reader) + key, JSON.stringify(review)));
}

function answerOf(key, id) {
  return reviewOf(key).answers[id];
}

// Sets or, with undefined, takes back an answer; what was there before can be undone.
function setAnswer(key, id, answer, undo = true) {
  const review = structuredClone(reviewOf(key));
  if (undo) undoable.push({ key, id, before: review.answers[id] });
  if (answer === undefined) delete review.answers[id];
  else review.answers[id] = { ...answer, blind: Number(session.blind), time: new Date().toISOString() };
  keep(key, { ...review, seen: 1 });
}

function undoAnswer() {
  const last = undoable.pop();
  if (!last) return null;
  const review = structuredClone(reviewOf(last.key));
  if (last.before === undefined) delete review.answers[last.id];
  else review.answers[last.id] = last.before;
  keep(last.key, review);
  return last;
}

function markSeen(key) {
  const review = reviewOf(key);
  if (!review.seen) keep(key, { ...structuredClone(review), seen: 1 });
}

// How many of a photograph's crossings are answered; one without crossings is reviewed when seen.
function progressOf(entry) {
  const review = kept.get(entry.key);
  const total = entry.marks.length;
  if (!review) return { answered: 0, total, done: false };
  const open = Object.values(review.answers).filter((a) => a.added && !a.answer).length;
  const answered = Object.values(review.answers).filter((a) => !a.added && a.answer).length;
  return { answered, total, done: answered >= total && !open && Boolean(review.seen) };
}

// Reader and mode are kept for the run; `?blind=1&reader=ab` sets them.
function readSession() {
  const saved = storage((store) => JSON.parse(store.getItem(ROOT) || "null")) || {};
  const asked = new URLSearchParams(window.location.search);
  session.reader = asked.get("reader") ?? saved.reader ?? "";
  session.blind = asked.has("blind") ? asked.get("blind") !== "0" : Boolean(saved.blind);
  keepSession();
}

function keepSession() {
  storage((store) => store.setItem(ROOT, JSON.stringify(session)));
}

// Answers that were given before the reader said who it is become this reader's.
function setReader(reader) {
  const unnamed = session.reader === "" ? kept : new Map();
  session.reader = reader;
  undoable = [];
  keepSession();
  readKept();
  for (const [key, review] of unnamed) {
    if (kept.has(key)) continue;
    keep(key, review);
    storage((store) => store.removeItem(prefixOf("") + key));
  }
}
