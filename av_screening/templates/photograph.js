// The photograph: pan, zoom, layers, boxes of the crossings, and where a missed one is added.
const frame = byId("frame");
const scene = byId("scene");
const MOST_ZOOM = 12;
const view = { fit: 1, zoom: 1, x: 0, y: 0 }; // screen px per page px when fitted, and the offset
const layers = { crossings: true, vessels: false, disc: false };
const size = { width: 0, height: 0 }; // of the frame when it was last looked at (px)
let aim = null; // x and y in page px while a missed crossing is being added
let pagePhotograph = null;

const toPage = (v) => (v + 0.5) * pagePhotograph.scale; // pixel centres are at integers
const toPhotograph = (v) => v / pagePhotograph.scale - 0.5;

function showPhotograph(data) {
  pagePhotograph = data;
  byId("picture").src = data.picture;
  byId("vessels").src = data.vessels;
  scene.style.width = `${data.width}px`;
  scene.style.height = `${data.height}px`;
  frame.style.setProperty("--aspect", data.width / data.height);
  byId("marks").setAttribute("viewBox", `0 0 ${data.width} ${data.height}`);
  document.querySelector('[data-layer="disc"]').hidden = !data.disc;
  fitPhotograph();
}

function place() {
  const scale = view.fit * view.zoom;
  const spare = (length, page) => length - page * scale;
  const hold = (value, room) => (room > 0 ? room / 2 : Math.min(0, Math.max(room, value)));
  view.x = hold(view.x, spare(frame.clientWidth, pagePhotograph.width));
  view.y = hold(view.y, spare(frame.clientHeight, pagePhotograph.height));
  scene.style.transform = `translate(${view.x}px, ${view.y}px) scale(${scale})`;
  scene.style.setProperty("--px", 1 / scale);
  if (aim) {
    byId("aim").style.left = `${view.x + aim.x * scale}px`;
    byId("aim").style.top = `${view.y + aim.y * scale}px`;
  }
}

function fitPhotograph() {
  if (!pagePhotograph) return;
  view.fit = Math.min(frame.clientWidth / pagePhotograph.width, frame.clientHeight / pagePhotograph.height) || 1;
  view.zoom = 1;
  Object.assign(size, { width: frame.clientWidth, height: frame.clientHeight });
  place();
}

// Zooms about a point of the frame (px of the screen), which stays where it is.
function zoomBy(factor, x = frame.clientWidth / 2, y = frame.clientHeight / 2) {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
  const change = zoom / view.zoom;
  view.zoom = zoom;
  view.x = x - (x - view.x) * change;
  view.y = y - (y - view.y) * change;
  place();
}

function panBy(x, y) {
  view.x += x;
  view.y += y;
  place();
}

// Brings a position (px of the photograph) to the middle of the frame.
function zoomTo(x, y, zoom = 4) {
  view.zoom = zoom;
  view.x = frame.clientWidth / 2 - toPage(x) * view.fit * zoom;
  view.y = frame.clientHeight / 2 - toPage(y) * view.fit * zoom;
  place();
}

function setLayer(name, on = !layers[name]) {
  layers[name] = on;
  press(document.querySelector(`[data-layer="${name}"]`), on);
  byId("vessels").hidden = !layers.vessels;
  drawMarks();
}

// Boxes by grade, the reader's where there is one; in blind mode the reader's alone.
function drawMarks() {
  const marks = byId("marks");
  marks.replaceChildren();
  if (layers.disc && pagePhotograph.disc) marks.append(...discAndZones(pagePhotograph.disc));
  if (!layers.crossings) return;
  for (const item of review.items) {
    const half = item.box ? null : (pagePhotograph.patch_side * pagePhotograph.scale) / 8;
    const [x0, y0, x1, y1] = item.box
      ? item.box.map((v) => v * pagePhotograph.scale)
      : [toPage(item.x) - half, toPage(item.y) - half, toPage(item.x) + half, toPage(item.y) + half];
    const state = stateOf(item);
    marks.append(
      draw("rect", { x: x0, y: y0, width: x1 - x0, height: y1 - y0, "data-id": item.id, rx: 2,
        "data-grade": state.grade, class: [item === review.item && "chosen", state.dropped && "dropped",
          item.added && "added"].filter(Boolean).join(" ") }),
      draw("text", { x: x0, y: Math.max(y0 - 3, 12), class: item === review.item ? "chosen" : null }, item.name));
  }
}

