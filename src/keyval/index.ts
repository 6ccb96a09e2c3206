/**
 * QEMU's option strings and the values in them: flat lists (`size=1G,slots=2`), nested ones (`a.b=c,list.0=x`), numbers
 * and sizes, with QEMU's texts for what is wrong; and back to strings. Knows no option by name.
 */
export { type KeyvalObject, type KeyvalText, parseKeyval } from './keyval.ts'
export { OptionError } from './option-error.ts'
export {
  checkIdentifier,
  checkOption,
  checkOptionValue,
  isIdentifier,
  mergeOptionLists,
  type OptionKind,
  type OptionKinds,
  OptionList,
  type OptionListRules,
  optionListHelp,
  parseOptionList,
} from './option-list.ts'
export { printKeyval, printOptionList } from './print.ts'
export { type MemberKind, type MemberKinds, type Members, readMembers } from './read-members.ts'
export { parseBoolean, parseInt64, parseSize, parseUint64, type Scanned } from './scalars.ts'
export { isUuid } from './uuid.ts'
