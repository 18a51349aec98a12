// The index: every photograph of the run, filtered, sorted, in pages, as a list or as a montage.
const failures = readJson("failures");
const A_PAGE = { list: 50, montage: 120 };
const shown = { filter: "all", sign: "", sort: "photograph", find: "", montage: false, page: 0, row: 0 };
const is = (value) => value !== undefined && Number(value) > 0;
const gradesOf = (entry) => entry.marks.map((mark) => mark[2]).filter((grade) => grade !== null);
const hasColumn = (name) => photographs.some((entry) => entry.row[name] !== undefined);
const flagged = hasColumn("flagged")
  ? (entry) => is(entry.row.flagged)
  : (entry) => Number(entry.row.highest_grade) >= 2;
const notGradable = (entry) => entry.marks.every((mark) => !mark[3]);

const FILTERS = {
  all: { name: translate("All"), keep: () => true },
  flagged: { name: translate("Flagged"), keep: flagged, model: true,
    title: hasColumn("flagged") ? translate("as the table says") : translate("a crossing of grade 2 or 3") },
  not_gradable: { name: translate("Not gradable"), keep: notGradable, model: true, title: translate("no crossing that can be graded") },
  unreviewed: { name: translate("Unreviewed"), keep: (entry) => !progressOf(entry).done, title: translate("with crossings to answer") },
  failed: { name: translate("Failed"), keep: () => false, title: translate("not screened") },
};

// Signs that this run has measured; those that are answered can be filtered by, all sorted by.
const measuredSigns = settings.findings.filter((finding) => hasColumn(finding.strongest));
const answeredSigns = settings.findings.filter((finding) => finding.present && hasColumn(finding.present));
const hasSign = (finding) => (entry) => is(entry.row[finding.present]);

// Columns of the list: the known ones that the run has, then whatever else summary.csv has got.
const LEFT_OUT = ["id", "fov_diameter_px", "graded", "crossings", "disc_x_px", "disc_y_px", "disc_diameter_px", "disc_score",
  ...settings.findings.flatMap((finding) => [finding.present, finding.strongest])];
const NAMES = { highest_grade: translate("Highest grade"), mean_expected_grade: translate("Mean grade"),
  nicked: translate("Grade 1 or more"), measurable: translate("Measured"), gradable: translate("Gradable"),
  severity: translate("Severity"), flagged: translate("Flagged"), eye: translate("Eye"),
  eye_source: translate("Eye source"), eye_score: translate("Eye score") };
const MODEL = ["highest_grade", "mean_expected_grade", "nicked", "measurable"];
const known = ["highest_grade", "mean_expected_grade", "nicked", "measurable"].filter(hasColumn);
const more = [...new Set(photographs.flatMap((entry) => Object.keys(entry.row)))]
  .filter((name) => !known.includes(name) && !LEFT_OUT.includes(name));
const indexColumns = () => (session.blind ? [] : [...known, ...more]);
const columnName = (name) => NAMES[name] ?? words(name).replace(/^./, (c) => c.toUpperCase());
const SORTS = {
  photograph: { name: translate("Name"), by: (entry) => entry.name },
  open: { name: translate("Least reviewed"), by: (entry) => { const p = progressOf(entry); return p.done ? 2 : p.answered / (p.total + 1); } },
  crossings: { name: translate("Most crossings"), by: (entry) => -entry.marks.length },
};
for (const name of [...known, ...more]) {
  SORTS[name] = { name: translate("{name}, greatest first", { name: columnName(name) }), model: true, by: (entry) => {
    const value = entry.row[name];
    return value === undefined ? Infinity : Number.isNaN(Number(value)) ? String(value) : -Number(value);
  } };
}
for (const { name, title, strongest, least } of measuredSigns) {
  SORTS[`sign_${name}`] = { name: translate("{name}, strongest first", { name: title }), model: true, sign: true, by: (entry) => {
    const value = entry.row[strongest];
    return value === undefined ? Infinity : least ? Number(value) : -Number(value);
  } };
}
if (SORTS.severity) shown.sort = "severity"; // a reader who is not blind begins with what is there to see
const collator = new Intl.Collator(settings.language, { numeric: true });

function ordered(entries) {
  if (session.blind && (shown.sort === "photograph" || SORTS[shown.sort].model)) return shuffled(entries, `${settings.run}:${session.reader}`);
  const keyed = entries.map((entry) => [SORTS[shown.sort].by(entry), entry]);
  const compare = (a, b) => (typeof a === "number" && typeof b === "number" ? (a === b ? 0 : a < b ? -1 : 1) : collator.compare(a, b));
  return keyed.sort(([a, one], [b, other]) => compare(a, b) || collator.compare(one.name, other.name)).map(([, entry]) => entry);
}

// Photographs that the list shows, in its order; "next photograph" follows it too.
function listed() {
  const keep = FILTERS[shown.filter].keep;
  const find = shown.find.toLowerCase();
  const sign = answeredSigns.find((finding) => finding.name === shown.sign);
  return ordered(photographs.filter((entry) => keep(entry) && (!sign || hasSign(sign)(entry)) && entry.name.toLowerCase().includes(find)));
}

