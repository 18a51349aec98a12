// The selected crossing, large: its pixels, the map over them, what signs have measured in it,
// where the grader looked, why it has its grade, and all that the tables say of it.
const parts = { map: false, edges: false, explained: false };

function setPart(name, on = !parts[name]) {
  const button = document.querySelector(`[data-part="${name}"]`);
  if (button.disabled) return;
  parts[name] = on;
  press(button, on);
  showLarge(review.item);
}

function showCrossing(item) {
  byId("crossing-title").replaceChildren(...titleOf(item));
  const possible = {
    map: Boolean(item),
    edges: Boolean(item?.vein || item?.drawings) && !session.blind,
    explained: Boolean(item?.explained) && !session.blind,
  };
  for (const [name, can] of Object.entries(possible)) {
    const button = document.querySelector(`[data-part="${name}"]`);
    button.disabled = !can;
    button.title = can ? "" : session.blind && name !== "map" ? translate("hidden in blind mode") : translate("not there");
    press(button, can && parts[name]);
  }
  showLarge(item);
  showWhy(item);
  showFacts(item);
}

function titleOf(item) {
  if (!item) return [review.items.length ? translate("No crossing selected") : translate("No crossing was found")];
  const state = stateOf(item);
  const badge = make("span", { class: "grade", "data-grade": state.grade }, state.grade ?? "–");
  return [`${item.added ? addedName(item) : crossingName(item)} `, badge];
}

const crossingName = ({ name }) => translate("Crossing {name}", { name });
const addedName = ({ name }) => translate("Added crossing {name}", { name });

function showLarge(item) {
  const large = byId("large");
  large.replaceChildren();
  if (!item) return;
  const found = [];
  const mapAlt = translate("Arteries red, veins blue");
  if (item.picture) {
    const explained = parts.explained && item.explained && !session.blind;
    found.push(make("img", { src: explained ? item.explained : item.picture,
      alt: explained ? translate("Where the grader looked at crossing {name}", item) : crossingName(item) }));
    if (parts.map) found.push(make("img", { src: item.map, class: "tint", alt: mapAlt }));
  } else {
    found.push(fromPhotograph(pagePhotograph.picture, item, addedName(item)));
    if (parts.map) found.push(fromPhotograph(pagePhotograph.vessels, item, mapAlt, "tint"));
  }
  if (parts.edges && !session.blind) {
    if (item.vein) found.push(walls(item.vein));
    for (const [sign, lines] of Object.entries(item.drawings || {})) found.push(signLines(sign, lines));
  }
  const marks = sideMarks(item, !session.blind && (parts.edges || askedSide));
  large.append(...found, ...(marks ? [marks] : []));
}

// A window of the photograph as wide as the other crossings' pictures.
function fromPhotograph(source, item, alt, kind = "") {
  const { width, height, scale, patch_side: side } = pagePhotograph;
  const window = side * scale;
  const share = (v) => `${(100 * v) / window}%`;
  const picture = make("img", { src: source, alt, class: `window ${kind}` });
  picture.style.width = share(width);
  picture.style.height = share(height);
  picture.style.left = share(window / 2 - toPage(item.x));
  picture.style.top = share(window / 2 - toPage(item.y));
  return picture;
}

function walls(vein) {
  const paths = vein.walls.map((wall) => {
    let text = "";
    wall.forEach(([x, y], i) => {
      if (!vein.covered[i]) text += `${text && !vein.covered[i - 1] ? "L" : "M"}${(1000 * x).toFixed(1)} ${(1000 * y).toFixed(1)}`;
    });
    return draw("path", { d: text });
  });
  return draw("svg", { viewBox: "0 0 1000 1000", class: "walls", role: "img", "aria-label": translate("Measured edges of the vein") }, ...paths);
}

// What a sign draws of itself: lines whose points are shares of the picture's side.
function signLines(sign, lines) {
  const paths = lines.map((line) => draw("path", {
    d: line.map(([x, y], i) => `${i ? "L" : "M"}${(1000 * x).toFixed(1)} ${(1000 * y).toFixed(1)}`).join(""),
  }));
  return draw("svg", { viewBox: "0 0 1000 1000", class: "walls", role: "img", "aria-label": translate("Measured: {sign}", { sign: translate(words(sign)) }) }, ...paths);
}

function showWhy(item) {
  const why = byId("why");
  why.replaceChildren();
  drawVein(session.blind ? null : item?.vein);
  showSignCards(item);
  byId("sentences").replaceChildren();
  byId("measured").hidden = !item || item.added || session.blind;
  if (byId("measured").hidden) return;
  const shares = [0, 1, 2, 3].map((g) => Number(item.row[`p${g}`]));
  const children = [make("h3", {}, translate("Why this grade"))];
  if (item.row.p0 !== undefined) {
    children.push(make("div", { class: "shares", role: "img",
      "aria-label": translate("Probabilities of grades 0 to 3: {shares}", { shares: shares.map((s) => s.toFixed(2)).join(", ") }) },
    ...shares.map((share, grade) => {
      const bar = make("i", { "data-grade": grade });
      bar.style.height = `${100 * share}%`;
      return make("span", {}, make("b", {}, bar), make("small", {}, `${grade}: ${Math.round(100 * share)} %`));
    })));
  }
  why.append(...children);
  if (item.signs && !showWhy.asked) byId("measured").open = false; // the cards say what is there
  byId("sentences").append(...item.why.map((text) => make("li", {}, text)));
}

const PLAIN = ["crossing", "x_px", "y_px"]; // what also a blind reader may know
function showFacts(item) {
  const body = byId("facts").querySelector("tbody");
  const row = item?.row || {};
  const names = Object.keys(row).filter((name) => !session.blind || PLAIN.includes(name));
  byId("facts").hidden = !names.length;
  body.replaceChildren(...names.map((name) => make("tr", {},
    make("th", { scope: "row", title: settings.meanings[name] }, words(name)),
    make("td", {}, String(row[name])))));
}
