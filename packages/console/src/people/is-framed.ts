/** Within another page: one that KEYWRIGHT_EMBED_ORIGINS names. */
export const isFramed = window.self !== window.top