function showIndex() {
  if (!byId("index")) return;
  byId("index").hidden = false;
  byId("review").hidden = true;
  byId("title").textContent = document.title = translate("{n} photographs screened, {failed} not", { n: photographs.length, failed: failures.length });
  showTotals();
  showControls();
  const failed = shown.filter === "failed";
  const all = failed ? failures.filter((row) => row.photograph.toLowerCase().includes(shown.find.toLowerCase())) : listed();
  const size = A_PAGE[shown.montage ? "montage" : "list"];
  const pages = Math.max(1, Math.ceil(all.length / size));
  shown.page = Math.max(0, Math.min(pages - 1, shown.page));
  const page = all.slice(shown.page * size, (shown.page + 1) * size);
  shown.row = Math.max(0, Math.min(page.length - 1, shown.row));
  byId("page-text").textContent = all.length
    ? translate("{shown} of {n}", { shown: `${shown.page * size + 1}–${shown.page * size + page.length}`, n: all.length })
    : translate("{shown} of {n}", { shown: 0, n: 0 });
  byId("previous-page").disabled = shown.page === 0;
  byId("next-page").disabled = shown.page >= pages - 1;
  byId("nothing").hidden = all.length > 0;
  const montage = shown.montage && !failed;
  byId("list-view").hidden = montage || !all.length;
  byId("montage").hidden = !montage;
  byId("montage").replaceChildren(...(montage ? page.map(tile) : []));
  const heads = failed ? [translate("Photograph"), translate("Reason"), translate("Message")]
    : ["", translate("Photograph"), translate("Reviewed"), translate("Crossings"), ...(listsSigns() ? [translate("Signs")] : []), ...indexColumns().map(columnName)];
  byId("list-head").replaceChildren(...heads.map((text) => (text ? make("th", { scope: "col" }, text) : make("td", {}))));
  byId("list").replaceChildren(...(montage ? [] : page.map(failed ? failedRow : listRow)));
  showProgress();
}

// The signs that are present, and at how many crossings.
const listsSigns = () => !session.blind && answeredSigns.length > 0;
const signCell = (entry) => make("td", { class: "signs" }, ...answeredSigns.filter((finding) => hasSign(finding)(entry)).map((finding) =>
  make("span", { class: "answer present" }, `${finding.title} ${entry.row[finding.present]}`)));

function thumbnail(entry, lazy = true) {
  const height = Math.round(1000 / entry.aspect);
  const dots = entry.marks.map(([x, y, grade, gradable]) => draw("circle", { cx: x, cy: y, r: 26,
    "data-grade": session.blind ? null : grade, class: gradable || session.blind ? null : "ungradable" }));
  return make("span", { class: "thumbnail" },
    make("img", { src: `${entry.folder.split("/").map(encodeURIComponent).join("/")}/thumbnail.jpg`, alt: "", width: 240,
      height: Math.round(240 / entry.aspect), loading: lazy ? "lazy" : null, decoding: "async" }),
    draw("svg", { viewBox: `0 0 1000 ${height}`, "aria-hidden": "true" }, ...dots));
}

const hashOf = (entry) => `#${encodeURIComponent(entry.folder)}`;

function reviewedText(entry) {
  const { answered, total, done } = progressOf(entry);
  return done ? translate("✓ all") : translate("{shown} of {n}", { shown: answered, n: total });
}

function listRow(entry, number) {
  const cells = indexColumns().map((name) => {
    const value = entry.row[name];
    if (name === "highest_grade") return make("td", { class: "number" }, value === undefined ? translate("not graded") : make("span", { class: "grade", "data-grade": value }, String(value)));
    return make("td", { class: Number.isNaN(Number(value)) ? null : "number" }, String(value ?? ""));
  });
  return make("tr", { class: number === shown.row ? "current" : null },
    make("td", { class: "picture" }, thumbnail(entry)),
    make("th", { scope: "row" }, make("a", { href: hashOf(entry) }, entry.name),
      ...(!session.blind && flagged(entry) ? [" ", make("span", { class: "flag" }, translate("flagged"))] : []),
      ...(entry.row.id ? [make("small", {}, ` ${entry.row.id}`)] : [])),
    make("td", { class: "number" }, reviewedText(entry)),
    make("td", { class: "number" }, String(entry.marks.length)), listsSigns() ? signCell(entry) : null, ...cells);
}

const FAILURE_NAMES = { unreadable: translate("unreadable"), too_large: translate("too large"),
  no_fov: translate("no fov"), too_small: translate("too small"), too_dark: translate("too dark"),
  overexposed: translate("overexposed"), not_fundus: translate("not fundus"), crashed: translate("crashed"),
  timed_out: translate("timed out"), failed: translate("failed") };

function failedRow(row) {
  return make("tr", {}, make("th", { scope: "row" }, row.photograph), make("td", {}, FAILURE_NAMES[row.reason] ?? words(row.reason)), make("td", {}, row.message));
}

