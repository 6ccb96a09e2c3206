/**
 * A double whose value is an integer (`1.0`, `1e3`, `-0.0`), or too large for one (`1e309`, which QEMU takes for infinite).
 *
 * To QMP such a number is no integer, and JavaScript could not tell it from one. It is boxed so that `Number.isInteger`
 * and `typeof` say no; `valueOf()` gives the number, and JSON.stringify writes it as one.
 */
export class Double extends Number {}

/** A double as the parser delivers it: boxed only where it could be taken for an integer, or for a mistake in our counting. */
export function doubleOf(value: number): number | Double {
  return Number.isInteger(value) || !Number.isFinite(value) ? new Double(value) : value
}
