import { useState } from 'react'
import { bySameViewer, lookForSession } from '../api/queries.ts'

export interface Action<Input, Result> {
  run: (input: Input) => Promise<void>
  isBusy: boolean
  error: unknown
  result: Result | null
}

/** A call whose answer lives in this component alone and nowhere else: it may hold a secret. */
export function useAction<Input, Result>(call: (input: Input) => Promise<Result>): Action<Input, Result> {
  const [state, setState] = useState<Omit<Action<Input, Result>, 'run'>>({ isBusy: false, error: null, result: null })
  return {
    ...state,
    async run(input) {
      setState({ isBusy: true, error: null, result: null })
      try {
        await bySameViewer()
        setState({ isBusy: false, error: null, result: await call(input) })
      } catch (error) {
        setState({ isBusy: false, error, result: null })
        lookForSession(error)
      }
    },
  }
}