function tile(entry, number) {
  const grade = session.blind ? undefined : entry.row.highest_grade;
  return make("li", { class: number === shown.row ? "current" : null },
    make("a", { href: hashOf(entry) }, thumbnail(entry),
      make("span", { class: "name" }, grade === undefined ? null : make("span", { class: "grade", "data-grade": grade }, String(grade)),
        make("span", {}, entry.name)),
      make("small", {}, reviewedText(entry))));
}

function showTotals() {
  const crossings = photographs.reduce((sum, entry) => sum + entry.marks.length, 0);
  const totals = [[translate("Photographs"), photographs.length], [translate("Not screened"), failures.length], [translate("Crossings"), crossings]];
  const grades = photographs.flatMap(gradesOf);
  if (!session.blind && grades.length) {
    for (const grade of [0, 1, 2, 3]) totals.push([translate("Grade {grade}", { grade }), grades.filter((g) => g === grade).length]);
    const ungradable = photographs.reduce((sum, entry) => sum + entry.marks.filter((mark) => !mark[3]).length, 0);
    if (ungradable) totals.push([translate("Not gradable"), ungradable]);
  }
  byId("totals").replaceChildren(...totals.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value.toLocaleString("en")))));
  const done = photographs.filter((entry) => progressOf(entry).done).length;
  byId("reviewed").max = Math.max(1, photographs.length);
  byId("reviewed").value = done;
  byId("reviewed-text").textContent = translate("{shown} of {n}", { shown: done, n: photographs.length });
}

function showControls() {
  const usable = (map) => Object.entries(map).filter(([, one]) => !(session.blind && one.model));
  if (session.blind && FILTERS[shown.filter].model) shown.filter = "all";
  if (session.blind && SORTS[shown.sort].model) shown.sort = "photograph";
  const filterable = listsSigns();
  if (!filterable) shown.sign = "";
  byId("sign-filter").parentElement.hidden = !filterable;
  byId("sign-filter").replaceChildren(make("option", { value: "" }, translate("any")), ...answeredSigns.map((finding) =>
    make("option", { value: finding.name, selected: shown.sign === finding.name },
      `${finding.title} (${photographs.filter(hasSign(finding)).length})`)));
  const count = (name) => (name === "failed" ? failures.length : photographs.filter(FILTERS[name].keep).length);
  byId("filters").replaceChildren(...usable(FILTERS).map(([name, filter]) =>
    make("button", { type: "button", "data-filter": name, title: filter.title, "aria-pressed": String(shown.filter === name),
      on: { click: () => setFilter(name) } }, `${filter.name} ${count(name)}`)));
  const option = ([name, sort]) => make("option", { value: name, selected: shown.sort === name },
    name === "photograph" && session.blind ? translate("Shuffled") : sort.name);
  const bySign = usable(SORTS).filter(([, sort]) => sort.sign);
  byId("sort").replaceChildren(...usable(SORTS).filter(([, sort]) => !sort.sign).map(option),
    bySign.length ? make("optgroup", { label: translate("Signs") }, ...bySign.map(option)) : "");
  press(byId("as-list"), !shown.montage);
  press(byId("as-montage"), shown.montage);
}

function setFilter(name) {
  Object.assign(shown, { filter: name, page: 0, row: 0 });
  showIndex();
  document.querySelector(`[data-filter="${name}"]`)?.focus();
}

function setMontage(on) {
  Object.assign(shown, { montage: on, page: 0, row: 0 });
  showIndex();
}

function turnPage(by) {
  Object.assign(shown, { page: shown.page + by, row: 0 });
  showIndex();
}

function moveRow(by) {
  const rows = document.querySelectorAll(shown.montage ? "#montage li" : "#list tr");
  if (!rows.length) return;
  rows[shown.row]?.classList.remove("current");
  shown.row = Math.max(0, Math.min(rows.length - 1, shown.row + by));
  rows[shown.row].classList.add("current");
  rows[shown.row].querySelector("a")?.focus();
  rows[shown.row].scrollIntoView({ block: "nearest" });
}

function openRow() {
  document.querySelectorAll(shown.montage ? "#montage li" : "#list tr")[shown.row]?.querySelector("a")?.click();
}

// The photograph that is shown follows the address, so that the browser's "back" works too.
let wanted = null;
function goTo(entry, item) {
  wanted = item ?? null;
  if (byId("index") && window.location.hash !== hashOf(entry)) window.location.hash = hashOf(entry);
  else openPhotograph(entry, wanted);
}

function followAddress() {
  const folder = decodeURIComponent(window.location.hash.slice(1));
  const entry = photographs.find((one) => one.folder === folder);
  if (entry) openPhotograph(entry, wanted);
  else showIndex();
  wanted = null;
}

function toIndex() {
  if (byId("index")) window.location.hash = "";
  else window.location.href = `../../index.html${window.location.search}`;
}

function stepPhotograph(by) {
  const list = listed();
  const place = list.indexOf(review.entry);
  const next = place < 0 ? list[0] : list[place + by];
  if (next) goTo(next);
  else if (byId("index")) toIndex();
}
