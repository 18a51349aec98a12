// Every key, once: what the help shows is what is pressed. "where" is the view in which it works.
const inReview = () => !byId("review").hidden;
const inIndex = () => !inReview();
const toggle = (id) => () => byId(id).click();
const KEYS = [
  ["Answer", inReview, [
    [["0", "1", "2", "3"], "grade", (key) => give(key)],
    [["q"], "questionable", () => give("questionable")],
    [["c"], "cannot grade; then 1 to 7 says why", () => { give("cannot_grade"); asking = Boolean(review.item); }],
    [["x"], "no crossing (an added one is removed)", () => give("no_crossing")],
    [["o"], "vein above the artery", () => give("vein_above")],
    [["Enter"], "confirm the grade and the signs shown, and go on", () => confirmAndGoOn()],
    [["Backspace", "Delete"], "clear the answer", () => clearAnswer()],
    [["u"], "undo", () => undo()],
    [[","], "the vein’s first side; then 0 to 3", () => askSide("side_first")],
    [["."], "the vein’s second side; then 0 to 3", () => askSide("side_second")],
    [["p"], "the vein is bent, is not, nothing said", () => turnBent()],
    [["a"], "add a missed crossing: arrows move the aim, Enter adds, Esc ends", () => startAdding(!aim)],
  ]],
  ["Move", inReview, [
    [["j", "ArrowDown", "ArrowRight"], "next crossing", () => stepItem(1)],
    [["k", "ArrowUp", "ArrowLeft"], "previous crossing", () => stepItem(-1)],
    [["n"], "next crossing without an answer, then next photograph", () => nextOpen()],
    [["]", "PageDown"], "next photograph", () => stepPhotograph(1)],
    [["[", "PageUp"], "previous photograph", () => stepPhotograph(-1)],
    [["i"], "index", () => toIndex()],
  ]],
  ["Look", inReview, [
    [["z"], "zoom to the crossing, and back", () => (view.zoom > 1 || !review.item ? fitPhotograph() : zoomTo(review.item.x, review.item.y))],
    [["+", "="], "zoom in", () => zoomBy(1.4)],
    [["-"], "zoom out", () => zoomBy(1 / 1.4)],
    [["h", "l", "t", "b"], "move the photograph left, right, up, down", (key) => panBy(...{ h: [60, 0], l: [-60, 0], t: [0, 60], b: [0, -60] }[key])],
    [["f", "Escape"], "the whole photograph", () => (aim ? startAdding(false) : fitPhotograph())],
    [["r"], "crossings on the photograph", () => setLayer("crossings")],
    [["v"], "vessels", () => setLayer("vessels")],
    [["d"], "disc and zones", () => pagePhotograph.disc && setLayer("disc")],
    [["m"], "map over the crossing", () => setPart("map")],
    [["e"], "measured edges of the vein", () => setPart("edges")],
    [["g"], "where the grader looked", () => setPart("explained")],
  ]],
  ["Index", inIndex, [
    [["j", "ArrowDown"], "next photograph", () => moveRow(1)],
    [["k", "ArrowUp"], "previous photograph", () => moveRow(-1)],
    [["Enter"], "open it", () => openRow()],
    [["]", "PageDown"], "next page", () => turnPage(1)],
    [["[", "PageUp"], "previous page", () => turnPage(-1)],
    [["1", "2", "3", "4", "5"], "filters, from the left", (key) => document.querySelectorAll("[data-filter]")[key - 1]?.click()],
    [["m"], "list or montage", () => setMontage(!shown.montage)],
    [["u"], "undo the last answer", () => undo()],
    [["/"], "find a name", () => byId("find").focus()],
  ]],
  ["Everywhere", () => true, [
    [["s"], "save: download the review file", () => downloadReview()],
    [["w"], "blind mode: the model’s grades are hidden, the order is shuffled", toggle("blind")],
    [["y"], "say who reads", () => byId("reader").focus()],
    [["?"], "these keys", () => showKeys()],
  ]],
];
let asking = false; // whether the next digit says why a crossing cannot be graded

const NAMES_OF_KEYS = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc" };

function showKeys() {
  byId("key-list").replaceChildren(...KEYS.map(([title, , keys]) => make("section", {}, make("h3", {}, title),
    make("dl", {}, ...keys.map(([names, text]) => make("div", {},
      make("dt", {}, ...names.flatMap((name) => [make("kbd", {}, NAMES_OF_KEYS[name] ?? name), " "])), make("dd", {}, text)))))));
  byId("keys").showModal();
}

function aimKey(key) {
  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  if (moves[key]) moveAim(...moves[key]);
  else if (key === "Enter") addCrossing(aim.x, aim.y);
  else return false;
  return true;
}

function handleKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || byId("keys").open) return;
  const { target, key } = event;
  if (target.matches("input:not([type=checkbox]), select, textarea")) {
    if (key === "Escape" || (key === "Enter" && target.tagName === "INPUT")) { target.blur(); event.preventDefault(); }
    return;
  }
  // A focused button, link or fold keeps Enter and space for itself.
  if ((key === "Enter" || key === " ") && target.closest("button, a, summary, input, label") && !aim) return;
  if (inReview() && aim && aimKey(key)) { event.preventDefault(); return; }
  if (asking && inReview() && /^[1-7]$/.test(key)) {
    setReason(REASONS[key - 1]);
    asking = false;
    event.preventDefault();
    return;
  }
  if (key !== "Shift") asking = false;
  if (askedSide && inReview()) {
    const taken = /^[0-3]$/.test(key) ? [key] : ["Backspace", "Delete"].includes(key) ? [undefined] : null;
    if (taken) setSign(askedSide, taken[0]);
    else if (key === "Escape") askSide(null);
    if (taken || key === "Escape") { event.preventDefault(); return; }
    if (key !== "Shift") askSide(null);
  }
  for (const [, where, keys] of KEYS) {
    const found = where() && keys.find(([names]) => names.includes(key));
    if (!found) continue;
    found[2](key);
    event.preventDefault();
    return;
  }
}
document.addEventListener("keydown", handleKey);