// The disc, and how far from its margin vessels are usually measured, in disc diameters: zone A
// below 0.5, B to 1 (Hubbard 1999), C to 2 (Cheung 2010).
function discAndZones([x, y, diameter]) {
  const circle = (radius, name) => {
    const r = radius * diameter * pagePhotograph.scale;
    const parts = [draw("circle", { cx: toPage(x), cy: toPage(y), r, class: "zone" })];
    if (name) parts.push(draw("text", { x: toPage(x), y: toPage(y) - r, class: "zone" }, name));
    return parts;
  };
  return [...circle(0.5, translate("disc")), ...circle(1, translate("zone A")), ...circle(1.5, translate("zone B")),
    ...circle(2.5, translate("zone C"))];
}

// A missed crossing is added by a click, or by keys: arrows move the aim, Enter puts it there.
function startAdding(on) {
  const scale = view.fit * view.zoom;
  aim = on ? { x: (frame.clientWidth / 2 - view.x) / scale, y: (frame.clientHeight / 2 - view.y) / scale } : null;
  byId("aim").hidden = !on;
  frame.classList.toggle("adding", on);
  press(byId("add"), on);
  byId("hint").textContent = on
    ? translate("Click where the missed crossing is; or move the aim with the arrow keys and press Enter. Esc ends.")
    : translate("Drag to move, wheel or pinch to zoom, click a crossing to select it.");
  place();
}

function moveAim(x, y) {
  const step = 6 / (view.fit * view.zoom);
  aim.x = Math.min(pagePhotograph.width, Math.max(0, aim.x + x * step));
  aim.y = Math.min(pagePhotograph.height, Math.max(0, aim.y + y * step));
  place();
}

// Pointers: one drags, two pinch; what moved less than a few px is a click.
const pointers = new Map();
let dragged = 0;

function pointerPlace(event) {
  const bounds = frame.getBoundingClientRect();
  return { x: event.clientX - bounds.left, y: event.clientY - bounds.top };
}

frame.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  if (!pointers.size) dragged = 0;
  pointers.set(event.pointerId, pointerPlace(event));
});
frame.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const now = pointerPlace(event);
  dragged += Math.hypot(now.x - before.x, now.y - before.y);
  if (dragged > 4) frame.setPointerCapture(event.pointerId);
  const other = [...pointers].find(([id]) => id !== event.pointerId)?.[1];
  pointers.set(event.pointerId, now);
  if (other) {
    const length = (p) => Math.hypot(p.x - other.x, p.y - other.y) || 1;
    zoomBy(length(now) / length(before), (now.x + other.x) / 2, (now.y + other.y) / 2);
  } else if (dragged > 4) panBy(now.x - before.x, now.y - before.y);
});
for (const name of ["pointerup", "pointercancel"]) {
  frame.addEventListener(name, (event) => {
    const down = pointers.get(event.pointerId);
    pointers.delete(event.pointerId);
    if (!down || name === "pointercancel" || dragged > 4 || pointers.size) return;
    const scale = view.fit * view.zoom;
    const [x, y] = [(down.x - view.x) / scale, (down.y - view.y) / scale];
    if (aim) addCrossing(x, y);
    else if (event.target.dataset.id) selectItem(event.target.dataset.id);
  });
}
frame.addEventListener("wheel", (event) => {
  const { x, y } = pointerPlace(event);
  zoomBy(Math.exp(-event.deltaY / 400), x, y);
  event.preventDefault();
}, { passive: false });
frame.addEventListener("dblclick", (event) => {
  const { x, y } = pointerPlace(event);
  if (!aim) zoomBy(view.zoom > 6 ? 1 / MOST_ZOOM : 2, x, y);
});
// Another size of the window keeps the zoom, and what is in the middle there.
new ResizeObserver(() => {
  if (!pagePhotograph || !frame.clientWidth) return;
  const scale = view.fit * view.zoom;
  const middle = { x: (size.width / 2 - view.x) / scale, y: (size.height / 2 - view.y) / scale };
  Object.assign(size, { width: frame.clientWidth, height: frame.clientHeight });
  view.fit = Math.min(size.width / pagePhotograph.width, size.height / pagePhotograph.height);
  view.x = size.width / 2 - middle.x * view.fit * view.zoom;
  view.y = size.height / 2 - middle.y * view.fit * view.zoom;
  place();
}).observe(frame);
