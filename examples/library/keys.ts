import { keywright } from '@keywright/contracts'
import { createVerifier, remote } from '@keywright/core'

const { KEYWRIGHT_URL: url = 'http://127.0.0.1:8788', KEYWRIGHT_SERVICE_KEY: serviceKey } = process.env
if (!serviceKey) {
  throw new Error(
    'Set KEYWRIGHT_SERVICE_KEY: `keywright service-keys create --name my-api --permission verify` makes a key for it.',
  )
}

/** Keys of a running instance; a service key with `verify` is enough. */
export const verifier = createVerifier({ contract: keywright, keys: remote({ url, serviceKey }) })

export const port = Number(process.env.PORT ?? 3000)
export const ready = () => console.log(`listening on http://127.0.0.1:${port}`)
/** A service key that is wrong, or a server that is away: callers learn no more than 503. */
export const onFailure = (error: unknown) => console.error(error)
