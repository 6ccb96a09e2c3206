import { options } from './option-table.ts'
import { programNames } from './program-names.ts'

/** Shell code that completes vmon's options. @returns undefined for a shell that is not known */
export function completionScript(shell: string | undefined): string | undefined {
  if (shell === 'bash') return bash
  if (shell === 'zsh') return `autoload -U +X bashcompinit && bashcompinit\n${bash}`
  return undefined
}

const names = options.flatMap((option) => option.names.map((name) => ({ name, option })))

const cases = names
  .flatMap(({ name, option: { complete, argument } }) => {
    if (argument === undefined) return []
    if (complete === 'file') return `    -${name}) COMPREPLY=($(compgen -f -- "$word")) ;;`
    if (complete === 'folder') return `    -${name}) COMPREPLY=($(compgen -d -- "$word")) ;;`
    return `    -${name}) COMPREPLY=($(compgen -W '${(complete ?? []).join(' ')}' -- "$word")) ;;`
  })
  .join('\n')

const bash = `_vmon() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}"
  case "$before" in
${cases}
    *) if [[ $word == -* ]]; then
         COMPREPLY=($(compgen -W '${names.map(({ name }) => `-${name}`).join(' ')}' -- "$word"))
       else
         COMPREPLY=($(compgen -W '${programNames.join(' ')}' -- "$word") $(compgen -f -- "$word"))
       fi ;;
  esac
}
complete -F _vmon vmon
`
