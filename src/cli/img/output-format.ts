import { ImgError } from './img-error.ts'

/** What `--output` asks for. @throws {ImgError} */
export function readOutputFormat(word: string | undefined): 'human' | 'json' {
  if (word === undefined || word === 'human') return 'human'
  if (word === 'json') return word
  throw new ImgError('--output must be used with human or json as argument.')
}
