/** What our decoder says of arguments, as a client wrote them. */
import { JsonStream } from '../../src/json/index.ts'
import { type AnyType, QmpError, root } from '../../src/qapi/index.ts'

/** The description of the error; undefined if the arguments fit. */
export function complaint(type: AnyType, text: string): string | undefined {
  const stream = new JsonStream()
  stream.feed(Buffer.from(`${text}\n`))
  const message = stream.next()
  if (message === undefined || !('value' in message)) throw new Error(`not JSON: ${text}`)
  try {
    type.decode(message.value, root)
    return undefined
  } catch (error) {
    if (error instanceof QmpError) return error.message
    throw error
  }
}
