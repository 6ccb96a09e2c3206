/**
 * What a machine shows: consoles that give pictures, encoders for picture files, the screen dump that joins them, and a
 * screen as all its viewers share it, with the passwords that let them in. Knows nothing of boards, nor of how viewers
 * are spoken with.
 */
export type { Area } from './area.ts'
export type { Console, Picture, PictureChanges, PictureRectangle, TextScreen } from './console.ts'
export { Consoles } from './consoles.ts'
export { DirtyTiles } from './dirty-tiles.ts'
export { PictureCopy } from './picture-copy.ts'
export { type PictureFormat, ScreenDump, type ScreenDumpRequest } from './screen-dump.ts'
export { ScreenFeed, type ScreenFeedOptions } from './screen-feed.ts'
export { type ScreenChange, SharedScreen, type Viewer } from './shared-screen.ts'
export { type Expiry, expiryOf, ViewerPassword } from './viewer-password.ts'
