import type { ErrorClass } from '../qapi/index.ts'

/** The server refused a command; its message is the server's own. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
  readonly command: string
  /** What clients may branch on; nearly always `GenericError`. */
  readonly errorClass: ErrorClass

  constructor(command: string, errorClass: ErrorClass, desc: string) {
    super(desc)
    this.command = command
    this.errorClass = errorClass
  }
}

/** The connection ended before the answer came; whether the command was carried out is not known. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError'
}

/** The peer does not speak QMP. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
}
