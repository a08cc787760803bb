/* Draws a panel's answer: tiles, series over days, bars. Colours are those of the style sheet. */
const echarts = window.echarts;
const drawn = new Map();

const variable = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const number = (value) => (typeof value === "number" ? value : null);
const written = (value, format) => {
  if (value === "hidden") return "hidden";
  if (typeof value !== "number") return "–";
  if (format === "percent") return `${(100 * value).toFixed(1)} %`;
  if (format === "hours") return `${(value / 3600).toLocaleString("en", { maximumFractionDigits: 1 })} h`;
  return value.toLocaleString("en", { maximumFractionDigits: 2 });
};
const short = (value) => (Math.abs(value) >= 10000 ? Intl.NumberFormat("en", { notation: "compact" }).format(value) : value.toLocaleString("en"));

export const draw = (place, answer) => {
  if (answer.lacking.length || !answer.rows.length) {
    const paragraph = document.createElement("p");
    paragraph.className = "notice";
    paragraph.textContent = answer.lacking.length
      ? `There are no numbers yet: ${answer.lacking.join(", ")} not made for this window.`
      : "There is nothing to show.";
    place.classList.remove("chart", "tall");
    place.replaceChildren(paragraph);
    return;
  }
  if (answer.chart.kind === "tiles") drawTiles(place, answer);
  else drawChart(place, answer);
};

const drawTiles = (place, answer) => {
  const columns = new Map(answer.columns.map((it) => [it.name, it]));
  place.replaceChildren(
    ...answer.chart.series.map((name) => {
      const tile = document.createElement("div");
      const value = document.createElement("b");
      const title = document.createElement("small");
      tile.className = "tile";
      const exact = answer.rows[0][name];
      value.textContent = written(exact, columns.get(name).format);
      if (exact >= 1e7) {
        value.title = value.textContent;
        value.textContent = Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 }).format(exact);
      }
      if (value.textContent === "hidden") {
        value.className = "hidden-cell";
        value.title = `Fewer than ${answer.hidden_below} people, or a number that would tell one`;
      }
      title.textContent = columns.get(name).title;
      tile.append(value, title);
      return tile;
    }),
  );
};

const drawChart = (place, answer) => {
  place.replaceChildren();
  place.setAttribute("role", "img");
  place.setAttribute("aria-label", `Chart: ${answer.title}. The data table below has its numbers.`);
  const rows = answer.chart.expand ? answer.rows.filter((it) => !it[answer.chart.expand]) : answer.rows;
  const seen = answer.chart.horizontal ? rows.filter((it) => answer.chart.series.some((name) => number(it[name]))) : rows;
  if (!seen.length) {
    place.classList.remove("chart", "tall");
    place.replaceChildren(Object.assign(document.createElement("p"), { className: "notice", textContent: "All numbers are hidden." }));
    return;
  }
  const shown = answer.chart.top ? seen.slice(0, answer.chart.top) : seen;
  if (answer.chart.horizontal) place.style.height = `${Math.max(200, 90 + shown.length * (10 + 12 * answer.chart.series.length))}px`;
  const chart = echarts.init(place, null, { renderer: "canvas" });
  const show = () => chart.setOption(options(answer, shown), true);
  show();
  drawn.set(place, show);
  new ResizeObserver(() => chart.resize()).observe(place);
};

addEventListener("themechange", () => {
  for (const show of drawn.values()) show();
});

const options = (answer, rows) => {
  const { chart } = answer;
  const titles = new Map(answer.columns.map((it) => [it.name, it.title]));
  const isSeries = chart.kind === "series";
  const line = variable("--line");
  const muted = variable("--muted");
  const font = getComputedStyle(document.body).fontFamily;
  const label = { color: muted, fontFamily: font };
  const names = [...chart.series, ...chart.lines];
  const value = { type: "value", axisLabel: { ...label, formatter: short }, splitLine: { lineStyle: { color: line } }, minInterval: 1 };
  const category = { type: "category", data: rows.map((it) => it[chart.x] ?? "–"), axisLabel: { ...label, hideOverlap: true }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false } };
  const time = { type: "time", axisLabel: { ...label, hideOverlap: true, formatter: { year: "{yyyy}", month: "{MMM} {yyyy}", day: "{d} {MMM}" } }, axisLine: { lineStyle: { color: line } }, splitLine: { show: false } };
  const point = (row, name) => (isSeries ? [row[chart.x], number(row[name])] : number(row[name]));
  const series = names.map((name, index) => {
    const isLine = chart.lines.includes(name);
    return {
      name: titles.get(name),
      type: isLine ? "line" : "bar",
      yAxisIndex: isLine ? 1 : 0,
      data: rows.map((row) => point(row, name)),
      color: variable(`--series-${(index % 5) + 1}`),
      showSymbol: rows.length < 40,
      connectNulls: isLine,
      barMaxWidth: 26,
      lineStyle: { width: 2 },
      itemStyle: isLine ? {} : { borderRadius: chart.horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] },
      stack: chart.stacked ? "all" : undefined,
    };
  });
  if (!isSeries || !chart.lines.length) for (const it of series) it.yAxisIndex = 0;
  const titled = (axis, list) => ({ ...axis, name: list.map((it) => titles.get(it)).join(", "), nameTextStyle: { ...label, align: axis.position === "right" ? "right" : "left" } });
  const vertical = isSeries
    ? [titled({ ...value, position: "left" }, chart.series), ...(chart.lines.length ? [titled({ ...value, position: "right", splitLine: { show: false } }, chart.lines.slice(0, 1).length === chart.lines.length ? chart.lines : [])] : [])]
    : [value];
  return {
    aria: { enabled: true },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
    textStyle: { fontFamily: font, color: variable("--text") },
    legend: { show: names.length > 1, top: 0, type: "scroll", textStyle: { color: variable("--text") }, inactiveColor: muted, pageTextStyle: { color: muted } },
    grid: { left: 8, right: 16, top: names.length > 1 ? (isSeries ? 62 : 38) : 34, bottom: isSeries ? 58 : 8, outerBoundsMode: "same", outerBoundsContain: "axisLabel" },
    tooltip: {
      trigger: "axis",
      renderMode: "richText",
      confine: true,
      axisPointer: { type: isSeries ? "line" : "shadow" },
      backgroundColor: variable("--surface"),
      borderColor: line,
      textStyle: { color: variable("--text"), fontFamily: font },
      valueFormatter: (it) => (it == null ? "hidden or none" : it.toLocaleString("en")),
    },
    xAxis: chart.horizontal ? value : isSeries ? time : category,
    yAxis: chart.horizontal ? { ...category, inverse: true, axisLabel: { ...label, width: 170, overflow: "truncate" } } : vertical,
    dataZoom: isSeries
      ? [{ type: "inside", zoomOnMouseWheel: "shift" }, { type: "slider", height: 22, bottom: 8, borderColor: line, textStyle: { color: muted }, fillerColor: "rgba(90,150,220,.18)", dataBackground: { lineStyle: { color: muted }, areaStyle: { color: line } } }]
      : [],
    series,
  };
};
