// Signs that are present or questionable, each as a card: a small drawing of what was measured, and
// a sentence. The shapes come from the sign's own file, in units of their own.
const SIGN_ANSWERS = { questionable: translate("questionable"), present: translate("present") };
const CARD = { width: 300, flat: 118, even: 190, edge: 6 };

function showSignCards(item) {
  const cards = (!session.blind && item?.signs) || [];
  byId("sign-cards").replaceChildren(...cards.map((card) => make("figure", { class: "sign-card", "data-sign-card": card.sign },
    make("figcaption", {}, make("span", { class: "answers" }, ...card.answers.map(([title, answer]) =>
      make("b", { class: `answer ${answer}` }, `${title}: ${SIGN_ANSWERS[answer]}`))), make("span", { class: "caption" }, card.caption ?? card.title)),
    card.parts ? signDrawing(card) : null,
    card.axis ? make("small", {}, card.axis) : null)));
}

function signDrawing({ x, y, parts, even, title }) {
  const height = even ? CARD.even : CARD.flat;
  const spanX = (CARD.width - 2 * CARD.edge) / (x[1] - x[0]);
  const spanY = (height - 2 * CARD.edge) / (y[1] - y[0]);
  const scale = even ? [Math.min(spanX, spanY), Math.min(spanX, spanY)] : [spanX, spanY];
  const at = ([a, b]) => [CARD.width / 2 + (a - (x[0] + x[1]) / 2) * scale[0], height / 2 - (b - (y[0] + y[1]) / 2) * scale[1]];
  const shapes = parts.map((part) => {
    if (part.text !== undefined) {
      const [px, py] = at(part.at);
      return draw("text", { x: px.toFixed(1), y: (py + 4).toFixed(1), "text-anchor": part.anchor }, part.text);
    }
    const path = `M${part.points.map((point) => at(point).map((v) => v.toFixed(1)).join(" ")).join("L")}`;
    return draw("path", { d: part.closed ? `${path}Z` : path, class: `${part.kind}${part.closed ? " area" : ""}`,
      "stroke-width": part.width ? (part.width * scale[1]).toFixed(1) : null });
  });
  return draw("svg", { viewBox: `0 0 ${CARD.width} ${height}`, role: "img", "aria-label": translate("Drawing: {title}", { title }) }, ...shapes);
}

// Which side of the vein is the first: that nearer to the disc, where one is to be seen, else the
// left one. An arrow at the picture's edge points to the disc; names stand where the vein is known.
function sideMarks(item, named) {
  const found = [];
  const disc = pagePhotograph.disc;
  if (disc) {
    const [dx, dy] = [disc[0] - item.x, disc[1] - item.y];
    const length = Math.hypot(dx, dy) || 1;
    const [ux, uy] = [dx / length, dy / length];
    const reach = 470 / Math.max(Math.abs(ux), Math.abs(uy), 0.01);
    const tip = [500 + reach * ux, 500 + reach * uy];
    const back = (along, aside) => `${(tip[0] - along * ux - aside * uy).toFixed(1)} ${(tip[1] - along * uy + aside * ux).toFixed(1)}`;
    found.push(draw("path", { class: "to-disc", d: `M${back(46, 20)}L${back(0, 0)}L${back(46, -20)}` }),
      draw("text", { x: Math.min(930, Math.max(70, tip[0] - 92 * ux)).toFixed(0), y: (tip[1] - 78 * uy + 10).toFixed(0), "text-anchor": "middle" }, translate("disc")));
  }
  if (named && item.sides) {
    item.sides.forEach(([x, y], number) => found.push(draw("text", { class: "side", "text-anchor": "middle",
      x: Math.min(920, Math.max(80, 1000 * x)).toFixed(0), y: Math.min(960, Math.max(50, 1000 * y - 40)).toFixed(0) }, Object.values(SIGN_NAMES)[number])));
  }
  return found.length ? draw("svg", { viewBox: "0 0 1000 1000", class: "side-marks", "aria-hidden": "true" }, ...found) : null;
}
