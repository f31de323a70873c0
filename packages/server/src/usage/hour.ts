/** Usage is counted by the hour (UTC). */
export const hourMs = 3_600_000

/** When the hour of an instant began. */
export function hourOf(ms: number): number {
  return ms - (ms % hourMs)
}
