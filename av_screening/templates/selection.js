// One photograph under review: its crossings in the order they are read, the selected one, and
// what the reader answers.
const review = { entry: null, data: null, items: [], item: null };
const waiting = new Map(); // folder → what to do with the photograph once its data is there

// Called by a photograph's review_data.js.
function receivePhotograph(data) {
  for (const [entry, act] of waiting) if (entry.name === data.photograph) { waiting.delete(entry); act(data); }
}

function loadPhotograph(entry, act) {
  waiting.clear(); // only the one that was asked for last is shown
  waiting.set(entry, act);
  const source = `${entry.folder.split("/").map(encodeURIComponent).join("/")}/review_data.js`;
  const script = make("script", { src: source });
  script.addEventListener("load", () => script.remove());
  script.addEventListener("error", () => {
    script.remove();
    tell(translate("{file} cannot be read: is the photograph's folder beside this page?", { file: `${entry.folder}/review_data.js` }));
  });
  document.head.append(script);
}

function openPhotograph(entry, chosen) {
  loadPhotograph(entry, (data) => {
    tell("");
    Object.assign(review, { entry, data, item: null });
    byId("review").hidden = false;
    if (byId("index")) byId("index").hidden = true;
    byId("title").textContent = entry.name;
    document.title = entry.name;
    markSeen(entry.key);
    makeItems();
    showPhotograph(data);
    startAdding(false);
    const first = review.items.find((item) => item.id === chosen) || review.items.find((item) => !isAnswered(item)) || review.items[0];
    chooseItem(first ?? null);
    window.scrollTo(0, 0);
  });
}

// Crossings by severity, in blind mode in an order of the reader's own; added ones last.
function makeItems() {
  const { data, entry } = review;
  const order = session.blind
    ? shuffled(data.crossings.keys(), `${settings.run}:${session.reader}:${entry.key}`)
    : data.order;
  const found = order.map((number) => {
    const crossing = data.crossings[number];
    return { ...crossing, id: String(number), name: String(number), x: Number(crossing.row.x_px), y: Number(crossing.row.y_px) };
  });
  const answers = reviewOf(entry.key).answers;
  const added = Object.keys(answers).filter((id) => answers[id].added).sort((a, b) => Number(a) - Number(b));
  review.items = [...found, ...added.map((id) => ({ id, name: id, added: true, x: Number(answers[id].x), y: Number(answers[id].y) }))];
  const again = review.items.find((item) => item.id === review.item?.id);
  review.item = again ?? null;
}

const answerFor = (item) => answerOf(review.entry.key, item.id);
const isAnswered = (item) => Boolean(answerFor(item)?.answer);
const modelGrade = (item) => (session.blind || item.added ? undefined : item.row.grade);
// What the run says of the signs, as a reader would write it; nothing in blind mode.
function modelSigns(item) {
  const found = {};
  if (session.blind || item.added) return found;
  for (const side of ["side_first", "side_second"]) {
    const expected = item.row[`${side}_expected`];
    if (expected !== undefined) found[side] = String(Math.min(3, Math.floor(Number(expected) + 0.5)));
  }
  if (item.row.bent_probability !== undefined) found.bent = Number(item.row.bent_probability) >= 0.5 ? "y" : "n";
  return found;
}

// What is shown of a crossing: its grade, whether it is set aside, and a word on the answer.
function stateOf(item) {
  const answer = answerFor(item);
  const model = modelGrade(item);
  const word = answer?.answer;
  const signs = Object.keys(SIGNS).filter((name) => answer?.[name]).map((name) =>
    (name === "bent" ? (answer.bent === "y" ? translate("bent") : translate("not bent")) : `${SIGN_NAMES[name]} ${answer[name]}`));
  if (!word) return { grade: model, text: [item.added ? translate("added, not answered") : translate("not answered"), ...signs].join(", ") };
  const given = /^[0-3]$/.test(word) ? word : undefined;
  const texts = [ANSWER_NAMES[word] ?? translate("grade {grade}", { grade: word })];
  if (answer.reason) texts.push(REASON_NAMES[answer.reason] ?? words(answer.reason));
  if (model !== undefined && given !== undefined) texts.push(String(model) === word ? translate("confirmed") : translate("was {grade}", { grade: model }));
  texts.push(...signs);
  return { grade: given, text: texts.join(", "), dropped: word === "no_crossing", answered: true };
}

