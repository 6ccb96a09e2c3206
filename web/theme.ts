export type Theme = 'light' | 'dark'

const key = 'vmon-theme'

/** What was chosen before; undefined for what the browser prefers. */
export function rememberedTheme(): Theme | undefined {
  const theme = localStorage.getItem(key)
  return theme === 'light' || theme === 'dark' ? theme : undefined
}

export function showTheme(theme: Theme | undefined): void {
  if (theme !== undefined) document.documentElement.dataset['theme'] = theme
}

/** Changes to the other one. */
export function toggleTheme(): void {
  const dark = (rememberedTheme() ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark'
  const theme = dark ? 'light' : 'dark'
  localStorage.setItem(key, theme)
  showTheme(theme)
}
