/**
 * What a machine shows: consoles that give pictures, encoders for picture files, and the screen dump that joins them.
 * Knows nothing of boards or of who wants to see.
 */
export type { Console, Picture, PictureChanges, PictureRectangle, TextScreen } from './console.ts'
export { Consoles } from './consoles.ts'
export { PictureCopy } from './picture-copy.ts'
export { encodePng } from './png.ts'
export { encodePpm } from './ppm.ts'
export { type PictureFormat, ScreenDump, type ScreenDumpRequest } from './screen-dump.ts'
export { ScreenFeed, type ScreenFeedOptions } from './screen-feed.ts'
