/** What controller and driver tell each other of ports. @see Virtual I/O Device (VIRTIO) 1.2, 5.3.6.2 */
export const control = {
  deviceReady: 0,
  portAdd: 1,
  portRemove: 2,
  portReady: 3,
  consolePort: 4,
  portOpen: 6,
  portName: 7,
} as const

export interface ControlMessage {
  readonly port: number
  readonly event: number
  readonly value: number
}

export const controlBytes = 8

/** A message, and a name behind it. */
export function controlMessage({ port, event, value }: ControlMessage, name?: string): Uint8Array {
  const tail = name === undefined ? new Uint8Array(0) : Buffer.from(`${name}\0`)
  const bytes = new Uint8Array(controlBytes + tail.length)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, port, true)
  view.setUint16(4, event, true)
  view.setUint16(6, value, true)
  bytes.set(tail, controlBytes)
  return bytes
}

/** Reads a message; undefined if there is less of it than one has. */
export function readControlMessage(bytes: Uint8Array): ControlMessage | undefined {
  if (bytes.length < controlBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset)
  return { port: view.getUint32(0, true), event: view.getUint16(4, true), value: view.getUint16(6, true) }
}
