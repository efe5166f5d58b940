// Durations over time, to be zoomed by dragging; a double click shows all again.
(() => {
  "use strict";

  const place = document.getElementById("zoom");
  if (!place) return;
  const series = JSON.parse(place.dataset.series);
  let chart;

  function seconds(value) {
    if (value == null) return "–";
    if (value >= 3600) return `${(value / 3600).toFixed(1)} h`;
    if (value >= 60) return `${(value / 60).toFixed(1)} min`;
    return `${value.toFixed(value < 10 ? 1 : 0)} s`;
  }

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(`--${name}`).trim();
    const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
    const line = (label, name) => ({
      label, stroke: colour(name), width: 2, spanGaps: false, value: (_, value) => seconds(value),
      points: { show: series[0].length < 60, size: 5 },
    });
    chart?.destroy();
    place.replaceChildren();
    chart = new uPlot({
      width: place.clientWidth, height: 280,
      axes: [axis, { ...axis, size: 70, values: (_, values) => values.map(seconds) }],
      series: [{ label: "Time" }, line("Median", "link"), line("95 of 100 within", "warn")],
    }, series, place);
  }

  draw();
  addEventListener("resize", () => chart.setSize({ width: place.clientWidth, height: 280 }));
  document.addEventListener("theme", draw);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
})();
