/** What is at one end of a wire: a card, or a back end. */
export interface NetEnd {
  /**
   * Takes an Ethernet frame without checksum; the bytes stay as they are. False if there is no room: the frame has not
   * been taken, and whoever offered it hears of room by `resume()`.
   */
  receive(frame: Uint8Array): boolean
  /** The other end has room again. */
  resume?(): void
  /** The wire, as this end sees it, is cut or joined. */
  linkChanged?(up: boolean): void
  /** The guest behind it may tell the network itself where it is. */
  announce?(): void
}

/** The side of a wire that one end holds: what it sends comes out at the other one. */
export interface NetLine {
  /**
   * Sends an Ethernet frame without checksum. A wire that is cut, or that nobody is at, swallows it.
   *
   * @returns false if the far end has no room: the frame was not taken
   */
  send(frame: Uint8Array): boolean
  /** Tells the far end that there is room again. */
  ready(): void
  /** A frame has been lost on its way: one that was to be sent here, or one that has been taken. */
  lost?(way: 'sent' | 'received'): void
}
