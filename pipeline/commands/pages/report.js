// Draws the charts of the report, again whenever the colour scheme or what the map shows changes.
const charts = JSON.parse(document.getElementById("charts").textContent);
const dark = matchMedia("(prefers-color-scheme: dark)");
const choice = document.getElementById("colour");

function theme() {
  const css = getComputedStyle(document.documentElement);
  const colour = (name) => css.getPropertyValue(name).trim();
  const text = { labelColor: colour("--quiet"), titleColor: colour("--ink") };
  return {
    background: null,
    font: 'system-ui, "DejaVu Sans", sans-serif',
    axis: { ...text, titleFontWeight: "normal", gridColor: colour("--line"), domainColor: colour("--line"), tickColor: colour("--line") },
    legend: { ...text, titleFontWeight: "normal", titleLimit: 260 },
    header: { labelColor: colour("--ink"), labelFontSize: 12, labelFontWeight: 600, labelPadding: 4, labelLimit: 260 },
    view: { stroke: null },
    bar: { color: colour("--accent") },
    rule: { color: colour("--ink") },
  };
}

function draw(id, spec) {
  const options = {
    renderer: "canvas",
    actions: { export: true, source: false, compiled: false, editor: false },
    config: theme(),
    tooltip: { theme: dark.matches ? "dark" : "light" },
  };
  return vegaEmbed(`#${id}`, spec, options);
}

// The pale end of a scale is lost on a light page, the dark end on a dark one.
function scheme() {
  return dark.matches ? { scheme: { name: "plasma", extent: [0.25, 1] } } : { scheme: { name: "viridis", extent: [0, 0.9] }, reverse: true };
}

function drawMap() {
  const name = choice.value, { title, domain } = charts.colours[name];
  const spec = structuredClone(charts.map);
  const number = { type: "quantitative", format: ".4~g" };
  spec.encoding.color = {
    field: name, type: "quantitative", title,
    scale: { domain, clamp: true, ...scheme() },
    condition: { test: `!isValid(datum[${JSON.stringify(name)}])`, value: "#8a8a8a" },
    legend: { gradientLength: 200 },
  };
  const told = [...new Set([name, "lufs", "tempo_bpm"])];
  spec.encoding.tooltip = [
    { field: "track", type: "nominal", title: "track" },
    ...told.map((field) => ({ field, ...number, title: charts.colours[field]?.title ?? field })),
  ];
  return draw("map", spec);
}

function drawAll() {
  const drawn = [];
  if (charts.distributions) drawn.push(draw("distributions", charts.distributions));
  if (charts.map) drawn.push(drawMap());
  return Promise.all(drawn).then(() => document.body.setAttribute("data-drawn", dark.matches ? "dark" : "light"));
}

choice?.addEventListener("change", drawMap);
dark.addEventListener("change", drawAll);
drawAll();
