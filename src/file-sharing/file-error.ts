import { errorNumber, systemCode } from '../errno/index.ts'

/** What the guest asked for cannot be; `code` is the system's name of the reason. */
export class FileError extends Error {
  readonly code: string

  constructor(code: string) {
    super(code)
    this.code = code
  }
}

/** What a guest is told of an error: Linux's number. */
export function numberOf(error: unknown): number {
  return errorNumber(systemCode(error) ?? 'EIO') ?? 5
}
