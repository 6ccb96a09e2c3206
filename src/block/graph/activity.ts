/**
 * Whether the images of a graph are this process's. While they are not, another process has them: nothing is locked, and
 * nothing is written, whatever users of nodes may do otherwise.
 */
export class Activity {
  active: boolean

  constructor(active: boolean) {
    this.active = active
  }
}
