/** A double that has no fraction, or is not finite: `1.0`, `1e3`, `-0.0`, `1e309`. Such a number is no integer in QMP. */
export class Double extends Number {}

/** A double as the parser delivers it: boxed where it could be taken for an integer. */
export function doubleOf(value: number): number | Double {
  return Number.isInteger(value) || !Number.isFinite(value) ? new Double(value) : value
}
