// The vein's width along its way through the crossing: a line with its band, the map's width
// dotted, and where the artery covers it grey.
const PLOT = { width: 300, height: 150, left: 26, right: 6, top: 8, bottom: 20 };

function drawVein(vein) {
  const figure = byId("vein");
  figure.querySelector("svg")?.remove();
  figure.hidden = !vein;
  if (!vein) return;
  const { along, width, error, mask, covered } = vein;
  const tops = width.map((w, i) => (covered[i] ? 0 : w + Math.min(error[i] ?? 0, w / 2)));
  const most = Math.max(2, Math.ceil(Math.max(...tops, ...mask.map((m) => m ?? 0)) * 1.1));
  const [start, end] = [along[0], along.at(-1)];
  const x = (v) => PLOT.left + ((v - start) / (end - start)) * (PLOT.width - PLOT.left - PLOT.right);
  const y = (v) => PLOT.height - PLOT.bottom - (Math.min(v, most) / most) * (PLOT.height - PLOT.top - PLOT.bottom);
  const runs = [[]]; // stretches that no artery covers
  along.forEach((_, i) => {
    if (covered[i] || width[i] === null) runs.push([]);
    else runs.at(-1).push(i);
  });
  const line = (indices, values) => "M" + indices.map((i) => `${x(along[i]).toFixed(1)} ${y(values[i]).toFixed(1)}`).join("L");
  const band = (indices) => {
    const high = indices.map((i) => `${x(along[i]).toFixed(1)} ${y(width[i] + (error[i] ?? 0)).toFixed(1)}`);
    const low = indices.map((i) => `${x(along[i]).toFixed(1)} ${y(Math.max(0, width[i] - (error[i] ?? 0))).toFixed(1)}`);
    return `M${[...high, ...low.reverse()].join("L")}Z`;
  };
  const svg = draw("svg", { viewBox: `0 0 ${PLOT.width} ${PLOT.height}`, role: "img",
    "aria-label": translate("Width along the vein, with its standard error") });
  const hidden = along.filter((_, i) => covered[i]);
  if (hidden.length) {
    svg.append(draw("rect", { x: x(hidden[0]), y: PLOT.top, width: Math.max(1, x(hidden.at(-1)) - x(hidden[0])),
      height: PLOT.height - PLOT.top - PLOT.bottom, class: "artery" }));
  }
  const ticks = most > 8 ? 4 : most > 4 ? 2 : 1;
  for (let v = 0; v <= most; v += ticks) {
    svg.append(draw("path", { d: `M${PLOT.left} ${y(v)}H${PLOT.width - PLOT.right}`, class: "grid" }),
      draw("text", { x: PLOT.left - 5, y: y(v) + 4, "text-anchor": "end" }, String(v)));
  }
  for (const v of [-20, -10, 0, 10, 20].filter((t) => t >= start && t <= end)) {
    svg.append(draw("text", { x: x(v), y: PLOT.height - 5, "text-anchor": "middle" }, String(v)));
  }
  for (const indices of runs.filter((r) => r.length > 1)) {
    svg.append(draw("path", { d: band(indices), class: "band" }));
    const inMap = indices.filter((i) => mask[i] !== null);
    if (inMap.length > 1) svg.append(draw("path", { d: line(inMap, mask), class: "map" }));
    svg.append(draw("path", { d: line(indices, width), class: "width" }));
  }
  figure.append(svg);
}
