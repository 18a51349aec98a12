"use strict";
// What the reader says of each crossing: a grade, or "none" where it is no crossing. Kept in this
// browser until it is downloaded, under a name that changes with what was found.
const data = JSON.parse(document.getElementById("data").textContent);
const key = "review:" + data.folder + ":" + JSON.stringify(data.crossings.map((c) => [c.x, c.y]));
const order = data.crossings.map((c) => c.number);
const crossings = new Map(data.crossings.map((c) => [String(c.number), c]));
const scene = document.getElementById("scene");
const frame = document.getElementById("frame");
let said = {};
let chosen = null;
let zoomed = false;

try { said = JSON.parse(localStorage.getItem(key)) || {}; } catch { said = {}; }

const card = (number) => document.querySelector(`.crossing[data-number="${number}"]`);
const box = (number) => document.querySelector(`rect[data-number="${number}"]`);

function show(number) {
  const answer = said[number];
  const screened = crossings.get(String(number)).grade;
  const grade = answer === undefined || answer === "none" ? screened : answer;
  const item = card(number);
  const badge = item.querySelector(".grade");
  badge.textContent = grade === null ? "–" : grade;
  badge.dataset.grade = grade === null ? "" : grade;
  box(number).dataset.grade = grade === null ? "" : grade;
  for (const part of [item, box(number)]) part.classList.toggle("dropped", answer === "none");
  let state = "";
  if (answer === "none") state = "no crossing";
  else if (answer !== undefined && answer === screened) state = "confirmed";
  else if (answer !== undefined) state = screened === null ? "graded by you" : `was ${screened}`;
  item.querySelector(".state").textContent = state;
  for (const button of item.querySelectorAll("[data-set]")) {
    button.setAttribute("aria-pressed", String(answer !== undefined && button.dataset.set === String(answer)));
  }
}

function progress() {
  document.getElementById("progress").textContent =
    `${Object.keys(said).length} of ${order.length} reviewed`;
}

function say(number, answer) {
  if (answer === undefined) delete said[number]; else said[number] = answer;
  try { localStorage.setItem(key, JSON.stringify(said)); } catch { /* private browsing: only until it closes */ }
  show(number);
  progress();
}

function choose(number, scroll) {
  if (chosen !== null) for (const part of [card(chosen), box(chosen)]) part.classList.remove("chosen");
  chosen = number;
  for (const part of [card(number), box(number)]) part.classList.add("chosen");
  if (scroll) card(number).scrollIntoView({ block: "nearest" });
  card(number).focus({ preventScroll: true });
  if (zoomed) zoom(true);
}

function zoom(on) {
  zoomed = on && chosen !== null;
  const page = document.getElementById("boxes").viewBox.baseVal.width;
  scene.style.setProperty("--unit", page / scene.offsetWidth);
  scene.style.setProperty("--zoom", 1);
  if (!zoomed) { scene.style.transform = ""; return; }
  const [x0, y0, x1, y1] = crossings.get(String(chosen)).box;
  const width = scene.offsetWidth / page;
  const factor = Math.min(8, frame.clientWidth / (5 * (x1 - x0) * width));
  const x = frame.clientWidth / 2 - factor * width * (x0 + x1) / 2 - scene.offsetLeft + frame.offsetLeft;
  const y = frame.clientHeight / 2 - factor * width * (y0 + y1) / 2;
  scene.style.setProperty("--zoom", factor);
  scene.style.transform = `translate(${x}px, ${y}px) scale(${factor})`;
}

function field(value) {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function manifest() {
  const lines = [["patch", "av_map", "grade", "group", "source", "x", "y", "scale", "screened_grade"]];
  for (const number of [...order].sort((a, b) => a - b)) {
    const answer = said[number];
    if (answer === undefined || answer === "none") continue;
    const c = crossings.get(String(number));
    lines.push([c.row.patch, c.row.av_map, answer, data.group, data.source, c.x, c.y, c.row.scale,
      c.grade === null ? "" : c.grade]);
  }
  return lines.map((line) => line.map(field).join(",") + "\n").join("");
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([manifest()], { type: "text/csv" }));
  link.download = `${data.folder}_reviewed.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

function toggleVessels() {
  const map = document.getElementById("map");
  map.hidden = !map.hidden;
  document.getElementById("vessels").setAttribute("aria-pressed", String(!map.hidden));
}

function step(by) {
  if (!order.length) return;
  const place = chosen === null ? (by > 0 ? -1 : order.length) : order.indexOf(chosen);
  choose(order[Math.max(0, Math.min(order.length - 1, place + by))], true);
}

for (const item of document.querySelectorAll(".crossing")) {
  const number = Number(item.dataset.number);
  item.addEventListener("click", (event) => {
    const answer = event.target.dataset.set;
    const again = chosen === number && !answer;
    choose(number, false);
    if (answer !== undefined) say(number, answer === "none" ? "none" : Number(answer));
    else zoom(again ? !zoomed : true);
  });
  show(number);
}
for (const part of document.querySelectorAll("rect")) {
  part.addEventListener("click", () => {
    const number = Number(part.dataset.number);
    const again = chosen === number;
    choose(number, true);
    zoom(again ? !zoomed : true);
  });
}
document.getElementById("vessels").addEventListener("click", toggleVessels);
document.getElementById("download").addEventListener("click", download);
window.addEventListener("resize", () => zoom(zoomed));
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const onButton = event.target instanceof HTMLButtonElement;
  if (event.key === "ArrowDown" || event.key === "j") step(1);
  else if (event.key === "ArrowUp" || event.key === "k") step(-1);
  else if (event.key === "v") toggleVessels();
  else if (event.key === "d") download();
  else if (event.key === "Escape") zoom(false);
  else if (chosen === null) return;
  else if (/^[0-3]$/.test(event.key)) say(chosen, Number(event.key));
  else if (event.key === "x") say(chosen, "none");
  else if (event.key === "u") say(chosen, undefined);
  else if (event.key === "z") zoom(!zoomed);
  else if (event.key === "Enter" && !onButton) {
    const grade = crossings.get(String(chosen)).grade;
    if (grade === null) return; // there is nothing to confirm
    say(chosen, grade);
    step(1);
  } else return;
  event.preventDefault();
});
progress();
zoom(false);
