/** Why a command ends without having done its work; the text is for the user, as it is. */
export class IoComplaint extends Error {
  override readonly name = 'IoComplaint'
  /** Where the text goes: with what commands say, among the program's own errors, or to who runs the program. */
  readonly voice: 'say' | 'warn' | 'complain'

  constructor(text: string, voice: IoComplaint['voice'] = 'say') {
    super(text)
    this.voice = voice
  }
}

/** The arguments are not as they must be: the user is shown how. */
export class UsageComplaint extends Error {
  override readonly name = 'UsageComplaint'
}
