export interface Check {
  name: string
  ok: boolean
  /** A sentence; never holds a credential. */
  message: string
}

export function passed(name: string, message: string): Check {
  return { name, ok: true, message }
}

export function failed(name: string, message: string): Check {
  return { name, ok: false, message }
}
