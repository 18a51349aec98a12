"use strict";
(() => {
  const form = document.querySelector(".tools");
  const list = document.querySelector(".cards");
  const cards = [...list.children];
  const count = document.querySelector(".count");
  const nothing = document.querySelector(".nothing");
  const viewer = document.querySelector(".viewer");
  const body = viewer.querySelector(".viewer-body");
  const steps = [...viewer.querySelectorAll("[data-step]")];
  let opened = null;

  const texts = new Map(cards.map((card) => {
    const words = [card.dataset.name, card.querySelector(".group span").textContent];
    return [card, words.join(" ").toLowerCase()];
  }));
  const setting = (name) => (form.elements[name] ? form.elements[name].value : "");
  const shown = () => [...list.children].filter((card) => !card.hidden);

  function fits(card) {
    const { grade, predicted, error, confidence } = card.dataset;
    const off = setting("error");
    return texts.get(card).includes(setting("text").trim().toLowerCase())
      && (!setting("graded") || (grade || "none") === setting("graded"))
      && (!setting("predicted") || predicted === setting("predicted"))
      && (!off || (error !== "" && Math.min(Number(error), 2) === Number(off)))
      && Number(confidence) >= Number(setting("confidence"));
  }

  function compare(name, sign) {
    // A patch without the figure comes last, whichever way is sorted; ties keep the manifest's order.
    const value = (card) => (card.dataset[name] === "" ? null : Number(card.dataset[name]));
    return (a, b) => {
      const [x, y] = [value(a), value(b)];
      const order = x === null || y === null ? (x === null) - (y === null) : sign * (x - y);
      return order || a.dataset.number - b.dataset.number;
    };
  }

  function update() {
    const key = setting("sort");
    const name = key.replace("-", "");
    list.append(...cards.sort(compare(name, key.startsWith("-") ? -1 : 1)));
    cards.forEach((card) => { card.hidden = !fits(card); });
    const number = shown().length;
    count.textContent = `${number} of ${cards.length} patches shown`;
    nothing.hidden = number > 0;
    document.querySelectorAll(".confusion a").forEach((link) => {
      const wanted = new URLSearchParams(link.hash.slice(1));
      const here = wanted.get("graded") === setting("graded")
        && wanted.get("predicted") === setting("predicted");
      if (here) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    });
  }

  function open(card) {
    opened = card;
    viewer.querySelector("h2").textContent = card.dataset.name;
    const parts = [".about", ".numbers", ".pictures"].map((name) => card.querySelector(name).cloneNode(true));
    parts[0].querySelectorAll("h3, .open").forEach((node) => node.remove());
    const extra = document.createElement("div");
    extra.className = "extra";
    extra.append(card.querySelector("template").content.cloneNode(true));
    body.replaceChildren(...parts, extra);
    const all = shown();
    const place = all.indexOf(card);
    steps.forEach((button) => { button.disabled = !all[place + Number(button.dataset.step)]; });
    if (!viewer.open) viewer.showModal();
    viewer.scrollTop = 0;
  }

  function step(by) {
    const all = shown();
    const next = all[all.indexOf(opened) + by];
    if (next) open(next);
  }

  function follow() {
    // A cell of the confusion matrix (#graded=2&predicted=1), or one patch (#p17).
    const hash = location.hash.slice(1);
    if (/^p\d+$/.test(hash)) {
      const card = document.getElementById(hash);
      if (card) open(card);
      return;
    }
    const wanted = new URLSearchParams(hash);
    if (!wanted.has("graded") && !wanted.has("predicted")) return;
    form.reset();
    ["graded", "predicted"].forEach((name) => {
      if (form.elements[name] && wanted.has(name)) form.elements[name].value = wanted.get(name);
    });
    update();
    document.getElementById("patches").scrollIntoView();
    document.getElementById("patches").focus({ preventScroll: true });
  }

  form.hidden = false;
  cards.forEach((card) => {
    const button = card.querySelector(".open");
    button.hidden = false;
    button.addEventListener("click", () => open(card));
  });
  form.addEventListener("input", update);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(() => {
    // So that the same cell can be chosen again.
    history.replaceState(null, "", location.pathname + location.search);
    update();
  }));
  steps.forEach((button) => button.addEventListener("click", () => step(Number(button.dataset.step))));
  viewer.querySelector("[data-close]").addEventListener("click", () => viewer.close());
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  viewer.addEventListener("close", () => {
    const button = opened.querySelector(".open");
    button.focus();
    body.replaceChildren();
  });
  window.addEventListener("hashchange", follow);
  update();
  follow();
})();
