// Every key, once: what the help shows is what is pressed. "where" is the view in which it works.
const inReview = () => !byId("review").hidden;
const inIndex = () => !inReview();
const toggle = (id) => () => byId(id).click();
const KEYS = [
  [translate("Answer"), inReview, [
    [["0", "1", "2", "3"], translate("grade"), (key) => give(key)],
    [["q"], translate("questionable"), () => give("questionable")],
    [["c"], translate("cannot grade; then 1 to 7 says why"), () => { give("cannot_grade"); asking = Boolean(review.item); }],
    [["x"], translate("no crossing (an added one is removed)"), () => give("no_crossing")],
    [["o"], translate("vein above the artery"), () => give("vein_above")],
    [["Enter"], translate("confirm the grade and the signs shown, and go on"), () => confirmAndGoOn()],
    [["Backspace", "Delete"], translate("clear the answer"), () => clearAnswer()],
    [["u"], translate("undo"), () => undo()],
    [[","], translate("the vein’s first side; then 0 to 3"), () => askSide("side_first")],
    [["."], translate("the vein’s second side; then 0 to 3"), () => askSide("side_second")],
    [["p"], translate("the vein is bent, is not, nothing said"), () => turnBent()],
    [["a"], translate("add a missed crossing: arrows move the aim, Enter adds, Esc ends"), () => startAdding(!aim)],
  ]],
  [translate("Move"), inReview, [
    [["j", "ArrowDown", "ArrowRight"], translate("next crossing"), () => stepItem(1)],
    [["k", "ArrowUp", "ArrowLeft"], translate("previous crossing"), () => stepItem(-1)],
    [["n"], translate("next crossing without an answer, then next photograph"), () => nextOpen()],
    [["]", "PageDown"], translate("next photograph"), () => stepPhotograph(1)],
    [["[", "PageUp"], translate("previous photograph"), () => stepPhotograph(-1)],
    [["i"], translate("index"), () => toIndex()],
  ]],
  [translate("Look"), inReview, [
    [["z"], translate("zoom to the crossing, and back"), () => (view.zoom > 1 || !review.item ? fitPhotograph() : zoomTo(review.item.x, review.item.y))],
    [["+", "="], translate("zoom in"), () => zoomBy(1.4)],
    [["-"], translate("zoom out"), () => zoomBy(1 / 1.4)],
    [["h", "l", "t", "b"], translate("move the photograph left, right, up, down"), (key) => panBy(...{ h: [60, 0], l: [-60, 0], t: [0, 60], b: [0, -60] }[key])],
    [["f", "Escape"], translate("the whole photograph"), () => (aim ? startAdding(false) : fitPhotograph())],
    [["r"], translate("crossings on the photograph"), () => setLayer("crossings")],
    [["v"], translate("vessels"), () => setLayer("vessels")],
    [["d"], translate("disc and zones"), () => pagePhotograph.disc && setLayer("disc")],
    [["m"], translate("map over the crossing"), () => setPart("map")],
    [["e"], translate("measured edges of the vein"), () => setPart("edges")],
    [["g"], translate("where the grader looked"), () => setPart("explained")],
  ]],
  [translate("Index"), inIndex, [
    [["j", "ArrowDown"], translate("next photograph"), () => moveRow(1)],
    [["k", "ArrowUp"], translate("previous photograph"), () => moveRow(-1)],
    [["Enter"], translate("open it"), () => openRow()],
    [["]", "PageDown"], translate("next page"), () => turnPage(1)],
    [["[", "PageUp"], translate("previous page"), () => turnPage(-1)],
    [["1", "2", "3", "4", "5"], translate("filters, from the left"), (key) => document.querySelectorAll("[data-filter]")[key - 1]?.click()],
    [["m"], translate("list or montage"), () => setMontage(!shown.montage)],
    [["u"], translate("undo the last answer"), () => undo()],
    [["/"], translate("find a name"), () => byId("find").focus()],
  ]],
  [translate("Everywhere"), () => true, [
    [["s"], translate("save: download the review file"), () => downloadReview()],
    [["w"], translate("blind mode: the model’s grades are hidden, the order is shuffled"), toggle("blind")],
    [["y"], translate("say who reads"), () => byId("reader").focus()],
    [["?"], translate("these keys"), () => showKeys()],
  ]],
];
let asking = false; // whether the next digit says why a crossing cannot be graded

const NAMES_OF_KEYS = { ArrowDown: "↓", ArrowUp: "↑", ArrowLeft: "←", ArrowRight: "→", Escape: translate("Esc"),
  Enter: translate("Enter"), Backspace: translate("Backspace"), Delete: translate("Delete"),
  PageUp: translate("PageUp"), PageDown: translate("PageDown") };

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
