import { type Attributes, ValueType } from '@opentelemetry/api';
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type HistogramMetricData,
  type MetricData,
  type SumMetricData,
} from '@opentelemetry/sdk-metrics';
import type { Snapshot } from '../../collect/snapshot.js';
import { boundsOf, type Instrument, instrumentsOf } from '../../metrics/instruments.js';
import {
  type HistogramSeries,
  type HistogramState,
  type RecordHistogram,
  readHistograms,
} from '../../metrics/record-histograms.js';
import { progressSums } from '../progress-sums.js';
import { type GenAiRun, genAiAttributes } from './gen-ai.js';
import { hrTime } from './wall-time.js';

/** The histograms of a run's records as cumulative metrics. */
export function histogramMetrics(state: HistogramState, run: GenAiRun): MetricData[] {
  const byName = new Map<
    string,
    { readonly instrument: Instrument; readonly points: DataPoint<Histogram>[] }
  >();
  const times = { startTime: hrTime(state.startNs), endTime: hrTime(state.atNs) };
  for (const series of state.series) {
    const attributes = recordAttributes(series, state.recordProcessorId);
    for (const histogram of readHistograms(state.tags, series)) {
      for (const instrument of instrumentsOf(histogram.tag)) {
        const { name, genAi } = instrument;
        const metric = byName.get(name) ?? { instrument, points: [] };
        byName.set(name, metric);
        metric.points.push({
          ...times,
          attributes: {
            ...attributes,
            ...(genAi === undefined ? {} : genAiAttributes(run, series.model)),
            ...(genAi?.tokenType === undefined ? {} : { 'gen_ai.token.type': genAi.tokenType }),
          },
          value: exported(histogram, instrument),
        });
      }
    }
  }
  return [...byName.values()].map(
    ({ instrument: { name, unit, description }, points }): HistogramMetricData => ({
      descriptor: { name, unit, description, valueType: ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.HISTOGRAM,
      dataPoints: points,
    }),
  );
}

function recordAttributes(series: HistogramSeries, recordProcessorId: string): Attributes {
  return {
    'aiperf.worker.id': series.workerId,
    'aiperf.record_processor.id': recordProcessorId,
    'aiperf.benchmark_phase': series.phase,
    'aiperf.was_cancelled': series.wasCancelled,
    'aiperf.has_error': series.hasError,
  };
}

function exported(
  { tag, counts, count, sum, min, max }: RecordHistogram,
  { divisor }: Instrument,
): Histogram {
  return {
    buckets: { boundaries: boundsOf(tag).map((bound) => bound / divisor), counts: [...counts] },
    ...{ count, sum: sum / divisor, min: min / divisor, max: max / divisor },
  };
}

/** What is known of a phase before it starts; undefined if unknown. */
export interface PlannedPhase {
  readonly requests: number | undefined;
  readonly seconds: number | undefined;
}

/**
 * The progress of the phases of a run as cumulative metrics.
 * @param snapshots the last one of each phase. @param startMs of the run, since 1970.
 */
export function progressMetrics(
  snapshots: readonly Snapshot[],
  planned: (snapshot: Snapshot) => PlannedPhase | undefined,
  run: GenAiRun & { readonly model: string | undefined; readonly startMs: number },
): MetricData[] {
  return progressSums.map(
    ({ name, description, unit, isMonotonic, value }): SumMetricData => ({
      descriptor: { name, description, unit, valueType: unit === '1' ? ValueType.INT : ValueType.DOUBLE },
      aggregationTemporality: AggregationTemporality.CUMULATIVE,
      dataPointType: DataPointType.SUM,
      isMonotonic,
      dataPoints: snapshots.map((snapshot) => ({
        startTime: hrTime(BigInt(Math.round(run.startMs)) * 1_000_000n),
        endTime: hrTime(BigInt(Math.round(snapshot.unixMs)) * 1_000_000n),
        attributes: {
          'aiperf.benchmark_phase': snapshot.phase,
          ...plannedAttributes(planned(snapshot)),
          ...genAiAttributes(run, run.model),
        },
        value: value(snapshot),
      })),
    }),
  );
}

function plannedAttributes(planned: PlannedPhase | undefined): Attributes {
  const { requests, seconds } = planned ?? {};
  return {
    ...(requests === undefined ? {} : { 'aiperf.total_expected_requests': requests }),
    ...(seconds === undefined ? {} : { 'aiperf.expected_duration_sec': seconds }),
  };
}
