import type { Access } from '../../graph/access.ts'
import { idle } from '../../graph/access.ts'
import type { BlockNode } from '../../graph/node.ts'
import type { ChildRole, NestedOptions } from '../../open/driver.ts'
import { PassThrough } from '../pass-through.ts'

/**
 * Lies over images that a job folds into the one behind them: those above can go on reading while that one is written,
 * which shows the same as long as all of the images are there.
 */
export class CommitTopDriver extends PassThrough {
  readonly name = 'commit_top'
  readonly implicit: boolean

  constructor(backing: BlockNode, { implicit }: { readonly implicit: boolean }) {
    super(backing, 'backing')
    this.implicit = implicit
  }

  override get filename(): string | undefined {
    return this.below.driver.filename
  }

  override fullOptions(): NestedOptions {
    return this.below.driver.fullOptions()
  }

  childAccess(_role: ChildRole, _access: Access): Access {
    return idle
  }
}
