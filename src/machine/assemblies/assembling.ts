/** A group of parts that belong together: takes those that it needs, gives those that it has made. */
export type Assembly<Needs, Gives extends object> = (parts: Needs) => Gives | Promise<Gives>

/** Parts that are made one group after the other, each from those before it. */
export interface Assembling<Parts> {
  /** Makes the next group when those before are there; it may use all of theirs. */
  with<Gives extends object>(assembly: Assembly<Parts, Gives>): Assembling<Parts & Gives>
  /** All parts, as soon as they are there; rejects with what the first group said that could not be made. */
  readonly parts: Promise<Parts>
}

/** Begins with what is there. */
export function assembling<Parts extends object>(start: Parts): Assembling<Parts> {
  return after(Promise.resolve(start))
}

function after<Parts extends object>(parts: Promise<Parts>): Assembling<Parts> {
  return {
    parts,
    with: <Gives extends object>(assembly: Assembly<Parts, Gives>) =>
      after(parts.then(async (before): Promise<Parts & Gives> => ({ ...before, ...(await assembly(before)) }))),
  }
}
