import { ProgramError } from '../program-error.ts'

/** What `--output` asks for. @throws {ProgramError} */
export function readOutputFormat(word: string | undefined): 'human' | 'json' {
  if (word === undefined || word === 'human') return 'human'
  if (word === 'json') return word
  throw new ProgramError('--output must be used with human or json as argument.')
}
