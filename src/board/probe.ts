/**
 * What a program that tests devices does in place of the CPU. It may work beside a CPU that runs.
 *
 * Ports are read and written by the board's own `readPort()` and `writePort()`.
 */
export interface Probe {
  /**
   * Reads memory as instructions would: registers of devices in words of four bytes where these are aligned, else in
   * single bytes. Zeros where nothing answers.
   */
  read(address: bigint, length: number): Promise<Uint8Array>
  /** Writes memory in the same way; what nothing takes is lost. */
  write(address: bigint, bytes: Uint8Array): Promise<void>
  /** Tells the board's surroundings of each interrupt line that rises or falls from now on: `BoardHost.interruptLine`. */
  watchInterrupts(): Promise<void>
  /** Asserts a line, 0 to 15, of the interrupt controllers, or lets go of it. */
  setInterrupt(line: number, asserted: boolean): Promise<void>
  /**
   * Guest time that goes only as it is told; undefined on a board where it goes by itself.
   */
  readonly time: SteppedTime | undefined
}

/** In nanoseconds since the board was built. */
export interface SteppedTime {
  now(): Promise<bigint>
  /**
   * Lets time go on, and everything happen that becomes due on the way. Time never goes back.
   *
   * @returns what it is then
   */
  goTo(nanoseconds: bigint): Promise<bigint>
  /** Lets time go on until something happens, at most 0.1 s. */
  goToNextEvent(): Promise<bigint>
}
