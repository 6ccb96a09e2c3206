/** The command line cannot be understood; the text is for the user, without the program's name. */
export class CommandLineError extends Error {
  override readonly name = 'CommandLineError'
}
