// Draws every [data-chart] from the JSON block it names. Colours and fonts are read from the tokens, again when the theme
// changes. Without this script the table beside each chart is what remains. See docs/components.md for the data.
(() => {
  "use strict";
  const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const SERIES = ["--c1", "--c2", "--c3", "--c4"];
  const locale = document.documentElement.dataset.locale || document.documentElement.lang;
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const words = (value, digits) => {
    if (value === null || value === undefined) return "n/a";
    const format = digits ? new Intl.NumberFormat(locale, { minimumFractionDigits: digits }) : number;
    return format.format(value).replace("-", "−");
  };

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
      valueFormatter: (value) => words(value),
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

  // The part of a scale that is drawn: whole numbers around all values, with room beside the cut.
  const span = (values, cut, low, high) => {
    const within = [...values, cut - 1, cut + 1];
    return [Math.max(low, Math.floor(Math.min(...within) - 0.3)), Math.min(high, Math.ceil(Math.max(...within) + 0.3))];
  };
  // Where the name of each bubble stands: the first place around it that covers no other bubble, no arrow and no name,
  // nor a corner where a quadrant is named.
  // A name without one is left to the tooltip and the table. All in pixels: [{name, at, radius, arrow}], {width, height}.
  const measure = document.createElement("canvas").getContext("2d");
  const places = (bubbles, frame, corners) => {
    measure.font = `600 12px ${token("--sans")}`;
    const meets = (box, other) =>
      box.left < other.right && other.left < box.right && box.top < other.bottom && other.top < box.bottom;
    const covers = (box, [x, y], radius) =>
      (x - Math.max(box.left, Math.min(x, box.right))) ** 2 + (y - Math.max(box.top, Math.min(y, box.bottom))) ** 2 <
      radius ** 2;
    const crosses = (box, [from, to]) =>
      Array.from({ length: 13 }, (_, step) => step / 12).some((part) =>
        covers(box, [from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1])], 2),
      );
    const taken = corners.map((text, place) => {
      const width = measure.measureText(text).width + 10;
      const [left, top] = [place % 2 ? frame.width - width : 0, place < 2 ? 0 : frame.height - 20];
      return { left, top, right: left + width, bottom: top + 20 };
    });
    return bubbles.map((bubble) => {
      const [x, y] = bubble.at;
      const [half, tall] = [measure.measureText(bubble.name).width / 2 + 2, 8];
      const [side, edge] = [bubble.radius + 5 + half, bubble.radius + 3 + tall];
      const slant = 0.72 * bubble.radius + 3;
      const centres = [
        [side, 0],
        [-side, 0],
        [0, -edge],
        [0, edge],
        [slant + half, -slant - tall / 2],
        [slant + half, slant + tall / 2],
        [-slant - half, -slant - tall / 2],
        [-slant - half, slant + tall / 2],
      ];
      for (const [dx, dy] of centres) {
        const box = { left: x + dx - half, right: x + dx + half, top: y + dy - tall, bottom: y + dy + tall };
        const free =
          box.left >= 0 &&
          box.right <= frame.width &&
          box.top >= 0 &&
          box.bottom <= frame.height &&
          !taken.some((other) => meets(box, other)) &&
          !bubbles.some((other) => other !== bubble && covers(box, other.at, other.radius)) &&
          !bubbles.some((other) => other.arrow && crosses(box, other.arrow));
        if (free) {
          taken.push(box);
          return { show: true, position: "inside", offset: [dx, dy] };
        }
      }
      return { show: false };
    });
  };

  const KINDS = {
    // {labels, series: [{name, values, urls}], unit, stacked, digits}
    bars: (data) => ({
      aria: { enabled: true, decal: { show: data.series.length > 1, decals: [{ symbol: "none" }, decal(), decal()] } },
      grid: { left: 8, right: 56, top: data.series.length > 1 ? 30 : 8, bottom: 26, containLabel: true },
      legend: legend(data.series),
      tooltip: { ...base().tooltip, trigger: "item", valueFormatter: (value) => words(value, data.digits) },
      xAxis: axis({ type: "value", name: data.unit, nameLocation: "end", axisLabel: { formatter: (at) => words(at) } }),
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
          formatter: (item) => words(item.value, data.digits),
        },
      })),
    }),
    // {labels, series: [{name, values, kind: actual|plan|before}], unit, min}
    lines: (data) => ({
      grid: { left: 8, right: 16, top: data.series.length > 1 ? 56 : 30, bottom: 26, containLabel: true },
      legend: legend(data.series),
      tooltip: { ...base().tooltip, trigger: "axis" },
      xAxis: axis({ type: "category", data: data.labels, boundaryGap: false }),
      yAxis: axis({ type: "value", name: data.unit, min: data.min ?? 0, axisLabel: { formatter: (at) => words(at) } }),
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
      const least = data.low ?? 0;
      const most = data.high ?? 10;
      const middle = data.cut ?? (least + most) / 2;
      const [cutX, cutY] = Array.isArray(middle) ? middle : [middle, middle];
      const wide = box.clientWidth > 520;
      const greatest = Math.max(1, ...data.points.map((row) => row.size ?? 1));
      const size = (value) => 8 + (wide ? 48 : 28) * Math.sqrt(Math.max(value, 0) / greatest);
      const names = (data.quadrants ?? []).map((text) => (wide ? text : text.split(":")[0]));
      const reached = data.points.flatMap((row) => [[row.x, row.y], row.before, row.after].filter(Boolean));
      const [left, right] = span(
        reached.map(([x]) => x),
        cutX,
        least,
        most,
      );
      const [low, high] = span(
        reached.map(([, y]) => y),
        cutY,
        least,
        most,
      );
      const scale = { type: "value", nameLocation: "middle", minInterval: 1 };
      const area = (name, from, to, place, tint) => [
        {
          name,
          coord: from,
          label: { position: place },
          itemStyle: tint ? { color: token("--brand-soft"), opacity: 0.55 } : undefined,
        },
        { coord: to },
      ];
      const margin = { left: wide ? 54 : 44, right: wide ? 24 : 12, top: 12, bottom: 44 };
      const frame = {
        width: box.clientWidth - margin.left - margin.right,
        height: box.clientHeight - margin.top - margin.bottom,
      };
      const pixel = ([x, y]) => [
        ((x - left) / (right - left)) * frame.width,
        ((high - y) / (high - low)) * frame.height,
      ];
      const way = (row) =>
        row.after
          ? [
              [row.x, row.y],
              row.after,
            ]
          : row.before && [row.before, [row.x, row.y]];
      const drawnAs = data.points.map((row) => ({
        name: row.name,
        at: pixel([row.x, row.y]),
        radius: size(row.size ?? 1) / 2,
        arrow: way(row)?.map(pixel),
      }));
      const label = data.named === false ? [] : places(drawnAs, frame, names);
      const point = (row, value, place) => ({
        name: row.name,
        value: [row.x, row.y],
        url: row.url,
        words: row.words,
        label: label[place],
        symbolSize: size(value ?? 1),
        itemStyle: { borderType: row.key ? "solid" : "dashed" },
      });
      const say = (item) => (item.data.words ? `${item.name}\n${item.data.words}` : item.name);
      const arrows = data.points.filter(way).map((row) => ({ coords: way(row) }));
      return {
        grid: margin,
        tooltip: { ...base().tooltip, trigger: "item", formatter: say },
        xAxis: axis({ ...scale, min: left, max: right, name: data.x, nameGap: 28 }),
        yAxis: axis({ ...scale, min: low, max: high, name: data.y, nameGap: wide ? 32 : 26 }),
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
                    area(names[0], [left, high], [cutX, cutY], "insideTopLeft"),
                    area(names[1], [cutX, high], [right, cutY], "insideTopRight", true),
                    area(names[2], [left, cutY], [cutX, low], "insideBottomLeft"),
                    area(names[3], [cutX, cutY], [right, low], "insideBottomRight"),
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
            data: data.points.map((row, place) => point(row, row.size, place)),
            itemStyle: { color: `${token("--c1")}26`, borderColor: token("--c1"), borderWidth: 1.25 },
            label: {
              show: data.named !== false,
              formatter: "{b}",
              ...font("--ink", { fontWeight: 600 }),
            },
            emphasis: { scale: false },
          },
          {
            type: "scatter",
            silent: true,
            z: 3,
            data: data.points.filter((row) => row.part).map((row) => point(row, row.part)),
            label: { show: false },
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
    let width = box.clientWidth;
    new ResizeObserver(() => {
      chart.resize();
      if (box.clientWidth !== width && box.dataset.chart === "matrix") paint();
      width = box.clientWidth;
    }).observe(box);
  };
  const all = (root) => root.querySelectorAll("[data-chart]");
  const repaint = () => all(document).forEach((box) => drawn.get(box)?.());
  all(document).forEach(draw);
  document.addEventListener("htmx:load", (event) => all(event.detail.elt).forEach(draw));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
