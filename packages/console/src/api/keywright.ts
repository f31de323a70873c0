import { Keywright } from '@keywright/client'

/** The control side that served this page; the session goes along in its cookie. */
export const keywright = new Keywright({ url: '', retries: 1 })
