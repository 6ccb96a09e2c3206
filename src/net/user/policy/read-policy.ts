import { reasonText } from '../../../errno/index.ts'
import { FileRefusal, readWholeFileNow } from '../../../files/index.ts'
import { JsonFault, parseStrictJson } from '../../../json/index.ts'
import { QmpError, root } from '../../../qapi/index.ts'
import { NetError } from '../../net-error.ts'
import { NetworkPolicy } from './policy-format.ts'
import { type PolicyRules, policyRules } from './policy-rules.ts'

const largestFile = 1 << 20

/**
 * The policy that is meant: itself, its text (which begins with a brace), or the file that has it.
 *
 * @throws {NetError} kind `refused`: where it is wrong (line and column, or the member), and why
 */
export function readPolicy(said: string | NetworkPolicy): PolicyRules {
  const isFile = typeof said === 'string' && !said.startsWith('{')
  try {
    if (typeof said !== 'string') return policyRules(said)
    return policyRules(NetworkPolicy.decode(parseStrictJson(isFile ? fileText(said) : said), root))
  } catch (error) {
    const reason = complaint(error)
    if (reason === undefined) throw error
    throw new NetError('refused', `policy${isFile ? ` '${said}'` : ''}: ${reason}`, error)
  }
}

function fileText(path: string): string {
  try {
    const bytes = readWholeFileNow(path, { limit: largestFile })
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    if (error instanceof FileRefusal) throw new NetError('refused', error.message, error)
    if (error instanceof TypeError) throw new NetError('refused', 'it is not UTF-8', error)
    throw new NetError('refused', reasonText(error), error)
  }
}

function complaint(error: unknown): string | undefined {
  if (error instanceof JsonFault) return `line ${error.line}, column ${error.column}: ${error.message}`
  return error instanceof QmpError || error instanceof NetError ? error.message : undefined
}
