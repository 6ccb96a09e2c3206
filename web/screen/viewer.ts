/** What shows the guest's screen, and takes keys and the mouse to it. */
export interface Viewer {
  focus(): void
  blur(): void
  /** What is shown, as a PNG. */
  picture(): Promise<Blob>
  close(): void
}

export interface ViewerOptions {
  /** Where it shows the screen. */
  readonly place: HTMLElement
  readonly url: string
  /** Nothing is sent to the guest. */
  readonly watchOnly: boolean
  /** Called when it shows the screen. */
  readonly opened: () => void
  /** Called when it shows nothing any more; why, if there is something to say. */
  readonly ended: (why: string | undefined) => void
}

export type OpenViewer = (options: ViewerOptions) => Promise<Viewer>
