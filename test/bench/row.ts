/** One line of the bench's table: what was measured, against what, and whether the mark of the design was met. */
export type Row = {
  /** As numbered in the design's list of measures. */
  row: number;
  measure: string;
  value: number;
  unit: string;
  against: string;
  mark: string;
  met: boolean;
  /** Why a mark was not met, or what the figure does not show. */
  note?: string;
};

export function figure(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
