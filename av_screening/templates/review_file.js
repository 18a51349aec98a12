// The review file: one CSV a run and reader, see docs/FORMATS.md; written and read back. "grade" is
// the run's own, where the reader saw it. An added crossing is in it once it is answered.
const UNNAMED = "unnamed";
const COLUMNS = ["photograph", "crossing", "x", "y", "answer", "reason", "grade", "reader", "blind",
  "time", "run", "side_first", "side_second", "bent"];
const BEFORE_SIGNS = 11; // columns of files of 0.2.0

function field(value) {
  const text = String(value ?? "");
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function reviewFile() {
  const lines = [COLUMNS];
  const known = photographs.map((entry) => entry.key);
  const others = [...kept.keys()].filter((key) => !photographOf.has(key)).sort();
  for (const key of [...known, ...others]) {
    const review = kept.get(key);
    if (!review) continue;
    const ids = Object.keys(review.answers).sort((a, b) =>
      Number(a.startsWith("+")) - Number(b.startsWith("+")) || Number(a) - Number(b));
    for (const id of ids) {
      const a = review.answers[id];
      if (a.answer) lines.push([review.name, a.added ? "" : id, a.x, a.y, a.answer, a.reason, a.grade,
        session.reader || UNNAMED, a.blind, a.time, settings.run, ...Object.keys(SIGNS).map((name) => a[name])]);
    }
  }
  return lines.map((line) => line.map(field).join(",") + "\n").join("");
}

// Crossings that were added, or whose signs were read, and that have no answer yet.
function unanswered() {
  return [...kept.values()].flatMap((review) => Object.values(review.answers).filter((a) => !a.answer));
}

function downloadReview() {
  const left = unanswered();
  const added = left.filter((a) => a.added).length;
  const others = left.length - added;
  tell([added && translate("{n} added crossings have no answer and are not in the file.", { n: added }),
    others && translate("{n} crossings with signs have no answer and are not in the file.", { n: others })].filter(Boolean).join(" "));
  const link = make("a", { download: `review_${settings.run}_${session.reader.replace(/[^\w-]/g, "_") || UNNAMED}.csv` });
  link.href = URL.createObjectURL(new Blob([reviewFile()], { type: "text/csv" }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

// Rows of CSV text: fields between commas, quoted where they hold a comma, a quote or a line break.
function parseCsv(text) {
  const rows = [[]];
  const pattern = /("(?:[^"]|"")*"|[^,\r\n]*)(,|\r?\n|\r|$)/gy;
  while (pattern.lastIndex < text.length) {
    const found = pattern.exec(text);
    if (!found) throw new Error(translate("row {row}: {why}", { row: rows.length, why: translate("a quote is not closed") }));
    const value = found[1];
    rows.at(-1).push(value.startsWith('"') ? value.slice(1, -1).replaceAll('""', '"') : value);
    if (found[2] !== ",") rows.push([]);
  }
  if (text.endsWith(",")) rows.at(-1).push("");
  return rows.filter((row) => row.length && !(row.length === 1 && row[0] === ""));
}

// Answers of a review file; throws with the row's number, the first below the header being 2.
function answersOfFile(text) {
  const [header, ...rows] = parseCsv(text.replace(/^\ufeff/, ""));
  if (!header || ![COLUMNS.join(), COLUMNS.slice(0, BEFORE_SIGNS).join()].includes(header.join())) {
    throw new Error(translate("expected the columns {expected}, found {found}", { expected: COLUMNS.join(), found: (header || []).join() }));
  }
  const keyOf = new Map(photographs.map((entry) => [entry.name, entry.key]));
  const seen = new Set();
  return rows.map((values, number) => {
    const row = Object.fromEntries(COLUMNS.map((name, i) => [name, values[i] ?? ""]));
    const fail = (why) => { throw new Error(translate("row {row}: {why}", { row: number + 2, why })); };
    if (values.length !== header.length) fail(translate("expected {expected} values, found {found}", { expected: header.length, found: values.length }));
    if (row.run !== settings.run) fail(translate("expected the run {expected}, found {found}", { expected: settings.run, found: row.run }));
    const key = keyOf.get(row.photograph) ?? fail(translate("no photograph {name} in this page", { name: row.photograph }));
    const added = row.crossing === "";
    if (!ANSWERS.includes(row.answer)) fail(translate("unknown answer {answer}", row));
    if (!added && !(row.crossing in photographOf.get(key).marks)) fail(translate("no crossing {crossing} in {photograph}", row));
    if (!Number.isFinite(parseFloat(row.x)) || !Number.isFinite(parseFloat(row.y))) fail(translate("expected a position"));
    for (const [name, possible] of Object.entries(SIGNS)) {
      if (row[name] && !possible.includes(row[name])) fail(`${name}: ${translate("expected {possible} or nothing, found {found}", { possible: possible.join(", "), found: row[name] })}`);
      if (row[name] && !GRADABLE.includes(row.answer)) fail(`${name}: ${translate("expected nothing beside {answer}, found {found}", { answer: row.answer, found: row[name] })}`);
    }
    const place = JSON.stringify([key, row.crossing, ...(added ? [row.x, row.y] : [])]);
    if (seen.has(place)) fail(translate("a second answer for the same crossing"));
    seen.add(place);
    return { key, id: row.crossing, row, added };
  });
}

// Takes a review file's answers into this browser; an answer that is newer here stays.
function loadReview(text) {
  const answers = answersOfFile(text);
  const readers = new Set(answers.map((a) => a.row.reader));
  if (readers.size > 1) throw new Error(translate("expected one reader, found {found}", { found: [...readers].join(", ") }));
  if (readers.size) setReader([...readers][0].replace(UNNAMED, ""));
  const reviews = new Map();
  for (const { key, id, row, added } of answers) {
    const review = reviews.get(key) || structuredClone(reviewOf(key));
    const same = Object.keys(review.answers).find((other) => review.answers[other].added &&
      review.answers[other].x === row.x && review.answers[other].y === row.y);
    const place = added ? same ?? nextAdded(review) : id;
    const answer = { answer: row.answer, x: row.x, y: row.y, blind: Number(row.blind), time: row.time };
    if (row.reason) answer.reason = row.reason;
    if (row.grade) answer.grade = row.grade;
    for (const name of Object.keys(SIGNS)) if (row[name]) answer[name] = row[name];
    if (added) answer.added = 1;
    if (!(review.answers[place]?.time > row.time)) review.answers[place] = answer;
    reviews.set(key, { ...review, seen: 1 });
  }
  for (const [key, review] of reviews) keep(key, review);
  undoable = [];
  return answers.length;
}

function nextAdded(review) {
  let number = 1;
  while (`+${number}` in review.answers) number += 1;
  return `+${number}`;
}
