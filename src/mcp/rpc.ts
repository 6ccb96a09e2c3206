/** JSON-RPC 2.0, as far as MCP uses it. */
export type RequestId = string | number

export interface Request {
  readonly method: string
  /** Undefined for a notification, which is not answered. */
  readonly id: RequestId | undefined
  readonly params: Params
}

export type Params = Readonly<Record<string, unknown>>

export const errorCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  busy: -32000,
  resourceNotFound: -32002,
} as const

/** A refusal, as it goes to the client. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number

  constructor(kind: keyof typeof errorCodes, message: string) {
    super(message)
    this.code = errorCodes[kind]
  }
}

export function isObject(value: unknown): value is Params {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * Tells what a message asks for. @returns undefined for an answer: this server asks for nothing, so it is to nobody
 *
 * @throws {RpcError} if it is none of JSON-RPC's
 */
export function readRequest(message: unknown): Request | undefined {
  if (!isObject(message) || message['jsonrpc'] !== '2.0') throw new RpcError('invalidRequest', 'not JSON-RPC 2.0')
  const { method, params = {} } = message
  const id = idOf(message)
  if (method === undefined && ('result' in message || 'error' in message)) return undefined
  if (typeof method !== 'string') throw new RpcError('invalidRequest', 'a request names a method')
  if ('id' in message && id === undefined) throw new RpcError('invalidRequest', 'an id is a string or an integer')
  if (!isObject(params)) throw new RpcError('invalidParams', 'parameters are members of an object')
  return { method, id, params }
}

/** The id of a message, if it has one that can be answered. */
export function idOf(message: unknown): RequestId | undefined {
  const id = isObject(message) ? message['id'] : undefined
  return typeof id === 'string' || Number.isInteger(id) ? (id as RequestId) : undefined
}
