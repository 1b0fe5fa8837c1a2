// The parts of ECharts that pages draw with; everything else is left out (ui.md section 5).
import * as core from "echarts/core";
import { BarChart, LineChart, LinesChart, RadarChart, ScatterChart } from "echarts/charts";
import {
  AriaComponent,
  DatasetComponent,
  GridComponent,
  LegendComponent,
  MarkAreaComponent,
  MarkLineComponent,
  MarkPointComponent,
  RadarComponent,
  TooltipComponent,
} from "echarts/components";
import { LabelLayout } from "echarts/features";
import { SVGRenderer } from "echarts/renderers";

core.use([
  AriaComponent, BarChart, DatasetComponent, GridComponent, LabelLayout, LegendComponent, LineChart, LinesChart,
  MarkAreaComponent, MarkLineComponent, MarkPointComponent, RadarChart, RadarComponent, ScatterChart, SVGRenderer,
  TooltipComponent,
]);

export const { init, connect, getInstanceByDom } = core;
