/** A port, as the controller has it. */
export interface PortShape {
  readonly number: number
  readonly name: string
  /** The guest is to have a console there. */
  readonly console: boolean
  /** Whether somebody is on the host's side. */
  readonly open: boolean
}

/** What the controller begins with. */
export interface SerialShape {
  readonly ports: readonly PortShape[]
}

/** From the side that the guest sees: */
export type FromSerial =
  /** The guest has sent bytes. */
  | { readonly type: 'sent'; readonly port: number; readonly bytes: Uint8Array }
  /** It has read all that it was sent. */
  | { readonly type: 'taken'; readonly port: number }
  /** It has opened its side, or closed it. */
  | { readonly type: 'opened'; readonly port: number; readonly open: boolean }

/** To it: */
export type ToSerial =
  | { readonly type: 'added'; readonly port: PortShape }
  | { readonly type: 'removed'; readonly port: number }
  /** Somebody has come to the host's side, or has gone. */
  | { readonly type: 'open'; readonly port: number; readonly open: boolean }
  /** Bytes for the guest: more only when they have been taken. */
  | { readonly type: 'bytes'; readonly port: number; readonly bytes: Uint8Array }
  /** So many bytes that the guest has sent are through. */
  | { readonly type: 'through'; readonly port: number; readonly count: number }
