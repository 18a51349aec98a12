// What the header and the buttons do, and the first view.
const on = (id, event, act) => byId(id)?.addEventListener(event, act);

function refresh() {
  byId("reader").value = session.reader;
  byId("blind").checked = session.blind;
  document.body.classList.toggle("blind", session.blind);
  if (inReview() && review.entry) {
    makeItems();
    if (!review.item) review.item = review.items[0] ?? null;
    showReview();
  } else showIndex();
}

on("reader", "change", (event) => {
  setReader(event.target.value.trim());
  refresh();
});
on("blind", "change", (event) => {
  session.blind = event.target.checked;
  keepSession();
  refresh();
});
on("load-file", "change", async (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (!file) return;
  try {
    const count = loadReview(await file.text());
    refresh();
    tell(translate("{file}: {n} answers taken over.", { file: file.name, n: count }));
  } catch (error) {
    tell(translate("{file}: {error}. Nothing was taken over.", { file: file.name, error: error.message }));
  }
});
on("undo", "click", undo);
on("download", "click", downloadReview);
on("help", "click", showKeys);
byId("measured").querySelector("summary").addEventListener("click", () => { showWhy.asked = true; });
on("close-keys", "click", () => byId("keys").close());
on("add", "click", () => startAdding(!aim));
on("zoom-in", "click", () => zoomBy(1.4));
on("zoom-out", "click", () => zoomBy(1 / 1.4));
on("zoom-fit", "click", fitPhotograph);
on("previous", "click", () => stepPhotograph(-1));
on("next", "click", () => stepPhotograph(1));
on("to-index", "click", toIndex);
on("confirm", "click", confirmAndGoOn);
on("clear", "click", clearAnswer);
on("previous-page", "click", () => turnPage(-1));
on("next-page", "click", () => turnPage(1));
on("as-list", "click", () => setMontage(false));
on("as-montage", "click", () => setMontage(true));
on("sign-filter", "change", (event) => { Object.assign(shown, { sign: event.target.value, page: 0, row: 0 }); showIndex(); });
on("sort", "change", (event) => { Object.assign(shown, { sort: event.target.value, page: 0, row: 0 }); showIndex(); });
on("find", "input", (event) => { Object.assign(shown, { find: event.target.value, page: 0, row: 0 }); showIndex(); });
for (const button of document.querySelectorAll("[data-layer]")) button.addEventListener("click", () => setLayer(button.dataset.layer));
for (const button of document.querySelectorAll("[data-part]")) button.addEventListener("click", () => setPart(button.dataset.part));
for (const button of document.querySelectorAll("#signs [data-value]")) {
  const name = button.closest("[data-sign]").dataset.sign;
  button.addEventListener("click", () =>
    setSign(name, button.getAttribute("aria-pressed") === "true" ? undefined : button.dataset.value));
}
for (const button of document.querySelectorAll("[data-answer]")) button.addEventListener("click", () => give(button.dataset.answer));

// Another tab of the same run has answered.
window.addEventListener("storage", (event) => {
  if (!event.key?.startsWith(prefixOf(session.reader))) return;
  readKept();
  refresh();
});

readSession();
readKept();
byId("reader").value = session.reader;
byId("blind").checked = session.blind;
document.body.classList.toggle("blind", session.blind);
if (byId("index")) {
  window.addEventListener("hashchange", followAddress);
  followAddress();
} else {
  for (const id of ["previous", "next"]) byId(id).hidden = true;
  openPhotograph(photographs[0]);
}
// After a click by pointer, keys go to the page again, not to the button.
document.addEventListener("click", (event) => {
  if (event.detail) event.target.closest("button")?.blur();
}, true);