function selectItem(id) {
  const item = review.items.find((one) => one.id === String(id));
  if (item) chooseItem(item);
}

function chooseItem(item) {
  review.item = item;
  askedSide = null;
  if (item && view.zoom > 1) zoomTo(item.x, item.y, view.zoom);
  showReview();
  const chip = byId("chips").querySelector('[aria-current="true"]');
  if (chip) byId("chips").scrollTop = chip.offsetTop - byId("chips").offsetTop - 40;
}

function showReview() {
  showCrossing(review.item);
  drawMarks();
  showChips();
  showAnswer();
  showProgress();
}

function showChips() {
  const focused = document.activeElement?.closest?.("#chips button")?.dataset.id;
  byId("chips").replaceChildren(...review.items.map((item) => {
    const state = stateOf(item);
    return make("button", { type: "button", "data-id": item.id, "aria-current": item === review.item ? "true" : null,
      class: state.answered ? "answered" : "", title: state.text,
      "aria-label": `${crossingName(item)}: ${state.text}`, on: { click: () => chooseItem(item) } },
    make("span", { class: "grade", "data-grade": state.grade }, state.dropped ? "×" : state.grade ?? "–"),
    `${item.name}${state.answered ? " ✓" : ""}`);
  }));
  if (focused) byId("chips").querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

function showAnswer() {
  const { item } = review;
  const answer = item ? answerFor(item) : undefined;
  for (const button of document.querySelectorAll("#answers [data-answer]")) {
    const name = button.dataset.answer;
    button.disabled = !item;
    press(button, Boolean(answer) && answer.answer === name);
  }
  const asks = answer?.answer === "cannot_grade";
  byId("reasons").hidden = !asks;
  byId("reasons").replaceChildren(make("p", {}, translate("Why not?")), ...REASONS.map((reason, i) =>
    make("button", { type: "button", "data-reason": reason, "aria-pressed": String(answer?.reason === reason),
      on: { click: () => setReason(reason) } }, REASON_NAMES[reason], " ", make("kbd", {}, String(i + 1)))));
  byId("state").textContent = item ? translate("Your answer: {answer}.", { answer: stateOf(item).text }) : "";
  byId("clear").disabled = !answer;
  showSigns(item, answer);
  const model = item ? modelGrade(item) : undefined;
  byId("confirm").firstChild.textContent = `${model !== undefined && !answer?.answer ? translate("Confirm, next") : translate("Next")} `;
  byId("confirm").disabled = !item;
}

function write(item, answer) {
  setAnswer(review.entry.key, item.id, answer);
  afterChange();
}

function afterChange() {
  const before = review.item;
  makeItems();
  if (!review.item) review.item = review.items.find((item) => item.id === before?.id) ?? review.items[0] ?? null;
  showReview();
}

// Where a crossing lies, and what stands beside every answer for it.
function placeOf(item) {
  if (item.added) return { x: answerFor(item).x, y: answerFor(item).y, added: 1 };
  const model = modelGrade(item);
  return { x: String(item.row.x_px), y: String(item.row.y_px), ...(model === undefined ? {} : { grade: String(model) }) };
}

const signsOf = (answer) => Object.fromEntries(Object.keys(SIGNS).filter((name) => answer?.[name]).map((name) => [name, answer[name]]));

// An answer takes the former's place; signs stay where they can stand beside it.
function give(name, signs = {}) {
  const { item } = review;
  if (!item) return;
  if (item.added && name === "no_crossing") { write(item, undefined); return; }
  const kept = GRADABLE.includes(name) ? { ...signs, ...signsOf(answerFor(item)) } : {};
  write(item, { ...placeOf(item), answer: name, ...kept });
}

// Whether signs can be said of a crossing: not of one that the reader has set aside.
const takesSigns = (item) => Boolean(item) && [undefined, ...GRADABLE].includes(answerFor(item)?.answer);

// The sign of a side is asked for by its key, then 0 to 3 answers.
let askedSide = null;
function askSide(name) {
  askedSide = takesSigns(review.item) ? name : null;
  showAnswer();
  showLarge(review.item);
}

// Says a sign, or with undefined takes it back.
function setSign(name, value) {
  const { item } = review;
  askedSide = null;
  if (!takesSigns(item)) return;
  const answer = { ...(answerFor(item) ?? placeOf(item)) };
  if (value === undefined) delete answer[name];
  else answer[name] = value;
  const empty = !answer.answer && !answer.added && !Object.keys(signsOf(answer)).length;
  write(item, empty ? undefined : answer);
}

function turnBent() {
  const { item } = review;
  if (!takesSigns(item)) return;
  const next = { y: "n", n: undefined };
  const now = answerFor(item)?.bent;
  setSign("bent", now ? next[now] : "y");
}

// The reader's signs, pressed, and those of the run, dotted.
function showSigns(item, answer) {
  const model = item ? modelSigns(item) : {};
  for (const row of document.querySelectorAll("#signs [data-sign]")) {
    const name = row.dataset.sign;
    row.classList.toggle("asked", askedSide === name);
    for (const button of row.querySelectorAll("[data-value]")) {
      const { value } = button.dataset;
      button.disabled = !takesSigns(item);
      button.classList.toggle("shown", model[name] === value);
      button.title = [settings.sides[value], model[name] === value && translate("what the run says")].filter(Boolean).join("; ");
      press(button, answer?.[name] === value);
    }
  }
  byId("sign-hint").textContent = askedSide ? translate("{sign}: 0 to 3, Backspace takes it back", { sign: SIGN_NAMES[askedSide] }) : "";
}

function setReason(reason) {
  const former = review.item && answerFor(review.item);
  if (former?.answer === "cannot_grade") write(review.item, { ...former, reason });
}

function clearAnswer() {
  const { item } = review;
  if (!item || !answerFor(item)) return;
  const former = answerFor(item);
  write(item, item.added ? { x: former.x, y: former.y, added: 1 } : undefined);
}

function confirmAndGoOn() {
  const { item } = review;
  if (!item) return;
  const model = modelGrade(item);
  if (!isAnswered(item) && model !== undefined) give(String(model), modelSigns(item));
  stepItem(1);
}

function stepItem(by) {
  const place = review.items.indexOf(review.item);
  const next = review.items[Math.max(0, Math.min(review.items.length - 1, place + by))];
  if (next) chooseItem(next);
}

function nextOpen() {
  const place = review.items.indexOf(review.item);
  const order = [...review.items.slice(place + 1), ...review.items.slice(0, place + 1)];
  const next = order.find((item) => !isAnswered(item));
  if (next) chooseItem(next);
  else stepPhotograph(1);
}

function addCrossing(pageX, pageY) {
  const { width, height } = pagePhotograph;
  if (pageX < 0 || pageY < 0 || pageX > width || pageY > height) return;
  const id = nextAdded(reviewOf(review.entry.key));
  setAnswer(review.entry.key, id, { x: toPhotograph(pageX).toFixed(1), y: toPhotograph(pageY).toFixed(1), added: 1 });
  startAdding(false);
  makeItems();
  selectItem(id);
}

function undo() {
  const last = undoAnswer();
  if (!last) return;
  const entry = photographOf.get(last.key);
  if (!byId("review").hidden && review.entry.key === last.key) {
    makeItems();
    chooseItem(review.items.find((item) => item.id === last.id) ?? review.item ?? review.items[0] ?? null);
  } else if (entry) goTo(entry, last.id);
}

function showProgress() {
  byId("undo").disabled = !undoable.length;
  const done = photographs.filter((entry) => progressOf(entry).done).length;
  const here = review.entry && !byId("review").hidden ? progressOf(review.entry) : null;
  const all = photographs.length > 1 ? translate("{done} of {n} photographs", { done, n: photographs.length }) : "";
  byId("progress").textContent = [here && translate("{done} of {n} crossings", { done: here.answered, n: here.total }), all].filter(Boolean).join(" · ");
}
