export type Theme = 'system' | 'light' | 'dark'

const place = 'keywright-theme'

export function readTheme(): Theme {
  const kept = storage()?.getItem(place)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

export function applyTheme(theme = readTheme()): void {
  if (theme === 'system') {
    storage()?.removeItem(place)
    delete document.documentElement.dataset.theme
  } else {
    storage()?.setItem(place, theme)
    document.documentElement.dataset.theme = theme
  }
}

/** None where the browser is told to keep nothing of sites. */
function storage(): Storage | null {
  try {
    return localStorage
  } catch {
    return null
  }
}
