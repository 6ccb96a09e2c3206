/** What an error says, with its causes. */
export function textOfError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, cause } = error
  return cause instanceof Error && !message.includes(cause.message) ? `${message}: ${textOfError(cause)}` : message
}
