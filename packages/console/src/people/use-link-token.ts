import { useEffect, useState } from 'react'

/**
 * What follows the number sign in the link of this page. A second link that is opened in the same tab changes nothing else:
 * the page is not loaded anew.
 */
export function useLinkToken(): string {
  const [token, setToken] = useState(readToken)
  useEffect(() => {
    const again = () => setToken(readToken())
    window.addEventListener('hashchange', again)
    return () => window.removeEventListener('hashchange', again)
  }, [])
  return token
}

function readToken(): string {
  return location.hash.slice(1)
}
