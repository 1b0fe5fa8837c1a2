// Draws every [data-chart] from the JSON block it names. Colours and fonts are read from the tokens, again when the theme
// changes. Without this script the table beside each chart is what remains. See docs/components.md for the data.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const SERIES = ["--c1", "--c2", "--c3", "--c4"];
  const locale = document.documentElement.dataset.locale || document.documentElement.lang;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const words = (value) => (value === null || value === undefined ? "n/a" : number.format(value).replace("-", "−"));

  const font = (colour = "--ink-2", more = {}) => ({
    fontFamily: token("--sans"),
    fontSize: 12,
    color: token(colour),
    ...more,
  });
  const base = () => ({
    animation: false,
    textStyle: font(),
    aria: { enabled: true, decal: { show: false } },
    tooltip: {
      renderMode: "richText",
      confine: true,
      backgroundColor: token("--surface"),
      borderColor: token("--line-2"),
      textStyle: font("--ink"),
      valueFormatter: words,
    },
  });
  const axis = (more) => ({
    axisLine: { lineStyle: { color: token("--line-2") } },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: token("--line") } },
    nameTextStyle: font(),
    ...more,
    axisLabel: { ...font("--ink-3"), hideOverlap: true, ...more.axisLabel },
  });
  const legend = (series) =>
    series.length > 1
      ? { top: 0, left: 0, itemWidth: 18, itemHeight: 10, textStyle: font(), data: series.map((row) => row.name) }
      : undefined;
  const LINES = {
    actual: (place) => ({ type: "solid", width: 2, color: token(SERIES[place] ?? "--c1") }),
    plan: () => ({ type: "dashed", width: 1.5, color: token("--c6") }),
    before: () => ({ type: "dotted", width: 2, color: token("--c2") }),
  };
  const line = (row, place) => (LINES[row.kind] ?? LINES.actual)(place);
  const decal = () => ({
    symbol: "rect",
    dashArrayX: [1, 0],
    dashArrayY: [2, 4],
    rotation: Math.PI / 4,
    color: token("--surface"),
  });

  const KINDS = {
    // {labels, series: [{name, values, urls}], unit, stacked}
    bars: (data) => ({
      aria: { enabled: true, decal: { show: data.series.length > 1, decals: [{ symbol: "none" }, decal(), decal()] } },
      grid: { left: 8, right: 56, top: data.series.length > 1 ? 30 : 8, bottom: 26, containLabel: true },
      legend: legend(data.series),
      tooltip: { ...base().tooltip, trigger: "item" },
      xAxis: axis({ type: "value", name: data.unit, nameLocation: "end", axisLabel: { formatter: words } }),
      yAxis: axis({
        type: "category",
        inverse: true,
        data: data.labels,
        splitLine: { show: false },
        axisLabel: { ...font("--ink"), width: 130, overflow: "truncate", interval: 0, hideOverlap: false },
      }),
      series: data.series.map((row, place) => ({
        name: row.name,
        type: "bar",
        stack: data.stacked ? "all" : undefined,
        barMaxWidth: 18,
        data: row.values.map((value, at) => ({ value, url: row.urls?.[at] })),
        itemStyle: { color: token(SERIES[place] ?? "--c6") },
        cursor: row.urls ? "pointer" : "default",
        label: {
          show: data.series.length === 1 || (data.stacked && place === data.series.length - 1),
          position: "right",
          ...font("--ink"),
          formatter: (item) => words(item.value),
        },
      })),
    }),
    // {labels, series: [{name, values, kind: actual|plan|before}], unit, min}
    lines: (data) => ({
      grid: { left: 8, right: 16, top: data.series.length > 1 ? 56 : 30, bottom: 26, containLabel: true },
      legend: legend(data.series),
      tooltip: { ...base().tooltip, trigger: "axis" },
      xAxis: axis({ type: "category", data: data.labels, boundaryGap: false }),
      yAxis: axis({ type: "value", name: data.unit, min: data.min ?? 0, axisLabel: { formatter: words } }),
      series: data.series.map((row, place) => ({
        name: row.name,
        type: "line",
        data: row.values.map((value, at) => ({ value, url: row.urls?.[at] })),
        symbol: row.kind === "plan" || row.kind === "before" ? "none" : "circle",
        symbolSize: 5,
        lineStyle: line(row, place),
        itemStyle: { color: line(row, place).color },
      })),
    }),
    // {labels, bars: {name, values}, line: {name, values}, urls, mark, unit}
    pareto: (data) => ({
      grid: { left: 8, right: 40, top: 30, bottom: 8, containLabel: true },
      legend: legend([data.bars, data.line]),
      tooltip: { ...base().tooltip, trigger: "axis" },
      xAxis: axis({
        type: "category",
        data: data.labels,
        splitLine: { show: false },
        axisLabel: { rotate: 40, width: 90, overflow: "truncate" },
      }),
      yAxis: axis({ type: "value", min: 0, max: 100, axisLabel: { formatter: `{value} ${data.unit}` } }),
      series: [
        {
          name: data.bars.name,
          type: "bar",
          barMaxWidth: 28,
          data: data.bars.values.map((value, at) => ({ value, url: data.urls?.[at] })),
          itemStyle: { color: token("--c1") },
        },
        {
          name: data.line.name,
          type: "line",
          data: data.line.values,
          symbolSize: 5,
          lineStyle: LINES.actual(1),
          itemStyle: { color: token("--c2") },
          markLine: {
            silent: true,
            symbol: "none",
            label: { formatter: `${data.mark} ${data.unit}`, ...font("--ink-3") },
            lineStyle: { color: token("--edge"), type: "dashed" },
            data: [{ yAxis: data.mark }],
          },
        },
      ],
    }),
    // {labels, rings: [{name, values, kind}], top}
    radar: (data) => ({
      legend: legend(data.rings),
      radar: {
        indicator: data.labels.map((name) => ({ name, max: data.top ?? 100 })),
        radius: "62%",
        center: ["50%", "55%"],
        splitNumber: 5,
        axisName: font("--ink-2", { fontSize: 11 }),
        splitArea: { show: false },
        splitLine: { lineStyle: { color: token("--line") } },
        axisLine: { lineStyle: { color: token("--line") } },
      },
      series: [
        {
          type: "radar",
          data: data.rings.map((row, place) => ({
            name: row.name,
            value: row.values,
            symbol: "none",
            lineStyle: line(row, place),
            itemStyle: { color: line(row, place).color },
            areaStyle: place === 0 ? { color: line(row, place).color, opacity: 0.14 } : undefined,
          })),
        },
      ],
    }),
    // {points: [{name, x, y, size, part, before: [x, y], after: [x, y], key, url, words}], x, y, low, high,
    // cut: [x, y] or both in one, named, quadrants: [4 names]}
    matrix: (data, box) => {
      const low = data.low ?? 0;
      const high = data.high ?? 10;
      const middle = data.cut ?? (low + high) / 2;
      const [cutX, cutY] = Array.isArray(middle) ? middle : [middle, middle];
      const wide = box.clientWidth > 520;
      const greatest = Math.max(1, ...data.points.map((row) => row.size ?? 1));
      const size = (value) => 8 + 48 * Math.sqrt(Math.max(value, 0) / greatest);
      const names = (data.quadrants ?? []).map((text) => (wide ? text : text.split(":")[0]));
      const scale = { type: "value", min: low, max: high, nameLocation: "middle" };
      const area = (name, from, to, place, tint) => [
        {
          name,
          coord: from,
          label: { position: place },
          itemStyle: tint ? { color: token("--brand-soft"), opacity: 0.55 } : undefined,
        },
        { coord: to },
      ];
      // A name stands where no arrow does, and within the drawing.
      const side = (row) => {
        const leaves = row.after ? row.after[0] >= row.x : row.before && row.before[0] > row.x;
        const nearEdge = row.x > low + (wide ? 0.85 : 0.5) * (high - low);
        return nearEdge || (leaves && row.x > low + 0.2 * (high - low)) ? "left" : "right";
      };
      const point = (row, value) => ({
        name: row.name,
        value: [row.x, row.y],
        url: row.url,
        words: row.words,
        label: { position: side(row) },
        symbolSize: size(value ?? 1),
        itemStyle: { borderType: row.key ? "solid" : "dashed" },
      });
      const say = (item) => (item.data.words ? `${item.name}\n${item.data.words}` : item.name);
      const arrows = data.points.flatMap((row) => [
        ...(row.before ? [{ coords: [row.before, [row.x, row.y]] }] : []),
        ...(row.after ? [{ coords: [[row.x, row.y], row.after] }] : []),
      ]);
      return {
        grid: { left: 54, right: 24, top: 12, bottom: 44 },
        tooltip: { ...base().tooltip, trigger: "item", formatter: say },
        xAxis: axis({ ...scale, name: data.x, nameGap: 28 }),
        yAxis: axis({ ...scale, name: data.y, nameGap: 32 }),
        series: [
          {
            type: "scatter",
            silent: true,
            data: [],
            markLine: {
              silent: true,
              symbol: "none",
              label: { show: false },
              lineStyle: { color: token("--edge"), type: "solid", width: 1 },
              data: [{ xAxis: cutX }, { yAxis: cutY }],
            },
            markArea: {
              silent: true,
              label: font("--ink-3", { fontWeight: 550 }),
              itemStyle: { color: "transparent" },
              data: names.length
                ? [
                    area(names[0], [low, high], [cutX, cutY], "insideTopLeft"),
                    area(names[1], [cutX, high], [high, cutY], "insideTopRight", true),
                    area(names[2], [low, cutY], [cutX, low], "insideBottomLeft"),
                    area(names[3], [cutX, cutY], [high, low], "insideBottomRight"),
                  ]
                : [],
            },
          },
          {
            type: "lines",
            coordinateSystem: "cartesian2d",
            silent: true,
            symbol: ["circle", "arrow"],
            symbolSize: [4, 8],
            z: 4,
            lineStyle: { color: token("--ink-2"), width: 1.25, opacity: 0.9 },
            data: arrows,
          },
          {
            type: "scatter",
            z: 2,
            cursor: "pointer",
            data: data.points.map((row) => point(row, row.size)),
            itemStyle: { color: `${token("--c1")}26`, borderColor: token("--c1"), borderWidth: 1.25 },
            label: {
              show: data.named !== false,
              formatter: "{b}",
              position: "right",
              ...font("--ink", { fontWeight: 600 }),
            },
            labelLayout: { hideOverlap: true },
          },
          {
            type: "scatter",
            silent: true,
            z: 3,
            data: data.points.filter((row) => row.part).map((row) => point(row, row.part)),
            itemStyle: { color: `${token("--c1")}b8` },
          },
        ],
      };
    },
  };

  const drawn = new WeakMap();
  const draw = (box) => {
    const source = document.getElementById(box.dataset.source);
    const kind = KINDS[box.dataset.chart];
    if (!source || !kind || !window.echarts || drawn.has(box)) return;
    const data = JSON.parse(source.textContent);
    const chart = echarts.init(box, null, { renderer: "svg" });
    const paint = () => chart.setOption({ ...base(), ...kind(data, box) }, true);
    drawn.set(box, paint);
    paint();
    chart.on("click", (item) => {
      if (item.data?.url) location.assign(item.data.url);
    });
    new ResizeObserver(() => chart.resize()).observe(box);
  };
  const all = (root) => root.querySelectorAll("[data-chart]");
  const repaint = () => all(document).forEach((box) => drawn.get(box)?.());
  all(document).forEach(draw);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt).forEach(draw));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
