/** A call of a program that cannot be served: the text is for the user, without the name of the program. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError'
  /** What the program ends with. */
  readonly status: number

  constructor(message: string, status = 1) {
    super(message)
    this.status = status
  }
}

/** The arguments cannot be understood; the user is told where to read about them. */
export class UsageError extends ProgramError {}

/** The user has asked for the help. */
export class HelpWanted extends Error {
  override readonly name = 'HelpWanted'
}
