/** How far an image has been written to, and whom to tell when a write goes beyond a limit. */
export class WriteMark {
  #highest = 0
  #threshold: number | bigint = 0
  #tell: ((exceededBy: number) => void) | undefined

  /** Where the write that reached farthest ended, since the image was opened. */
  get highest(): number {
    return this.#highest
  }

  /** The offset from which a write is told of; 0 for none. */
  get threshold(): number | bigint {
    return this.#threshold
  }

  /** Tells once of the next write that ends beyond `threshold`, and by how much; 0 takes the limit away. */
  arm(threshold: number | bigint, tell: (exceededBy: number) => void): void {
    this.#threshold = threshold
    this.#tell = threshold === 0 ? undefined : tell
  }

  /** A write that ends at `end` begins. */
  note(end: number): void {
    if (end > this.#highest) this.#highest = end
    if (this.#tell === undefined || end <= this.#threshold) return
    const [tell, exceededBy] = [this.#tell, end - Number(this.#threshold)]
    this.arm(0, tell)
    tell(exceededBy)
  }
}
