import { usualFirmwareFolders } from '../../board/index.ts'

/** What `-L help` prints: where firmware is looked for. */
export function firmwareHelp(folders: readonly string[]): string {
  return [...folders, ...usualFirmwareFolders].map((folder) => `${folder}\n`).join('')
}
