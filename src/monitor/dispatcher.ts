import type { Logger } from '../log/index.ts'
import { type AnyCommand, type ErrorClass, QmpError } from '../qapi/index.ts'
import type { Request } from './request.ts'
import type { Session } from './session.ts'

/** What a handler gets to know of the call, beside its arguments. */
export interface CallContext {
  readonly session: Pick<Session, 'negotiate' | 'descriptors'>
  readonly signal: AbortSignal
}

export interface DispatcherOptions<Parts> {
  readonly commands: Readonly<Record<string, AnyCommand>>
  readonly parts: Parts
  readonly log: Logger
}

/** The command that ends the negotiation, and the only one before that. */
const negotiationCommand = 'qmp_capabilities'

/** Finds the command that a request means and runs it. */
export class Dispatcher<Parts = unknown> {
  readonly #commands: ReadonlyMap<string, AnyCommand>
  readonly #parts: Parts
  readonly #log: Logger

  constructor({ commands, parts, log }: DispatcherOptions<Parts>) {
    this.#commands = new Map(Object.entries(commands))
    this.#parts = parts
    this.#log = log
  }

  /**
   * Runs a request; a command that is done at once returns its result, not a promise.
   *
   * @throws {QmpError} CommandNotFound, if there is no such command, or the negotiation is not over
   * @throws {QmpError} GenericError, if the arguments are wrong
   */
  dispatch(request: Request, context: CallContext & { readonly negotiating: boolean }): unknown {
    const { command: name } = request
    if (context.negotiating && name !== negotiationCommand) {
      throw new QmpError('CommandNotFound', `Expecting capabilities negotiation with '${negotiationCommand}'`)
    }
    const command = this.#commands.get(name)
    if (command === undefined) throw new QmpError('CommandNotFound', `The command ${name} has not been found`)
    if (request.outOfBand && command.oob !== true) {
      throw new QmpError('GenericError', `The command ${name} does not support OOB`)
    }
    return command.invoke(this.#parts, request.arguments, context)
  }

  /** What the client is told of a failure: a QmpError as it is, a domain error as its message, a bug as a bug. */
  toWire(error: unknown): { errorClass: ErrorClass; message: string } {
    if (error instanceof QmpError) return error
    const message = error instanceof Error ? error.message : String(error)
    if (error instanceof Error && 'kind' in error) return { errorClass: 'GenericError', message }
    this.#log.log('qmp', 'a command failed unexpectedly', { error })
    return { errorClass: 'GenericError', message: `Internal error: ${message}` }
  }
}
