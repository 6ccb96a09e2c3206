import type { FormatDefinition } from '../driver.ts'
import { raw } from './raw/open.ts'

/** The image formats of this version, by name. */
export const formats: ReadonlyMap<string, FormatDefinition> = new Map([raw].map((format) => [format.name, format]))
