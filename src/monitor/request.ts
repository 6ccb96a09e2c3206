import { memberNames, qdictOrder } from '../hash/index.ts'
import { isJsonObject, QmpError } from '../qapi/index.ts'

/** A request whose envelope is in order. */
export interface Request {
  readonly command: string
  /** Whether it came as `exec-oob`: it is served at once, before what waits. */
  readonly outOfBand: boolean
  readonly arguments: Readonly<Record<string, unknown>> | undefined
  /** Echoed in the reply; undefined if the client sent none. */
  readonly id: unknown
}

/** An envelope that is not in order; the reply still carries the id, if one could be read. */
export class RequestError extends QmpError {
  readonly id: unknown

  constructor(desc: string, id: unknown) {
    super('GenericError', desc)
    this.id = id
  }
}

/**
 * Checks the envelope of a request: members in the order of QDict's hash, the first offence is named.
 *
 * @param oob whether this session has enabled the capability `oob`
 * @throws {RequestError}
 */
export function readRequest(value: unknown, oob: boolean): Request {
  if (!isJsonObject(value)) throw new RequestError('QMP input must be a JSON object', undefined)
  const envelope = value
  const { execute, id, arguments: args } = envelope
  const outOfBand = oob && 'exec-oob' in envelope
  const known =
    (execute === undefined ? 0 : 1) + (args === undefined ? 0 : 1) + (id === undefined ? 0 : 1) + (outOfBand ? 1 : 0)
  const command = outOfBand ? envelope['exec-oob'] : execute
  const sound =
    typeof command === 'string' && !(outOfBand && execute !== undefined) && (args === undefined || isJsonObject(args))
  if (!sound || Object.keys(envelope).length !== known) complain(envelope, oob)
  return { command: command as string, outOfBand, arguments: args as Request['arguments'], id }
}

/** The slow walk that finds which offence QEMU would name. */
function complain(envelope: Readonly<Record<string, unknown>>, oob: boolean): never {
  const { id } = envelope
  let command: string | undefined
  for (const name of qdictOrder(memberNames(envelope))) {
    const value = envelope[name]
    if (name === 'execute' || (name === 'exec-oob' && oob)) {
      if (typeof value !== 'string') throw new RequestError(`QMP input member '${name}' must be a string`, id)
      if (command !== undefined) throw new RequestError(`QMP input member 'execute' clashes with 'exec-oob'`, id)
      command = value
    } else if (name === 'arguments') {
      if (!isJsonObject(value)) throw new RequestError("QMP input member 'arguments' must be an object", id)
    } else if (name !== 'id') {
      throw new RequestError(`QMP input member '${name}' is unexpected`, id)
    }
  }
  throw new RequestError("QMP input lacks member 'execute'", id)
}
